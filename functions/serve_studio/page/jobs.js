/** The jobs that the gallery shows: pages of `GET /jobs` and live events, of which the newest word counts. */

import { call } from './api.js';
import { matches, queryOf } from './filters.js';
import { Links } from './links.js';
import { JobOrder } from './order.js';
import { Pauses } from './pauses.js';
import { Renewals } from './renewals.js';
import { isLate, recordOf, THUMBNAIL_MS } from './records.js';

const FIRST_PAGE = 12;
const PAGE = 99;
const FIELDS = 'status,changes,model,input,created_at,images,error,waiting_for';

/** Fires `change` (the first item's index in `detail`) when what is shown has changed, and `problem` (a Problem in `detail`). */
export class JobStore extends EventTarget {
  #order = new JobOrder();
  #deleted = new Set();
  #links = new Links();
  #cursors = [undefined];
  #filters = {};
  #load = 0;
  #frame = 0;
  #running;
  #isClosed = false;
  #pauses = new Pauses(() => this.#changed());
  #renewals = new Renewals({
    readPage: async (page) => (await this.#ask(page, PAGE)).jobs,
    readJob: (id) => this.#read(`/jobs/${id}`),
    put: (job) => this.#putAgain(job),
    failed: (id, problem) => this.#gone(id, problem),
    done: () => this.#changed(),
  });
  isComplete = false;
  /** Why the last page is not there, until it is. */
  problem;

  /** What is shown: a picture of a job each, or a job without pictures yet. */
  get items() {
    return this.#order.items;
  }

  get filters() {
    return this.#filters;
  }

  get hasPage() {
    return this.isComplete || this.#cursors.length > 1;
  }

  /** Begin anew, with other filters. */
  async load(filters) {
    this.#filters = filters;
    this.#order.clear();
    this.#links.clear();
    [this.#cursors, this.#running, this.isComplete, this.problem] = [[undefined], undefined, false, undefined];
    this.#load += 1;
    this.#pauses.clear();
    this.#changed();
    await this.more();
  }

  /** Load the next page, unless one is being loaded. A filtered page may be empty although there are more. */
  more() {
    if (!this.#load || this.isComplete || this.#pauses.isOn) return undefined;
    this.#running ??= this.#loadPage(this.#load);
    return this.#running;
  }

  async #loadPage(load) {
    const page = this.#cursors.length - 1;
    const answer = await this.#ask(page).catch((problem) => ({ problem }));
    if (load !== this.#load) return;
    this.#running = undefined;
    this.problem = answer.problem;
    if (answer.problem) {
      this.#fail(answer.problem);
      this.#changed();
      return;
    }
    answer.jobs.forEach((job) => this.#put(job, page));
    if (answer.cursor) this.#cursors.push(answer.cursor);
    this.isComplete = !answer.cursor;
    this.#changed();
  }

  /** Go on after a failure, before that happens by itself: what has no link asks for one again. `isWanted` by a person. */
  resume(options) {
    this.#pauses.end(options);
  }

  /** Nobody looks any more. */
  close() {
    this.#isClosed = true;
    this.#pauses.clear();
  }

  /** Load the newest jobs again: what happened while nobody listened. What is being loaded comes first. */
  async refresh() {
    const load = this.#load;
    await this.#running;
    // The first page is what is missing then, and comes by itself.
    if (!this.hasPage) return;
    const again = () => this.refresh();
    if (this.#pauses.isOn) {
      this.#pauses.owe('newest', again);
      return;
    }
    try {
      const { jobs } = await this.#ask(0);
      if (load !== this.#load) return;
      jobs.forEach((job) => this.#put(job, 0));
      this.#changed();
    } catch (problem) {
      if (load !== this.#load) return;
      this.#pauses.owe('newest', again);
      this.#fail(problem);
    }
  }

  /** Take a job from a live event or an answer; its images may lack links. */
  take(job) {
    const id = job.job_id;
    if (job.status === 'deleting' || job.status === 'deleted') return this.remove(id);
    if (this.#order.isOld(job)) return;
    if (matches(job, this.#filters)) this.#put(job, this.#order.get(id)?.page ?? 0);
    else this.#order.putAside(job);
    this.#changeSoon();
  }

  /** Read a job anew, and take it. */
  async reread(id) {
    const again = () => this.reread(id);
    if (this.#pauses.isOn) this.#pauses.owe(id, again);
    else await this.#read(`/jobs/${id}`).then((job) => this.take(job), (problem) => this.#gone(id, problem, again));
  }

  /** Forget a job that was deleted: an answer that is older than that does not bring it back. */
  remove(id) {
    this.#deleted.add(id);
    if (this.#order.remove(id)) this.#changeSoon();
  }

  /** Return the link to an item's thumbnail; `undefined` if it has to be renewed, which has begun then. */
  link({ job, image }) {
    const url = this.#links.get(image.key);
    if (!url && !this.#pauses.isOn && (image.hasThumbnail || isLate(job))) this.#renewals.want(job);
    return url;
  }

  /** Renew a link that did not work; after a pause, the table asks for it. */
  renew({ job, image }) {
    if (this.#links.drop(image.key) && !this.#pauses.isOn) this.#renewals.want(job);
  }

  indexOf(key) {
    return this.#order.indexOf(key);
  }

  #ask(page, limit = page ? PAGE : FIRST_PAGE) {
    const query = new URLSearchParams({ ...queryOf(this.#filters), fields: FIELDS, limit });
    if (page) query.set('cursor', this.#cursors[page]);
    return this.#read(`/jobs?${query}`);
  }

  async #read(path) {
    const answer = await call(path);
    this.#pauses.succeed();
    return answer;
  }

  #put(job, page) {
    if (this.#deleted.has(job.job_id) || this.#order.isOld(job)) return;
    const made = Date.parse(job.created_at);
    this.#order.put(recordOf(job, page, made, this.#order.get(job.job_id)));
    for (const image of job.images) {
      const url = image.thumbnail_url ?? (isLate({ made }) ? image.url : undefined);
      if (url) this.#links.set(image.key, url);
      else if (!image.thumbnail_key) setTimeout(() => this.#changeSoon(), THUMBNAIL_MS);
    }
  }

  /** What is read for its links may be older than what the line has told since. */
  #putAgain(job) {
    const known = this.#order.get(job.job_id);
    if (known) this.#put(job, known.page);
  }

  #gone(id, problem, again) {
    if (id && (problem.status === 404 || problem.status === 410)) this.remove(id);
    else {
      if (again) this.#pauses.owe(id, again);
      this.#fail(problem);
    }
  }

  /** Of a batch, hundreds of events come in a second: what they change is drawn once a frame. */
  #changeSoon() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      this.#changed();
    });
  }

  #changed() {
    this.dispatchEvent(new CustomEvent('change', { detail: this.#order.settle() }));
  }

  /** The first failure is told of; those that follow by themselves are not. */
  #fail(problem) {
    if (this.#isClosed) return;
    if (this.#pauses.begin(problem) || problem.kind === 'bad-key') this.dispatchEvent(new CustomEvent('problem', { detail: problem }));
  }
}
