/** Reads jobs again whose links are wanted: together, few at a time, and none twice in a moment. */

const TOGETHER_MS = 60;
// Up to so many jobs are read one by one, more with their page.
const FEW = 3;
// A new account has ten executions. Of what flies past in thousands, the last ones are those in sight.
const AT_ONCE = 6;
const PATIENCE_MS = 8000;
// What was just asked for is asked for again only after so long, even if the answer did not help.
const AGAIN_MS = 3000;

export class Renewals {
  #wanted = new Map();
  #askedAt = new Map();
  #isRunning = false;
  #store;

  /**
   * @param {{readPage: (page: number) => Promise<object[]>, readJob: (id: string) => Promise<object>,
   *   put: (job) => void, failed: (id: string | null, problem) => void, done: () => void}} store
   */
  constructor(store) {
    this.#store = store;
  }

  want({ id, page }) {
    if (performance.now() - this.#askedAt.get(id) < AGAIN_MS) return;
    this.#wanted.set(id, page);
    this.#begin();
  }

  #begin() {
    if (this.#isRunning || !this.#wanted.size) return;
    this.#isRunning = true;
    setTimeout(() => this.#renew(), TOGETHER_MS);
  }

  async #renew() {
    const jobs = [...this.#wanted];
    this.#wanted.clear();
    jobs.forEach(([id]) => this.#askedAt.set(id, performance.now()));
    const pages = Map.groupBy(jobs, ([, page]) => page);
    const all = Promise.all([...pages].map(([page, group]) => this.#renewPage(page, group.map(([id]) => id))));
    // A request that hangs holds nothing else up.
    await Promise.race([all, new Promise((resolve) => setTimeout(resolve, PATIENCE_MS))]);
    this.#isRunning = false;
    this.#store.done();
    this.#begin();
    setTimeout(() => this.#forget(), AGAIN_MS);
  }

  async #renewPage(page, ids) {
    const { readPage, readJob, put, failed } = this.#store;
    const rest = new Set(ids);
    const take = (job) => {
      rest.delete(job.job_id);
      put(job);
    };
    try {
      if (ids.length > FEW) (await readPage(page)).forEach(take);
    } catch (problem) {
      failed(null, problem);
      return;
    }
    const last = [...rest].slice(-AT_ONCE);
    // The others are wanted again if they are still in sight.
    for (const id of rest) if (!last.includes(id)) this.#askedAt.delete(id);
    await Promise.all(last.map((id) => readJob(id).then(take, (problem) => failed(id, problem))));
  }

  /** What is still without a link is then wanted again. */
  #forget() {
    for (const [id, at] of this.#askedAt) if (performance.now() - at >= AGAIN_MS) this.#askedAt.delete(id);
    this.#store.done();
  }
}
