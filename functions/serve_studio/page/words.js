/** The page's words: one table per language, with the same keys. */

import { inBrowser } from './storage.js';
import english from './words.en.js';

const LANGUAGE = 'ringback.language';
export const LANGUAGES = { en: 'English', zh: '中文' };

let language = 'en';
let table = english;
let descriptions = {};
let plural = new Intl.PluralRules('en');

/** Take the language that was chosen, else the first one of the browser's that there is. */
export async function loadWords() {
  const wanted = [inBrowser.get(LANGUAGE), ...navigator.languages].filter(Boolean);
  await use(wanted.map((tag) => tag.toLowerCase().split('-')[0]).find((tag) => tag in LANGUAGES) ?? 'en');
}

export async function chooseLanguage(tag) {
  inBrowser.set(LANGUAGE, tag);
  await use(tag);
}

async function use(tag) {
  table = tag === 'en' ? english : (await import(`./words.${tag}.js`)).default;
  descriptions = tag === 'en' ? {} : (await import(`./descriptions.${tag}.js`)).default;
  language = tag;
  plural = new Intl.PluralRules(tag);
  document.documentElement.lang = tag === 'zh' ? 'zh-Hans' : tag;
}

export const currentLanguage = () => language;

export const has = (key) => key in table;

/** Return the words for a key; `{name}` is replaced by a value, and `{n}` chooses the plural. */
export function t(key, values = {}) {
  const entry = table[key] ?? english[key] ?? key;
  const text = typeof entry === 'string' ? entry : (entry[plural.select(values.n)] ?? entry.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => (typeof values[name] === 'number' ? number(values[name]) : (values[name] ?? '')));
}

/** Return what the API says of a model or a field, and its language where that is not the page's. */
export function described(text = '') {
  if (language === 'en') return [text];
  if (text in descriptions) return [descriptions[text]];
  const [, name, what] = /^([^:]+): (.+)$/.exec(text) ?? [];
  return what in descriptions ? [t('make.model', { name, what: descriptions[what] })] : [text, 'en'];
}

/** Return the words for one of the API's own, such as a state; the API's word if there are none. */
export const named = (kind, name) => (has(`${kind}.${name}`) ? t(`${kind}.${name}`) : name);

export const number = (value) => new Intl.NumberFormat(language, { maximumFractionDigits: 4 }).format(value);

/** Return an estimate, of which only one end is said if there is no other. */
export const range = (low, high) => (low === high ? number(low) : `${number(low)}–${number(high)}`);

export const moment = (iso) =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'medium' }).format(new Date(iso));

export function bytes(count) {
  const [unit, size] = count < 1e6 ? ['kilobyte', 1e3] : ['megabyte', 1e6];
  return new Intl.NumberFormat(language, { style: 'unit', unit, maximumFractionDigits: 1 }).format(count / size);
}

/** Return a short time with tenths, a long one as `elapsed` does. */
export function seconds(milliseconds) {
  if (milliseconds >= 60_000) return elapsed(milliseconds);
  return new Intl.NumberFormat(language, { style: 'unit', unit: 'second', maximumFractionDigits: 1 }).format(milliseconds / 1000);
}

/** Return a time that passed, such as `1:07` or `2:00:05`. */
export function elapsed(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [hours, ...rest] = parts;
  const text = rest.map((part) => String(part).padStart(2, '0')).join(':').replace(/^0(?=\d:)/, '');
  return hours ? `${hours}:${text.padStart(5, '0')}` : text;
}
