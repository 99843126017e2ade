/** Where pictures lie on the table: rows of one height, filled to the width, each picture whole. */

const NARROWEST = 0.55;
const WIDEST = 2.6;

/** The pictures' places, for items that come at the end or change, and a width that changes. */
export class Rows {
  #all = [];
  #ratios = [];
  #width = 0;

  /** @param {{ratio: number}[]} items of which those before `from` are as they were */
  arrange(items, from, { width, gap, height }) {
    const first = width === this.#width ? Math.min(from, this.#ratios.length) : 0;
    this.#width = width;
    this.gap = gap;
    this.#ratios.length = first;
    for (let index = first; index < items.length; index += 1) this.#ratios.push(items[index].ratio);
    // The last row may not have been full.
    const kept = first ? this.#all.slice(0, -1).filter(({ last }) => last <= first) : [];
    this.#all = rowsOf(this.#ratios, { width, gap, height }, kept);
  }

  get width() {
    return this.#width;
  }

  get height() {
    const last = this.#all.at(-1);
    return last ? last.y + last.height : 0;
  }

  get count() {
    return this.#ratios.length;
  }

  /** Return the row that an item lies in; `undefined` if there is no such item. */
  rowOf(index) {
    return index < 0 ? undefined : this.#all.find(({ last }) => index < last);
  }

  /** Return the rows between two heights. */
  between(from, to) {
    const rows = [];
    for (let at = rowAt(this.#all, from); at < this.#all.length && this.#all[at].y < to; at += 1) rows.push(this.#all[at]);
    return rows;
  }

  placesOf(row) {
    return placesOf(row, this.#ratios, this.gap);
  }

  /** Return the item that an arrow key, Home or End leads to. */
  neighbour(key, index) {
    return neighbour(key, index, this.#all, this.#ratios, this.gap);
  }
}

/**
 * @param {number[]} ratios width by height of each picture
 * @param {{width: number, gap: number, height: number}} table in CSS pixels; `height` is what a row is to have
 * @param {object[]} rows the rows above, which stay as they are
 * @returns {{first: number, last: number, y: number, height: number}[]} `last` is exclusive
 */
function rowsOf(ratios, { width, gap, height }, rows = []) {
  const above = rows.at(-1);
  let first = above?.last ?? 0;
  let sum = 0;
  let y = above ? above.y + above.height + gap : 0;
  const close = (last, rowHeight) => {
    rows.push({ first, last, y, height: rowHeight });
    y += rowHeight + gap;
    first = last;
    sum = 0;
  };
  for (let index = first; index < ratios.length; index += 1) {
    sum += shown(ratios[index]);
    const free = width - gap * (index - first);
    if (sum * height >= free) close(index + 1, free / sum);
  }
  // The last row keeps its height, so that few pictures don't become huge.
  if (first < ratios.length) close(ratios.length, height);
  return rows;
}

/** A panorama is shown within a less extreme frame. */
const shown = (ratio) => Math.min(WIDEST, Math.max(NARROWEST, ratio || 1));

/** Return the index of the row at a height: the last one that begins at or above `y`. */
function rowAt(rows, y) {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (rows[middle].y <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Return x and width of the pictures of a row. */
function placesOf(row, ratios, gap) {
  let x = 0;
  return ratios.slice(row.first, row.last).map((ratio) => {
    const place = { x, width: shown(ratio) * row.height };
    x += place.width + gap;
    return place;
  });
}

/** Up and down lead to the picture whose middle is nearest. */
function neighbour(key, index, rows, ratios, gap) {
  const last = ratios.length - 1;
  if (key === 'Home' || key === 'End') return key === 'Home' ? 0 : last;
  if (key === 'ArrowLeft' || key === 'ArrowRight') return Math.min(last, Math.max(0, index + (key === 'ArrowLeft' ? -1 : 1)));
  const at = rows.findIndex((row) => index < row.last);
  const target = rows[at + (key === 'ArrowUp' ? -1 : 1)];
  if (!target) return index;
  const own = placesOf(rows[at], ratios, gap)[index - rows[at].first];
  const middle = own.x + own.width / 2;
  const distances = placesOf(target, ratios, gap).map(({ x, width }) => Math.abs(x + width / 2 - middle));
  return target.first + distances.indexOf(Math.min(...distances));
}
