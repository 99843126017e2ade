/** The elements of the pictures in sight, in their order; all others are none. */

import { captionOf, makeTile, tick, updateTile } from './tile.js';

export class Tiles {
  #list;
  #store;
  #table;
  #tiles = new Map();

  /** @param {HTMLElement} list what they are put into; `table` is what a tile asks for */
  constructor(list, store, table) {
    this.#list = list;
    this.#store = store;
    this.#table = table;
  }

  get(key) {
    return this.#tiles.get(key);
  }

  find(isWanted) {
    return [...this.#tiles.values()].find(isWanted);
  }

  /** Count on what is under way. */
  tick() {
    this.#tiles.forEach(tick);
  }

  /** Make the addresses again, as the filters have changed. */
  readdress() {
    for (const { anchor, item } of this.#tiles.values()) anchor.href = this.#table.href(item);
  }

  /** Only the picture that somebody looks at has a caption. */
  caption(target) {
    const tile = this.#tiles.get(target.closest('.tile')?.dataset.key);
    if (tile?.image && !tile.anchor.querySelector('.caption')) tile.anchor.append(captionOf(tile.item));
  }

  /** Have elements of these rows only, and of the one with the key that is kept. */
  draw(rows, inSight, { current, kept }) {
    const wanted = new Set();
    for (const row of inSight) {
      rows.placesOf(row).forEach((place, offset) => wanted.add(this.#put(row, place, row.first + offset, { current, count: rows.count })));
    }
    for (const [key, tile] of this.#tiles) {
      if (wanted.has(key) || (key === kept && this.#store.indexOf(key) >= 0)) continue;
      tile.leave();
      tile.element.remove();
      this.#tiles.delete(key);
    }
  }

  #put(row, { x, width }, index, { current, count }) {
    const item = this.#store.items[index];
    const tile = this.#tile(item);
    const { style } = tile.element;
    tile.y = row.y;
    style.transform = `translate(${x}px, ${row.y}px)`;
    style.width = `${width}px`;
    style.height = `${row.height}px`;
    tile.anchor.tabIndex = index === current ? 0 : -1;
    if (tile.index !== index) this.#number(tile, index, count);
    return item.key;
  }

  #tile(item) {
    const known = this.#tiles.get(item.key);
    if (known) updateTile(known, item, this.#table);
    const tile = known ?? makeTile(item, this.#table);
    this.#tiles.set(item.key, tile);
    return tile;
  }

  /** Say which one of how many it is, and put it before the next one, as readers go by the elements' order. */
  #number(tile, index, count) {
    tile.index = index;
    tile.element.setAttribute('aria-posinset', index + 1);
    tile.element.setAttribute('aria-setsize', this.#store.isComplete ? count : -1);
    const after = [...this.#list.children].find((element) => element !== tile.element && Number(element.ariaPosInSet) > index + 1);
    if (tile.element.parentNode !== this.#list || tile.element.nextElementSibling !== (after ?? null)) {
      this.#list.insertBefore(tile.element, after ?? null);
    }
  }
}
