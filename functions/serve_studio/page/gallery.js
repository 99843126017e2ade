/** `<light-table>`: all pictures as a page that scrolls, of which only those in sight are elements. */

import { h } from './dom.js';
import { neighbour, placesOf, rowAt, rowsOf } from './rows.js';
import { changed } from './routes.js';
import { makeTile, tick, updateTile } from './tile.js';
import { t } from './words.js';

const GAP = 10;
const SMALLEST_ROW = 150;
const LARGEST_ROW = 260;
// Below this width a row has two or three pictures, else four or more.
const NARROW = 600;
// In screens: what is drawn above and below, and when the next page is loaded.
const DRAWN = 0.6;
const AHEAD = 2.5;
const KEYS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'];

export class LightTable extends HTMLElement {
  #store;
  #list = h('ul', { role: 'list' });
  #tiles = new Map();
  #rows = [];
  #ratios = [];
  #current = 0;
  #currentKey;
  #frame = 0;
  #scrolledAt = 0;
  #stop = new AbortController();
  #table = {
    href: ({ key }) => changed({ open: key }),
    link: (item) => this.#store.link(item),
    onError: (item) => this.#store.renew(item),
    isMoving: () => performance.now() - this.#scrolledAt < 100,
  };

  set store(store) {
    this.#store = store;
  }

  connectedCallback() {
    this.append(this.#list);
    this.#list.setAttribute('aria-label', t('pictures'));
    const { signal } = this.#stop;
    this.#store.addEventListener('change', () => this.#arrange(), { signal });
    addEventListener('scroll', () => this.#onScroll(), { signal, passive: true });
    this.addEventListener('keydown', (event) => this.#onKey(event));
    this.addEventListener('focusin', (event) => this.#onFocus(event));
    this.sizes = new ResizeObserver(() => this.#arrange());
    this.sizes.observe(this);
    this.clock = setInterval(() => this.#tiles.forEach(tick), 1000);
    this.#arrange();
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.sizes.disconnect();
    clearInterval(this.clock);
  }

  /** Where the addresses of tiles have to be made again, as the filters have changed. */
  readdress() {
    for (const { anchor, item } of this.#tiles.values()) anchor.href = this.#table.href(item);
  }

  /** Put the focus on an item, which is scrolled into sight. */
  focusItem(key) {
    const index = this.#store.indexOf(key);
    if (index >= 0) this.#focus(index);
  }

  /** The picture's element, if it is in sight. */
  pictureOf(key) {
    return this.#tiles.get(key)?.image;
  }

  /** Lay the items out again. What is in sight stays where it is, whatever comes above. */
  #arrange() {
    const anchor = this.#anchor();
    this.#ratios = this.#store.items.map((item) => item.ratio);
    const width = this.clientWidth;
    if (!width) return;
    const height = Math.min(LARGEST_ROW, Math.max(SMALLEST_ROW, width / (width < NARROW ? 2.1 : 4.2)));
    this.#rows = rowsOf(this.#ratios, { width, gap: GAP, height });
    const last = this.#rows.at(-1);
    this.#list.style.height = `${last ? last.y + last.height : 0}px`;
    this.#follow();
    this.#keepInPlace(anchor);
    this.#draw();
  }

  /** The current item keeps being it, wherever it lies now; if it is gone, the one in its place is. */
  #follow() {
    const index = this.#currentKey ? this.#store.indexOf(this.#currentKey) : -1;
    if (index >= 0) this.#current = index;
    this.#current = Math.max(0, Math.min(this.#current, this.#ratios.length - 1));
  }

  /** The first tile in sight, and how far below the window's top it is; `null` at the top of the page. */
  #anchor() {
    const top = this.#list.getBoundingClientRect().top;
    if (top >= 0) return null;
    for (const [key, { y }] of this.#tiles) if (y + top >= -LARGEST_ROW / 2) return { key, y };
    return null;
  }

  #keepInPlace(anchor) {
    if (!anchor) return;
    const index = this.#store.indexOf(anchor.key);
    const row = this.#rows.find(({ last }) => index < last);
    if (index >= 0 && row && Math.abs(row.y - anchor.y) > 1) scrollBy({ top: row.y - anchor.y, behavior: 'instant' });
  }

  #onScroll() {
    this.#scrolledAt = performance.now();
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#draw();
    });
  }

  /** Make the elements of the rows in sight, in their order, and remove all others but the focused one. */
  #draw() {
    const { top } = this.#list.getBoundingClientRect();
    const seen = innerHeight;
    const [from, to] = [-top - seen * DRAWN, -top + seen * (1 + DRAWN)];
    const wanted = new Set();
    for (let at = rowAt(this.#rows, from); at < this.#rows.length && this.#rows[at].y < to; at += 1) {
      this.#drawRow(this.#rows[at], wanted);
    }
    const focused = this.#list.contains(document.activeElement) ? this.#currentKey : undefined;
    for (const [key, tile] of this.#tiles) {
      if (wanted.has(key) || (key === focused && this.#store.indexOf(key) >= 0)) continue;
      tile.leave();
      tile.element.remove();
      this.#tiles.delete(key);
    }
    const last = this.#rows.at(-1);
    if (!last || -top + seen * AHEAD > last.y) this.#store.more();
  }

  #drawRow(row, wanted) {
    const places = placesOf(row, this.#ratios, GAP);
    places.forEach(({ x, width }, offset) => {
      const index = row.first + offset;
      const item = this.#store.items[index];
      wanted.add(item.key);
      const tile = this.#tile(item);
      const { style } = tile.element;
      tile.y = row.y;
      style.transform = `translate(${x}px, ${row.y}px)`;
      style.width = `${width}px`;
      style.height = `${row.height}px`;
      tile.anchor.tabIndex = index === this.#current ? 0 : -1;
      if (tile.index !== index) this.#number(tile, index);
    });
  }

  #tile(item) {
    const known = this.#tiles.get(item.key);
    if (known) updateTile(known, item, this.#table);
    const tile = known ?? makeTile(item, this.#table);
    this.#tiles.set(item.key, tile);
    return tile;
  }

  /** Say which one of how many it is, and put it before the next one, as readers go by the elements' order. */
  #number(tile, index) {
    tile.index = index;
    tile.element.setAttribute('aria-posinset', index + 1);
    tile.element.setAttribute('aria-setsize', this.#store.isComplete ? this.#ratios.length : -1);
    const after = [...this.#list.children].find((element) => element !== tile.element && Number(element.ariaPosInSet) > index + 1);
    if (tile.element.parentNode !== this.#list || tile.element.nextElementSibling !== (after ?? null)) {
      this.#list.insertBefore(tile.element, after ?? null);
    }
  }

  #onFocus({ target }) {
    const tile = [...this.#tiles.values()].find(({ anchor }) => anchor === target);
    if (tile) this.#setCurrent(tile.index);
  }

  #onKey(event) {
    if (!KEYS.includes(event.key) || event.altKey || event.ctrlKey || event.metaKey || !this.#rows.length) return;
    event.preventDefault();
    this.#focus(neighbour(event.key, this.#current, this.#rows, this.#ratios, GAP));
  }

  #focus(index) {
    this.#setCurrent(index);
    const row = this.#rows.find(({ last }) => index < last);
    const top = this.#list.getBoundingClientRect().top + row.y;
    const room = 140;
    if (top < room || top + row.height > innerHeight - 20) scrollBy({ top: top - Math.max(room, (innerHeight - row.height) / 2), behavior: 'instant' });
    this.#draw();
    this.#tiles.get(this.#currentKey)?.anchor.focus({ preventScroll: true });
  }

  #setCurrent(index) {
    const before = this.#tiles.get(this.#currentKey);
    if (before) before.anchor.tabIndex = -1;
    this.#current = index;
    this.#currentKey = this.#store.items[index]?.key;
    const tile = this.#tiles.get(this.#currentKey);
    if (tile) tile.anchor.tabIndex = 0;
  }
}

customElements.define('light-table', LightTable);
