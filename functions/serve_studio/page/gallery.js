/** `<light-table>`: all pictures as a page that scrolls, of which only those in sight are elements. */

import { h } from './dom.js';
import { Rows } from './rows.js';
import { changed } from './routes.js';
import { captionOf, makeTile, tick, updateTile } from './tile.js';
import { t } from './words.js';

const GAP = 10;
const SMALLEST_ROW = 150;
const LARGEST_ROW = 260;
// Below this width a row has two or three pictures, else four or more.
const NARROW = 600;
// In screens: what is drawn above and below, and when the next page is loaded.
const DRAWN = 0.6;
const AHEAD = 2.5;
// How long the first pictures may take until everything else goes on.
const BEGINNING_MS = 700;
// What the bar covers at the window's top.
const ROOM = 140;
const KEYS = ['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End'];

class LightTable extends HTMLElement {
  #store;
  #list = h('ul', { role: 'list' });
  #tiles = new Map();
  #rows = new Rows();
  #current = 0;
  #currentKey;
  #frame = 0;
  #scrolledAt = 0;
  #stop = new AbortController();
  #isBegun = false;
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
    this.#store.addEventListener('change', ({ detail }) => this.#arrange(detail), { signal });
    addEventListener('scroll', () => this.#onScroll(), { signal, passive: true });
    this.addEventListener('keydown', (event) => this.#onKey(event));
    this.addEventListener('focusin', (event) => this.#onFocus(event));
    this.sizes = new ResizeObserver(() => this.clientWidth !== this.#rows.width && this.#arrange());
    this.sizes.observe(this);
    this.clock = setInterval(() => this.#tiles.forEach(tick), 1000);
    this.addEventListener('pointerover', ({ target }) => this.#caption(target));
    this.addEventListener('load', () => this.#begin(), { capture: true, once: true });
    this.beginning = setTimeout(() => this.#begin(), BEGINNING_MS);
  }

  disconnectedCallback() {
    this.#stop.abort();
    this.sizes.disconnect();
    clearInterval(this.clock);
    clearTimeout(this.beginning);
  }

  /** Fires `begun` once: the first pictures are there, and other requests take nothing from them any more. */
  #begin() {
    if (this.#isBegun) return;
    this.#isBegun = true;
    this.dispatchEvent(new Event('begun'));
    if (this.#rows.width) this.#draw();
  }

  /** Where the addresses of tiles have to be made again, as the filters have changed. */
  readdress() {
    for (const { anchor, item } of this.#tiles.values()) anchor.href = this.#table.href(item);
  }

  /** Put the focus on an item, which is scrolled into sight; on the current one if it is gone. */
  focusItem(key) {
    const index = this.#store.indexOf(key);
    this.#focus(index >= 0 ? index : this.#current);
  }

  /** The picture's element, if it is in sight. */
  pictureOf(key) {
    return this.#tiles.get(key)?.image;
  }

  /** Lay the items out again, from one on. What is in sight stays where it is, whatever comes above. */
  #arrange(from = 0) {
    const width = this.clientWidth;
    if (!width) return;
    const anchor = this.#anchor();
    const hadFocus = this.#list.contains(document.activeElement);
    const height = Math.min(LARGEST_ROW, Math.max(SMALLEST_ROW, width / (width < NARROW ? 2.1 : 4.2)));
    this.#rows.arrange(this.#store.items, from, { width, gap: GAP, height });
    this.#list.style.height = `${this.#rows.height}px`;
    this.#follow();
    this.#keepInPlace(anchor);
    this.#draw();
    if (hadFocus && !this.#list.contains(document.activeElement)) this.#focus(this.#current);
  }

  /** The current item keeps being it, wherever it lies now; if it is gone, the one in its place is. */
  #follow() {
    const index = this.#currentKey ? this.#store.indexOf(this.#currentKey) : -1;
    if (index >= 0) this.#current = index;
    this.#current = Math.max(0, Math.min(this.#current, this.#rows.count - 1));
    if (this.#currentKey) this.#currentKey = this.#store.items[this.#current]?.key;
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
    const row = this.#rows.rowOf(this.#store.indexOf(anchor.key));
    if (row && Math.abs(row.y - anchor.y) > 1) scrollBy({ top: row.y - anchor.y, behavior: 'instant' });
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
    const wanted = new Set();
    for (const row of this.#rows.between(-top - seen * DRAWN, -top + seen * (1 + DRAWN))) this.#drawRow(row, wanted);
    const focused = this.#list.contains(document.activeElement) ? this.#currentKey : undefined;
    for (const [key, tile] of this.#tiles) {
      if (wanted.has(key) || (key === focused && this.#store.indexOf(key) >= 0)) continue;
      tile.leave();
      tile.element.remove();
      this.#tiles.delete(key);
    }
    if (!this.#isBegun && this.#store.hasPage && !this.#list.querySelector('img')) this.#begin();
    if (this.#isBegun && -top + seen * AHEAD > this.#rows.height) this.#store.more();
  }

  #drawRow(row, wanted) {
    this.#rows.placesOf(row).forEach(({ x, width }, offset) => {
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
    tile.element.setAttribute('aria-setsize', this.#store.isComplete ? this.#rows.count : -1);
    const after = [...this.#list.children].find((element) => element !== tile.element && Number(element.ariaPosInSet) > index + 1);
    if (tile.element.parentNode !== this.#list || tile.element.nextElementSibling !== (after ?? null)) {
      this.#list.insertBefore(tile.element, after ?? null);
    }
  }

  #onFocus({ target }) {
    const tile = [...this.#tiles.values()].find(({ anchor }) => anchor === target);
    if (tile) this.#setCurrent(tile.index);
    this.#caption(target);
  }

  /** Only the picture that somebody looks at has a caption. */
  #caption(target) {
    const tile = this.#tiles.get(target.closest('.tile')?.dataset.key);
    if (tile?.image && !tile.anchor.querySelector('.caption')) tile.anchor.append(captionOf(tile.item));
  }

  #onKey(event) {
    if (!KEYS.includes(event.key) || event.altKey || event.ctrlKey || event.metaKey || !this.#rows.count) return;
    event.preventDefault();
    this.#focus(this.#rows.neighbour(event.key, this.#current));
  }

  #focus(index) {
    this.#setCurrent(index);
    const row = this.#rows.rowOf(index);
    if (!row) return;
    const top = this.#list.getBoundingClientRect().top + row.y;
    const isInSight = top >= ROOM && top + row.height <= innerHeight - GAP;
    if (!isInSight) scrollBy({ top: top - Math.max(ROOM, (innerHeight - row.height) / 2), behavior: 'instant' });
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
