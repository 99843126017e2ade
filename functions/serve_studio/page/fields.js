/** One field of the form: its control, its limits in words, and what is wrong beside it. */

import { fill, h } from './dom.js';
import { ImageField } from './images.js';
import { check, lengthOf, valueOf } from './schema.js';
import { described, has, number, t } from './words.js';

const WIDE = ['text', 'line', 'images'];

/** @returns {{field, element, control, value, fault, show(text), isBusy, focus, addFiles(files), set(value), takeOver(other)}} */
export function makeField(field, { onChange }) {
  const id = `field-${field.name}`;
  const control = controlOf(field, id);
  const [text, lang] = field.hint ? [field.hint] : described(field.description);
  const about = h('span', { lang }, text);
  const hint = h('p.hint', { id: `${id}-hint` }, about, ' ');
  const problem = h('p.problem', { id: `${id}-problem`, ariaLive: 'polite' });
  const ids = `${hint.id} ${problem.id}`;
  const focusable = control instanceof ImageField ? control.input : control;
  focusable.id = id;
  focusable.setAttribute('aria-describedby', ids);
  if (field.isRequired) focusable.setAttribute('aria-required', 'true');
  const typed = () => (control instanceof ImageField ? control.urls : control.value);
  const show = (text) => {
    fill(problem, text);
    focusable.setAttribute('aria-invalid', String(Boolean(text)));
  };
  const fault = () => {
    if (control.isFaulty) return t('images.open');
    const wrong = check(field, typed());
    return wrong ? t(wrong.key, wrong.values) : '';
  };
  const showHint = () => {
    about.nextSibling.textContent = ` ${limitOf(field, typed())}`;
  };
  control.addEventListener('input', () => {
    showHint();
    // What is not there yet is no mistake while somebody types.
    const text = fault();
    show(text === t('check.required') ? '' : text);
    onChange();
  });
  showHint();
  const label = h('label', { htmlFor: id }, labelOf(field.name), field.isRequired && h('small', {}, ` ${t('make.needed')}`));
  return {
    field,
    control,
    element: h(`div.field${WIDE.includes(field.kind) ? '.wide' : ''}`, {}, label, control, hint, problem),
    value: () => valueOf(field, typeof typed() === 'string' ? typed().trim() : typed()),
    fault,
    show,
    isBusy: () => control instanceof ImageField && control.isBusy,
    // What is wrong with an image is mended there.
    focus: () => (control.querySelector('li:has(.problem) > button') ?? focusable).focus(),
    addFiles: (files) => control.addFiles?.(files),
    set(value) {
      if (control instanceof ImageField) control.urls = [value].flat();
      else control.value = String(value);
      showHint();
    },
    /** Have what another field has, as it was typed. */
    takeOver(other) {
      if (control instanceof ImageField) control.takeOver(other.control);
      else control.value = other.control.value;
      showHint();
    },
  };
}

const labelOf = (name) => (has(`field.${name}`) ? t(`field.${name}`) : name.replaceAll('_', ' '));

function controlOf(field, id) {
  const { kind } = field;
  const usual = field.default === undefined ? '' : String(field.default);
  if (kind === 'images') return new ImageField(field);
  if (kind === 'text') return h('textarea', { rows: 4, value: usual, dir: 'auto' });
  if (kind === 'line') return h('input', { value: usual, autocomplete: 'off', dir: 'auto' });
  // No `type=number`: browsers drop what they can't read, and round what is long.
  const inputMode = field.type === 'integer' && field.minimum >= 0 ? 'numeric' : 'text';
  if (kind === 'number') return h('input', { value: usual, inputMode, autocomplete: 'off' });
  const options = kind === 'flag' ? [['true', t('yes')], ['false', t('no')]] : field.enum.map((value) => [String(value), String(value)]);
  const open = field.default === undefined ? [['', t('make.usual')]] : [];
  return h('select', { id }, [...open, ...options].map(([value, text]) => h('option', { value, selected: value === usual }, text)));
}

function limitOf({ kind, minimum, maximum, maxLength, maxItems, minItems }, typed) {
  if (kind === 'images') return t('limit.images', { n: maxItems, from: minItems ?? 0 });
  if (kind === 'number' && Number.isSafeInteger(maximum)) return t('limit.number', { from: number(minimum), to: number(maximum) });
  if (kind === 'text') return t('limit.text', { n: lengthOf(typed), of: maxLength });
  return '';
}
