/** The filters over the table. Each is a part of the address, so that a view can be shared and Back works. */

import { fill, h, icon, refill } from './dom.js';
import { ENDED, FILTERS, UNDER_WAY } from './filters.js';
import { loadModels } from './models.js';
import { changed, go } from './routes.js';
import { may } from './session.js';
import { named, t } from './words.js';

const TYPING_MS = 350;
const DAYS = { min: '2000-01-01', max: '9999-12-31' };

/** @param {AbortSignal} signal ends its listening */
export function filterBar(signal) {
  const words = { placeholder: t('filter.q'), ariaLabel: t('filter.q') };
  const search = h('input', { type: 'search', id: 'q', ...words, maxLength: 200, autocomplete: 'off', dir: 'auto' });
  const model = h('select', { id: 'model' });
  const status = h('select', { id: 'status' });
  const fields = {
    q: search,
    model,
    status,
    tag: h('input', { id: 'tag', autocomplete: 'off' }),
    source: h('input', { id: 'source', autocomplete: 'off', placeholder: 'requests/…' }),
    from: h('input', { id: 'from', type: 'date', ...DAYS }),
    to: h('input', { id: 'to', type: 'date', ...DAYS }),
  };
  const chips = h('div.chips');
  const more = h(
    'details.filters',
    {},
    h('summary', {}, icon('filter'), h('span', {}, t('filter.more'))),
    h('div.fields', {}, FILTERS.slice(1).map((name) => h('div', {}, h('label', { htmlFor: name }, t(`filter.${name}`)), fields[name]))),
  );
  let timer;
  let applied;
  let shown;
  const apply = () => {
    clearTimeout(timer);
    // Of a date that is still being typed, the year is one of antiquity.
    const value = ({ validity, value: text }) => (validity.valid ? text.trim() : '');
    const wanted = Object.fromEntries(FILTERS.map((name) => [name, value(fields[name])]));
    applied = textOf(wanted);
    go(changed(wanted));
  };
  signal.addEventListener('abort', () => clearTimeout(timer));
  const submit = (event) => {
    event.preventDefault();
    apply();
  };
  const make = h('a.button.primary.make', { href: '#' }, icon('add'), h('span', {}, t('make.title')));
  const allow = () => (make.hidden = !may('jobs:write'));
  allow();
  addEventListener('account', allow, { signal });
  const element = h(
    'form.filterbar',
    { role: 'search', ariaLabel: t('filter.title'), on: { submit, change: apply } },
    h('div.first', {}, h('div.search', {}, icon('search'), search), more, make),
    chips,
  );
  // While Chinese is composed, there are only parts of words.
  const applySoon = ({ isComposing }) => {
    clearTimeout(timer);
    if (!isComposing) timer = setTimeout(apply, TYPING_MS);
  };
  search.addEventListener('input', applySoon);
  search.addEventListener('compositionend', applySoon);
  const closeUnless = (isInside) => {
    if (more.open && !isInside) more.open = false;
  };
  // It lies over the pictures, so it goes as soon as somebody turns to them.
  document.addEventListener('pointerdown', ({ target }) => closeUnless(more.contains(target)), { signal });
  more.addEventListener('focusout', ({ relatedTarget }) => relatedTarget && closeUnless(more.contains(relatedTarget)));
  more.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape' || !more.open) return;
    event.stopPropagation();
    more.open = false;
    more.firstChild.focus();
  });
  fillStates(status);
  more.addEventListener('toggle', () => fillModels(model));

  return {
    element,
    focus: () => search.focus(),
    focusMake: () => (make.hidden ? search : make).focus(),
    clearLink: () => h('a.button', { href: changed(Object.fromEntries(FILTERS.map((name) => [name, null]))) }, t('filter.clear')),
    update(filters) {
      // What is being typed goes on, unless the address was changed by something else, such as Back.
      const text = textOf(filters);
      const isTyping = text === applied || text === shown;
      shown = text;
      if (!isTyping) {
        applied = undefined;
        clearTimeout(timer);
      }
      for (const name of FILTERS) {
        const value = filters[name] ?? '';
        const field = fields[name];
        if (field.localName === 'select' && value && ![...field.options].some((option) => option.value === value)) {
          field.append(h('option', { value }, name === 'status' ? stateName(value) : value));
        }
        if (!isTyping || document.activeElement !== field) field.value = value;
      }
      refill(chips, Object.entries(filters).filter(([name]) => name !== 'q').map(([name, value]) => chip(name, value)), search);
      make.href = changed({ make: 'first' });
    },
  };
}

/** Return filters in a form that can be compared. */
const textOf = (filters) => FILTERS.map((name) => filters[name] ?? '').join('\n');

function chip(name, value) {
  const shown = name === 'status' ? stateName(value) : value;
  const title = t(`filter.${name}`);
  const ariaLabel = t('filter.remove', { name: title, value: shown });
  return h('a.chip', { href: changed({ [name]: null }), ariaLabel }, `${title}: ${shown}`, icon('close'));
}

function stateName(value) {
  if (value === UNDER_WAY.join(',')) return t('status.under_way');
  return value.split(',').map((each) => named('status', each)).join(', ');
}

function fillStates(select) {
  const option = (value) => h('option', { value }, named('status', value));
  const underWay = h('option', { value: UNDER_WAY.join(',') }, t('status.under_way'));
  fill(select, h('option', { value: '' }, t('filter.any')), underWay, [...ENDED, ...UNDER_WAY].map(option));
}

/** The models are a list of their own, only needed here. */
async function fillModels(select) {
  const chosen = select.value;
  if (select.options.length > 2) return;
  const models = await loadModels().catch(() => []);
  const ids = [...new Set([...models.map(({ id }) => id), chosen].filter(Boolean))];
  fill(select, h('option', { value: '' }, t('filter.any')), ids.map((id) => h('option', { value: id }, id)));
  select.value = chosen;
}
