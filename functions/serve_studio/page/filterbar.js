/** The filters over the table. Each is a part of the address, so that a view can be shared and Back works. */

import { h, fill, icon } from './dom.js';
import { ENDED, FILTERS, UNDER_WAY } from './filters.js';
import { loadModels } from './models.js';
import { changed, go } from './routes.js';
import { named, t } from './words.js';

const TYPING_MS = 350;

/** @param {AbortSignal} signal ends its listening */
export function filterBar(signal) {
  const words = { placeholder: t('filter.q'), ariaLabel: t('filter.q') };
  const search = h('input', { type: 'search', id: 'q', ...words, maxLength: 200, autocomplete: 'off' });
  const model = h('select', { id: 'model' });
  const status = h('select', { id: 'status' });
  const fields = {
    q: search,
    model,
    status,
    tag: h('input', { id: 'tag', autocomplete: 'off' }),
    source: h('input', { id: 'source', autocomplete: 'off', placeholder: 'requests/…' }),
    from: h('input', { id: 'from', type: 'date' }),
    to: h('input', { id: 'to', type: 'date' }),
  };
  const chips = h('div.chips');
  const more = h(
    'details.filters',
    {},
    h('summary', {}, icon('filter'), h('span', {}, t('filter.more'))),
    h('div.fields', {}, FILTERS.slice(1).map((name) => h('div', {}, h('label', { htmlFor: name }, t(`filter.${name}`)), fields[name]))),
  );
  let timer;
  const apply = () => {
    clearTimeout(timer);
    go(changed(Object.fromEntries(FILTERS.map((name) => [name, fields[name].value.trim()]))));
  };
  const submit = (event) => {
    event.preventDefault();
    apply();
  };
  const make = h('a.button.primary.make', { href: '#' }, icon('add'), h('span', {}, t('make.title')));
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
  more.addEventListener('toggle', () => fillModels(model), { once: true });

  return {
    element,
    focus: () => search.focus(),
    focusMake: () => make.focus(),
    clearLink: () => h('a.button', { href: changed(Object.fromEntries(FILTERS.map((name) => [name, null]))) }, t('filter.clear')),
    update(filters) {
      for (const name of FILTERS) {
        const value = filters[name] ?? '';
        const field = fields[name];
        if (field.localName === 'select' && value && ![...field.options].some((option) => option.value === value)) {
          field.append(h('option', { value }, name === 'status' ? stateName(value) : value));
        }
        if (document.activeElement !== field) field.value = value;
      }
      fill(chips, Object.entries(filters).filter(([name]) => name !== 'q').map(([name, value]) => chip(name, value)));
      make.href = changed({ make: 'first' });
    },
  };
}

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
  const models = await loadModels().catch(() => []);
  const ids = [...new Set([...models.map(({ id }) => id), chosen].filter(Boolean))];
  fill(select, h('option', { value: '' }, t('filter.any')), ids.map((id) => h('option', { value: id }, id)));
  select.value = chosen;
}
