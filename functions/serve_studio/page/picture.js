/** One picture, large, in a dialog: arrow keys go on, Escape closes. */

import { call } from './api.js';
import { actionsOf } from './actions.js';
import { stopwatch } from './clock.js';
import { factsOf } from './facts.js';
import { fill, h, icon, refill } from './dom.js';
import { placeNotices, said, sentence, waiting } from './notices.js';
import { patiently } from './patience.js';
import { promptOf } from './filters.js';
import { changed, go } from './routes.js';
import { Stage } from './stage.js';
import { named, t } from './words.js';

// Anything may stand in an address.
const JOB = /^job_\w{1,64}$/;
// Until its links expire, at the least.
const FRESH_MS = 600_000;
// If a link this new does not work, another one would not either.
const NEW_MS = 10_000;

export class PictureDialog {
  #store;
  #table;
  #onProblem;
  #job;
  #loads = 0;
  #age;
  #reading;
  #stop = new AbortController();
  #stage = new Stage();
  #facts = h('div.facts');
  // Says which picture is shown after an arrow key, which moves no focus.
  #said = h('p.unseen', { role: 'status' });
  #dialog;
  #close = h('button.quiet.close', { type: 'button', ariaLabel: t('close'), on: { click: () => this.#leave() } }, icon('close'));
  #previous = this.#arrow('left', t('picture.previous'), -1);
  #next = this.#arrow('right', t('picture.next'), 1);
  /** `<job id>.<number>` of what is shown. */
  key = null;

  constructor({ store, table, onProblem }) {
    this.#store = store;
    this.#table = table;
    this.#onProblem = onProblem;
    this.#dialog = h(
      'dialog.picture',
      {
        ariaLabel: t('picture.title'),
        on: {
          keydown: (event) => this.#onKey(event),
          cancel: (event) => {
            event.preventDefault();
            this.#leave();
          },
        },
      },
      h('div.frame', {}, this.#previous, this.#stage.element, this.#next),
      this.#facts,
      this.#close,
      this.#said,
    );
    document.body.append(this.#dialog);
    addEventListener('account', () => this.#job && this.#draw(), { signal: this.#stop.signal });
  }

  /** Show a picture that the address names, also if it isn't on the table. */
  async show(key) {
    const [id] = key.split('.');
    const isSameJob = this.#job?.job_id === id && this.#age() < FRESH_MS;
    this.key = key;
    if (!isSameJob) {
      this.#job = undefined;
      refill(this.#facts, [], this.#close);
    }
    this.#sketch(key);
    this.#showArrows();
    if (!this.#dialog.open) this.#dialog.showModal();
    if (isSameJob) {
      this.#draw();
      return;
    }
    if (JOB.test(id)) await this.#load(id);
    else this.#lose(t('problem.unknown-job'));
  }

  /** The table has changed: there may be more, or what is shown is not on it any more. */
  keepUp() {
    if (this.key) this.#showArrows();
  }

  hide() {
    const { key } = this;
    this.key = null;
    this.#stopLoading();
    this.#job = undefined;
    this.#dialog.close();
    placeNotices();
    this.#stage.clear();
    if (key) this.#table.focusItem(key);
  }

  remove() {
    this.#stop.abort();
    this.#dialog.close();
    placeNotices();
    this.#dialog.remove();
  }

  /** Keep up with the job that is shown. */
  onEvent(type, { job_id: id }) {
    if (this.key?.split('.')[0] !== id) return;
    if (type === 'ringback.job.deleted') this.#lose(t('problem.job-deleted'));
    else this.#load(id);
  }

  /** An answer that comes after the next request, or after the job's end, shows nothing. */
  async #load(id) {
    this.#stopLoading();
    const load = this.#loads;
    const { signal } = (this.#reading = new AbortController());
    const read = () => call(`/jobs/${encodeURIComponent(id)}`, { isExact: true, signal });
    const onWait = (...wait) => this.#job || fill(this.#facts, h('p.problem', { role: 'status' }, waiting(...wait)));
    try {
      const job = await patiently(read, { signal, isFree: true, onWait });
      if (load !== this.#loads) return;
      this.#job = job;
      this.#age = stopwatch();
      this.#draw();
    } catch (problem) {
      if (load !== this.#loads) return;
      this.#lose(sentence(problem));
      if (problem.status === 404 || problem.status === 410) this.#store.remove(id);
      if (problem.kind === 'bad-key') this.#onProblem(problem);
    }
  }

  /** What the table already has of it, until the picture itself is there. */
  #sketch(key) {
    const item = this.#store.items[this.#store.indexOf(key)];
    const url = item?.image && this.#store.link(item);
    this.#stage.sketch(url ? { url, alt: item.job.words, ratio: item.ratio } : null);
  }

  #draw() {
    const job = this.#job;
    const number = Number(this.key.split('.')[1] ?? 0);
    const image = job.images[number - 1] ?? job.images[0];
    const prompt = promptOf(job.input);
    this.#said.textContent = t('tile.job', { words: prompt || job.job_id, model: job.model, state: named('status', job.status) });
    const why = said(job.error?.message) ?? (job.waiting_for ? named('waits', job.waiting_for.reason) : prompt);
    if (image) this.#showLarge(job, image, prompt);
    else this.#stage.slide(named('status', job.status), why);
    const context = { job, image, store: this.#store, onProblem: this.#onProblem, onChange: (changedJob) => this.#onChange(changedJob) };
    this.#fillFacts(actionsOf(context), factsOf(context));
  }

  /** Links expire, as while the computer sleeps: then there is another one. */
  async #showLarge(job, image, prompt) {
    const isThere = await this.#stage.show({ url: image.url, alt: prompt || job.model, ratio: image.width / image.height });
    if (!isThere && job === this.#job && this.#age() > NEW_MS) this.#load(job.job_id);
  }

  /** An open timeline stays open. */
  #fillFacts(...elements) {
    const isOpen = this.#facts.querySelector('details')?.open;
    refill(this.#facts, elements, this.#close);
    if (isOpen) this.#facts.querySelector('details').open = true;
  }

  #onChange(job) {
    this.#store.take(job);
    // Somebody may have gone on to another picture since.
    if (this.key?.split('.')[0] !== job.job_id) return;
    if (job.status === 'deleting') this.#leave();
    else this.#load(job.job_id);
  }

  #stopLoading() {
    this.#loads += 1;
    this.#reading?.abort();
  }

  #lose(why) {
    this.#stopLoading();
    this.#job = undefined;
    refill(this.#facts, [], this.#close);
    this.#stage.say(why);
  }

  #arrow(name, label, step) {
    return h(`button.quiet.arrow.${name}`, { type: 'button', ariaLabel: label, on: { click: () => this.#go(step) } }, icon(name));
  }

  #showArrows() {
    const index = this.#store.indexOf(this.key);
    const focused = document.activeElement;
    this.#table.goTo(index);
    this.#previous.disabled = index <= 0;
    this.#next.disabled = index < 0 || (index === this.#store.items.length - 1 && this.#store.isComplete);
    // A button that is no longer usable would lose the focus, and the dialog its keys.
    if (focused?.disabled && this.#dialog.contains(focused)) this.#close.focus();
  }

  #onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.matches('input, textarea, select')) return;
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) {
      event.preventDefault();
      this.#go(step);
    }
  }

  async #go(step) {
    const index = this.#store.indexOf(this.key);
    if (index < 0) return;
    if (index + step >= this.#store.items.length) await this.#store.more();
    const item = this.#store.items[index + step];
    if (item) go(changed({ open: item.key }), { replace: true });
  }

  #leave() {
    go(changed({ open: null }));
  }
}
