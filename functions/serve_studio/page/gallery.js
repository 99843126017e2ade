/** `<light-table>`: all pictures as a page that scrolls, of which only those in sight are elements. */

import { h } from './dom.js';
import { Rows } from './rows.js';
import { changed } from './routes.js';
import { Tiles } from './tiles.js';
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
  #tiles;
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
    this.#tiles = new Tiles(this.#list, store, this.#table);
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
    this.clock = setInterval(() => this.#tiles.tick(), 1000);
    this.addEventListener('pointerover', ({ target }) => this.#tiles.caption(target));
    // Not before the frame that shows it.
    const begin = () => requestAnimationFrame(() => setTimeout(() => this.#begin()));
    this.addEventListener('load', begin, { capture: true, once: true });
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
    if (this.#isBegun || this.#stop.signal.aborted) return;
    this.#isBegun = true;
    this.dispatchEvent(new Event('begun'));
    if (this.#rows.width) this.#draw();
  }

  /** Where the addresses of tiles have to be made again, as the filters have changed. */
  readdress() {
    this.#tiles.readdress();
  }

  /** Put the focus on an item, which is scrolled into sight; on the current one if it is gone. */
  focusItem(key) {
    const index = this.#store.indexOf(key);
    this.#focus(index >= 0 ? index : this.#current);
  }

  /** Have the arrow keys go on from an item, or from the one that comes into its place. */
  goTo(index) {
    if (index >= 0) this.#setCurrent(index);
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
    const first = this.#tiles.find(({ y }) => y + top >= -LARGEST_ROW / 2);
    return first ? { key: first.item.key, y: first.y } : null;
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
    const inSight = this.#rows.between(-top - seen * DRAWN, -top + seen * (1 + DRAWN));
    const kept = this.#list.contains(document.activeElement) ? this.#currentKey : undefined;
    this.#tiles.draw(this.#rows, inSight, { current: this.#current, kept });
    if (!this.#isBegun && this.#store.hasPage && !this.#list.querySelector('img')) this.#begin();
    if (this.#isBegun && -top + seen * AHEAD > this.#rows.height) this.#store.more();
  }

  #onFocus({ target }) {
    const tile = this.#tiles.find(({ anchor }) => anchor === target);
    if (tile) this.#setCurrent(tile.index);
    this.#tiles.caption(target);
  }

  #onKey(event) {
    if (!KEYS.includes(event.key) || event.altKey || event.ctrlKey || event.metaKey || !this.#rows.count) return;
    event.preventDefault();
    this.#focus(this.#rows.neighbour(event.key, this.#current));
  }

  #focus(index) {
    this.#setCurrent(index);
    const row = this.#rows.rowOf(index);
    // Of an empty table, the page itself has the focus.
    if (!row) {
      this.closest('main')?.focus();
      return;
    }
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
