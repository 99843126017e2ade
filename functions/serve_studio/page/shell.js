/** What surrounds every view: name, navigation, live line, language, sign-out. */

import { h, icon } from './dom.js';
import { noticesElements } from './notices.js';
import { address, VIEWS } from './routes.js';
import { chooseLanguage, currentLanguage, LANGUAGES, t } from './words.js';

/** Choosing a language fires `language` on the window, and everything is drawn again. */
export function languageSwitch() {
  const change = async ({ target }) => {
    await chooseLanguage(target.value);
    dispatchEvent(new Event('language'));
  };
  const options = Object.entries(LANGUAGES).map(([tag, name]) =>
    h('option', { value: tag, lang: tag, selected: tag === currentLanguage() }, name),
  );
  return h('select.language', { ariaLabel: t('language'), on: { change } }, options);
}

/** @param {{onSignOut: () => void}} options */
export function shell({ onSignOut }) {
  const links = VIEWS.map((view) => h('a', { href: address(view), 'data-view': view }, t(view)));
  const line = h('span.line', { role: 'status', 'data-state': 'waiting' }, h('span', {}, t('line.waiting')));
  const main = h('main', { id: 'main', tabIndex: -1 });
  const skip = (event) => {
    event.preventDefault();
    main.focus();
  };
  const named = { title: t('signout'), ariaLabel: t('signout') };
  const leave = h('button.quiet', { type: 'button', ...named, on: { click: onSignOut } }, icon('out'));
  const header = h(
    'header.bar',
    {},
    h('a.skip', { href: '#main', on: { click: skip } }, t('skip')),
    h('span.brand', {}, 'Ringback ', h('span', {}, t('studio'))),
    h('nav', { ariaLabel: t('navigation') }, links),
    line,
    h('span.tools', {}, languageSwitch(), leave),
  );
  return {
    elements: [header, main, ...noticesElements()],
    main,
    showView(view) {
      for (const link of links) {
        if (link.dataset.view === view) link.setAttribute('aria-current', 'page');
        else link.removeAttribute('aria-current');
      }
      document.title = `${t(view)} · Ringback ${t('studio')}`;
    },
    /** @param {'live'|'waiting'|'off'} state */
    showLine(state) {
      line.dataset.state = state;
      line.firstChild.textContent = t(`line.${state}`);
    },
  };
}
