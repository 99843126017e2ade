/** The jobs of the table, newest first, and the items that lie there of them. */

import { isSame, itemsOf } from './records.js';

// Of so many jobs that are not shown, the newest word is remembered.
const MAX_ASIDE = 4000;

/** Jobs lie in the order of the API's lists, which is that of their ids. */
export class JobOrder {
  #jobs = new Map();
  #ids = [];
  // Where the items of each job begin, and the first job whose items have to be made again.
  #starts = [];
  #dirty = 0;
  #aside = new Map();
  /** A picture of a job each, or a job without pictures yet; up to date after `settle`. */
  items = [];

  get(id) {
    return this.#jobs.get(id);
  }

  /** Return where an item lies. A job that had no pictures yet is found at its first one. */
  indexOf(key) {
    const exact = this.items.findIndex((item) => item.key === key);
    const [id, number] = exact < 0 && key ? key.split('.') : [];
    return number === '0' ? this.items.findIndex((item) => item.job.id === id) : exact;
  }

  clear() {
    this.#jobs.clear();
    this.#ids = [];
    this.#dirty = 0;
  }

  put(record) {
    const known = this.#jobs.get(record.id);
    if (known && isSame(known, record)) return;
    const index = known ? this.#ids.indexOf(record.id) : this.#insert(record.id);
    this.#jobs.set(record.id, record);
    this.#dirty = Math.min(this.#dirty, index);
  }

  /** Tell whether more is known of a job: events come in any order, and an answer may be older than an event. */
  isOld({ job_id: id, changes }) {
    return changes < (this.#jobs.get(id)?.changes ?? this.#aside.get(id) ?? 0);
  }

  /** Take a job out that no longer belongs here; what is older does not bring it back. */
  putAside({ job_id: id, changes }) {
    this.remove(id);
    this.#aside.delete(id);
    this.#aside.set(id, changes);
    if (this.#aside.size > MAX_ASIDE) this.#aside.delete(this.#aside.keys().next().value);
  }

  /** Take a job out, and tell whether it was there. */
  remove(id) {
    if (!this.#jobs.delete(id)) return false;
    const index = this.#ids.indexOf(id);
    this.#ids.splice(index, 1);
    this.#dirty = Math.min(this.#dirty, index);
    return true;
  }

  /** Make the items again that have changed, and return the first one's index. */
  settle() {
    const first = this.#starts[this.#dirty] ?? this.items.length;
    this.items.length = first;
    for (let index = this.#dirty; index < this.#ids.length; index += 1) {
      this.#starts[index] = this.items.length;
      this.items.push(...itemsOf(this.#jobs.get(this.#ids[index])));
    }
    this.#starts.length = this.#dirty = this.#ids.length;
    return first;
  }

  #insert(id) {
    let [low, high] = [0, this.#ids.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#ids[middle] > id) low = middle + 1;
      else high = middle;
    }
    this.#ids.splice(low, 0, id);
    return low;
  }
}
