/** The jobs that the gallery shows, newest first: pages of `GET /jobs` and live events, kept small. */

import { call } from './api.js';
import { matches, queryOf } from './filters.js';
import { Links } from './links.js';
import { Renewals } from './renewals.js';
import { isLate, isSame, itemsOf, recordOf, THUMBNAIL_MS } from './records.js';

const FIRST_PAGE = 16;
const PAGE = 99;
const FIELDS = 'status,changes,model,input,created_at,images,error,waiting_for';
// After a failure, scrolling asks no sooner.
const PAUSE_MS = 3000;

/** Fires `change` (the first item's index in `detail`) when what is shown has changed, and `problem` (a Problem in `detail`). */
export class JobStore extends EventTarget {
  #jobs = new Map();
  #order = [];
  #deleted = new Set();
  // Where the items of each job begin, and the first job whose items have to be made again.
  #starts = [];
  #dirty = 0;
  #links = new Links();
  #cursors = [undefined];
  #filters = {};
  #load = 0;
  #frame = 0;
  #running;
  #failedAt = -Infinity;
  #renewals = new Renewals({
    readPage: async (page) => (await this.#ask(page)).jobs,
    readJob: (id) => call(`/jobs/${id}`),
    put: (job) => this.#putAgain(job),
    failed: (id, problem) => this.#gone(id, problem),
    done: () => this.#changed(),
  });
  /** What is shown: a picture of a job each, or a job without pictures yet. */
  items = [];
  isComplete = false;

  get filters() {
    return this.#filters;
  }

  get hasPage() {
    return this.isComplete || this.#cursors.length > 1;
  }

  /** Begin anew, with other filters. */
  async load(filters) {
    this.#filters = filters;
    this.#jobs.clear();
    this.#links.clear();
    [this.#order, this.#cursors, this.#running, this.isComplete, this.#dirty] = [[], [undefined], undefined, false, 0];
    this.#load += 1;
    this.#failedAt = -Infinity;
    this.#changed();
    await this.more();
  }

  /** Load the next page, unless one is being loaded. A filtered page may be empty although there are more. */
  more() {
    if (!this.#load || this.isComplete || this.#isPausing()) return undefined;
    this.#running ??= this.#loadPage(this.#load);
    return this.#running;
  }

  async #loadPage(load) {
    const page = this.#cursors.length - 1;
    const answer = await this.#ask(page).catch((problem) => ({ problem }));
    if (load !== this.#load) return;
    this.#running = undefined;
    if (answer.problem) {
      this.#fail(answer.problem);
      return;
    }
    answer.jobs.forEach((job) => this.#put(job, page));
    if (answer.cursor) this.#cursors.push(answer.cursor);
    this.isComplete = !answer.cursor;
    this.#changed();
  }

  /** After a failure nothing is asked for a while, so that a lost connection is no storm. */
  #isPausing() {
    return performance.now() - this.#failedAt < PAUSE_MS;
  }

  /** Go on after a failure: what has no link asks for one again. */
  resume() {
    this.#failedAt = -Infinity;
    this.#changed();
  }

  /** Load the newest jobs again: what happened while nobody listened. What is being loaded comes first. */
  async refresh() {
    const load = this.#load;
    await this.#running;
    try {
      const { jobs } = await this.#ask(0);
      if (load !== this.#load) return;
      jobs.forEach((job) => this.#put(job, 0));
      this.#changed();
    } catch (problem) {
      this.#fail(problem);
    }
  }

  /** Take a job from a live event or an answer; its images may lack links. */
  take(job) {
    const known = this.#jobs.get(job.job_id);
    if (job.status === 'deleting' || job.status === 'deleted') return this.remove(job.job_id);
    // Events come in any order. A thumbnail is no change of state.
    if (known && job.changes < known.changes) return;
    if (!matches(job, this.#filters)) {
      if (known) this.#takeOut(job.job_id);
      return;
    }
    this.#put(job, known?.page ?? 0);
    this.#changeSoon();
  }

  /** Read a job anew, and take it. */
  async reread(id) {
    await call(`/jobs/${id}`).then((job) => this.take(job), (problem) => this.#gone(id, problem));
  }

  /** Forget a job that was deleted: an answer that is older than that does not bring it back. */
  remove(id) {
    this.#deleted.add(id);
    this.#takeOut(id);
  }

  #takeOut(id) {
    if (!this.#jobs.delete(id)) return;
    const index = this.#order.indexOf(id);
    this.#order.splice(index, 1);
    this.#dirty = Math.min(this.#dirty, index);
    this.#changeSoon();
  }

  /** Return the link to an item's thumbnail; `undefined` if it has to be renewed, which has begun then. */
  link({ job, image }) {
    const url = this.#links.get(image.key);
    if (!url && !this.#isPausing() && (image.hasThumbnail || isLate(job))) this.#renewals.want(job);
    return url;
  }

  /** Renew a link that did not work. */
  renew({ job, image }) {
    if (this.#links.drop(image.key)) this.#renewals.want(job);
  }

  indexOf(key) {
    return this.items.findIndex((item) => item.key === key);
  }

  #ask(page) {
    const query = new URLSearchParams({ ...queryOf(this.#filters), fields: FIELDS, limit: page ? PAGE : FIRST_PAGE });
    if (page) query.set('cursor', this.#cursors[page]);
    return call(`/jobs?${query}`);
  }

  #put(job, page) {
    if (this.#deleted.has(job.job_id)) return;
    const made = Date.parse(job.created_at);
    const known = this.#jobs.get(job.job_id);
    const record = recordOf(job, page, made, known);
    if (!known || !isSame(known, record)) {
      const index = known ? this.#order.indexOf(job.job_id) : this.#insert(job.job_id);
      this.#jobs.set(job.job_id, record);
      this.#dirty = Math.min(this.#dirty, index);
    }
    for (const image of job.images) {
      const url = image.thumbnail_url ?? (isLate({ made }) ? image.url : undefined);
      if (url) this.#links.set(image.key, url);
      else if (!image.thumbnail_key) setTimeout(() => this.#changed(), THUMBNAIL_MS);
    }
  }

  /** Jobs lie in the order of the API's lists, which is that of their ids: the newest first. */
  #insert(id) {
    let [low, high] = [0, this.#order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#order[middle] > id) low = middle + 1;
      else high = middle;
    }
    this.#order.splice(low, 0, id);
    return low;
  }

  /** What is read for its links may be older than what the line has told since. */
  #putAgain(job) {
    const known = this.#jobs.get(job.job_id);
    if (known && job.changes >= known.changes) this.#put(job, known.page);
  }

  #gone(id, problem) {
    if (id && (problem.status === 404 || problem.status === 410)) this.remove(id);
    else this.#fail(problem);
  }

  /** Of a batch, hundreds of events come in a second: what they change is drawn once a frame. */
  #changeSoon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#changed();
    });
  }

  #changed() {
    const first = this.#starts[this.#dirty] ?? this.items.length;
    this.items.length = first;
    for (let index = this.#dirty; index < this.#order.length; index += 1) {
      this.#starts[index] = this.items.length;
      this.items.push(...itemsOf(this.#jobs.get(this.#order[index])));
    }
    this.#starts.length = this.#dirty = this.#order.length;
    this.dispatchEvent(new CustomEvent('change', { detail: first }));
  }

  #fail(problem) {
    this.#failedAt = performance.now();
    this.dispatchEvent(new CustomEvent('problem', { detail: problem }));
  }
}
