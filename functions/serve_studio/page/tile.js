/** One picture on the table, or one job that has none yet. */

import { now } from './clock.js';
import { fill, h } from './dom.js';
import { UNDER_WAY } from './filters.js';
import { said } from './notices.js';
import { elapsed, named, t } from './words.js';

// Tiles that only fly past load nothing: a dozen screens a second, which takes them this long.
const SETTLED_MS = 200;

/** @param {{href: (item) => string, link: (item) => string|undefined, onError: (item) => void}} table */
export function makeTile(item, table) {
  const anchor = h('a', { tabIndex: -1 });
  const element = h('li.tile', {}, anchor);
  const tile = { element, anchor, item, url: undefined, timer: 0 };
  tile.leave = () => clearTimeout(tile.timer);
  anchor.href = table.href(item);
  updateTile(tile, item, table);
  return tile;
}

/** Draw again what has changed of an item since. */
export function updateTile(tile, item, table) {
  const isNew = tile.item.job !== item.job || !tile.drawn;
  tile.item = item;
  if (isNew) draw(tile, item);
  if (!item.image || tile.url) return;
  clearTimeout(tile.timer);
  if (table.isMoving()) tile.timer = setTimeout(() => showPicture(tile, table), SETTLED_MS);
  else showPicture(tile, table);
}

function draw(tile, item) {
  const { job } = item;
  tile.drawn = true;
  tile.element.dataset.status = job.status;
  tile.element.dataset.key = item.key;
  tile.anchor.setAttribute('aria-label', nameOf(item));
  if (item.image) {
    if (!tile.image) fill(tile.anchor, (tile.image = h('img', { alt: '', decoding: 'async', draggable: false })));
    return;
  }
  tile.image = tile.url = undefined;
  const isUnderWay = UNDER_WAY.includes(job.status);
  fill(
    tile.anchor,
    h(
      'span.slide',
      {},
      h('span.state', {}, named('status', job.status)),
      h('span.model', {}, job.model),
      isUnderWay && h('span.elapsed', {}, elapsed(now() - job.made)),
      h('span.words', { dir: 'auto' }, job.words),
      (job.waits || (!isUnderWay && job.fault)) && h('span.why', { dir: 'auto' }, job.waits ? named('waits', job.waits) : said(job.fault)),
    ),
  );
}

/** Return the words over a picture. */
export const captionOf = ({ job }) => h('span.caption', {}, h('span.words', { dir: 'auto' }, job.words), h('span.model', {}, job.model));

function showPicture(tile, table) {
  const { item, image } = tile;
  const url = table.link(item);
  if (!url || !image) return;
  tile.url = url;
  // A picture fades in where somebody waits for it, not while it flies past.
  image.loading = table.isMoving() ? 'lazy' : 'eager';
  image.classList.toggle('fading', !table.isMoving());
  image.onload = () => image.classList.add('shown');
  image.onerror = () => {
    tile.url = undefined;
    image.removeAttribute('src');
    table.onError(item);
  };
  image.src = url;
}

/** Count on while a job is under way. */
export function tick({ element, item }) {
  const clock = element.querySelector('.elapsed');
  if (clock) clock.textContent = elapsed(now() - item.job.made);
}

function nameOf({ job, number }) {
  const words = job.words || job.model;
  if (number) return t('tile.picture', { words, model: job.model });
  const why = job.waits ? named('waits', job.waits) : job.fault;
  return [t('tile.job', { words, model: job.model, state: named('status', job.status) }), why].filter(Boolean).join('. ');
}
