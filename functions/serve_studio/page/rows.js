/** Where pictures lie on the table: rows of one height, filled to the width, each picture whole. */

const NARROWEST = 0.55;
const WIDEST = 2.6;

/**
 * @param {number[]} ratios width by height of each picture
 * @param {{width: number, gap: number, height: number}} table in CSS pixels; `height` is what a row is to have
 * @returns {{first: number, last: number, y: number, height: number}[]} `last` is exclusive
 */
export function rowsOf(ratios, { width, gap, height }) {
  const rows = [];
  let first = 0;
  let sum = 0;
  let y = 0;
  const close = (last, rowHeight) => {
    rows.push({ first, last, y, height: rowHeight });
    y += rowHeight + gap;
    first = last;
    sum = 0;
  };
  ratios.forEach((ratio, index) => {
    sum += shown(ratio);
    const free = width - gap * (index - first);
    if (sum * height >= free) close(index + 1, free / sum);
  });
  // The last row keeps its height, so that few pictures don't become huge.
  if (first < ratios.length) close(ratios.length, height);
  return rows;
}

/** A panorama is shown within a less extreme frame. */
export const shown = (ratio) => Math.min(WIDEST, Math.max(NARROWEST, ratio || 1));

/** Return the index of the row at a height: the last one that begins at or above `y`. */
export function rowAt(rows, y) {
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
export function placesOf(row, ratios, gap) {
  let x = 0;
  return ratios.slice(row.first, row.last).map((ratio) => {
    const place = { x, width: shown(ratio) * row.height };
    x += place.width + gap;
    return place;
  });
}

/**
 * Return the index that an arrow key leads to, from a picture with the middle of the next row's nearest.
 * @param {'ArrowLeft'|'ArrowRight'|'ArrowUp'|'ArrowDown'|'Home'|'End'} key
 */
export function neighbour(key, index, rows, ratios, gap) {
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
