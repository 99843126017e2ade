/** Sentences for the person: messages that pass, problems in words, and second thoughts. */

import { Problem } from './api.js';
import { fill, h, icon } from './dom.js';
import { currentLanguage, has, t } from './words.js';

const SHOWN_MS = 7000;
const TOGETHER_MS = 4000;
const region = h('div.notices', { role: 'status', ariaLive: 'polite' });
const murmur = h('div.unseen', { role: 'status', ariaLive: 'polite' });

export const noticesElements = () => [region, murmur];

/** A modal dialog hides what is outside of it, so sentences have to stand in the uppermost one. */
export function placeNotices() {
  const place = [...document.querySelectorAll('dialog[open]')].at(-1) ?? document.body;
  if (region.parentNode !== place) place.append(region, murmur);
}

let counted = 0;
let timer;

/** Have screen readers say how many pictures others made, now and then: a sheet makes thousands. */
export function count(n) {
  counted += n;
  timer ??= setTimeout(() => {
    murmur.textContent = t('told.others', { n: counted });
    counted = 0;
    timer = undefined;
  }, TOGETHER_MS);
}

/** Show a sentence, or an element with one, for some seconds, and have screen readers say it. */
export function tell(text, { isProblem = false } = {}) {
  const close = () => {
    const hadFocus = notice.contains(document.activeElement);
    notice.remove();
    // Without a focus inside, an open dialog would not hear keys any more.
    if (hadFocus) (document.querySelector('dialog[open] .close') ?? document.querySelector('main'))?.focus();
  };
  const notice = h(
    `div.notice${isProblem ? '.bad' : ''}`,
    {},
    h('p', {}, text),
    h('button.quiet', { type: 'button', ariaLabel: t('close'), on: { click: close } }, icon('close')),
  );
  // The same sentence twice in a row is one.
  for (const other of region.children) if (other.textContent === notice.textContent) other.remove();
  placeNotices();
  region.append(notice);
  setTimeout(close, isProblem ? SHOWN_MS * 2 : SHOWN_MS);
}

/** Return what the API or a provider says: marked as what it is, where that is not the page's language. */
export function said(text) {
  const scope = /lacks the scope `(.+)`/.exec(text)?.[1];
  if (scope) return t('no-scope', { scope });
  const lang = /\p{Script=Han}/u.test(text) ? 'zh-Hans' : 'en';
  return !text || lang.startsWith(currentLanguage()) ? text : h('span', { lang }, text);
}

/** Return what a problem means, in the person's language where it is a known one, as a text or an element. */
export function sentence(problem) {
  if (!(problem instanceof Problem)) return t('problem.failed');
  const { kind, detail, errors, waitMs } = problem;
  if (errors.length) return said(errors.map(({ field, message }) => `${field}: ${message}`).join(' '));
  if (waitMs) return t('problem.wait', { n: Math.ceil(waitMs / 1000) });
  const key = `problem.${kind}`;
  return has(key) ? t(key) : said(detail) || t('problem.failed');
}

/** Return what is said while `patiently` waits. */
export const waiting = (n, { kind }) => t(kind === 'too-many' ? 'problem.waits' : 'problem.tries', { n });

export function tellProblem(problem) {
  if (!(problem instanceof Problem)) console.error(problem);
  tell(sentence(problem), { isProblem: true });
}

/** Ask before something that can't be undone, or that is paid for. @returns {Promise<boolean>} */
export function ask({ title, text, yes, isDanger = false }) {
  const dialog = h('dialog.ask', { ariaLabel: title });
  const answer = (value) => () => dialog.close(value);
  fill(
    dialog,
    h('h2', {}, title),
    h('p', {}, text),
    h(
      'div.buttons',
      {},
      h('button', { type: 'button', autofocus: true, on: { click: answer('') } }, t('cancel')),
      h(`button.${isDanger ? 'danger' : 'primary'}`, { type: 'button', on: { click: answer('yes') } }, yes),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      placeNotices();
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
  });
}
