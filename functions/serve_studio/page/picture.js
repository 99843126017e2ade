/** One picture, large, in a dialog: arrow keys go on, Escape closes. */

import { call } from './api.js';
import { actionsOf } from './actions.js';
import { factsOf } from './facts.js';
import { fill, h, icon } from './dom.js';
import { placeNotices, sentence } from './notices.js';
import { promptOf } from './filters.js';
import { changed, go } from './routes.js';
import { named, t } from './words.js';

export class PictureDialog {
  #store;
  #table;
  #onProblem;
  #job;
  #loads = 0;
  #stage = h('div.stage');
  #facts = h('div.facts');
  // Says which picture is shown after an arrow key, which moves no focus.
  #said = h('p.unseen', { role: 'status' });
  #dialog;
  #previous = this.#arrow('left', t('picture.previous'), -1);
  #next = this.#arrow('right', t('picture.next'), 1);
  /** `<job id>.<number>` of what is shown. */
  key = null;

  constructor({ store, table, onProblem }) {
    this.#store = store;
    this.#table = table;
    this.#onProblem = onProblem;
    const close = h('button.quiet.close', { type: 'button', ariaLabel: t('close'), on: { click: () => this.#leave() } }, icon('close'));
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
      h('div.frame', {}, this.#previous, this.#stage, this.#next),
      this.#facts,
      close,
      this.#said,
    );
    document.body.append(this.#dialog);
  }

  /** Show a picture that the address names, also if it isn't on the table. */
  async show(key) {
    const [id, number] = [key.split('.')[0], Number(key.split('.')[1] ?? 0)];
    const isSameJob = this.#job?.job_id === id;
    this.key = key;
    if (!isSameJob) {
      this.#job = undefined;
      fill(this.#facts);
    }
    this.#sketch(key);
    this.#showArrows();
    if (!this.#dialog.open) this.#dialog.showModal();
    if (isSameJob) {
      this.#draw(number);
      return;
    }
    await this.#load(id);
  }

  hide() {
    const { key } = this;
    this.key = null;
    this.#loads += 1;
    this.#job = undefined;
    this.#dialog.close();
    placeNotices();
    fill(this.#stage);
    if (key) this.#table.focusItem(key);
  }

  remove() {
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
    this.#loads += 1;
    const load = this.#loads;
    try {
      const job = await call(`/jobs/${encodeURIComponent(id)}`, { isExact: true });
      if (load !== this.#loads) return;
      this.#job = job;
      this.#draw(Number(this.key.split('.')[1] ?? 0));
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
    if (url) fill(this.#stage, this.#image(url, item.job.words, item.ratio));
    else fill(this.#stage, h('p.busy', { role: 'status' }, t('loading')));
  }

  #draw(number) {
    const job = this.#job;
    const image = job.images[number ? number - 1 : 0];
    const prompt = promptOf(job.input);
    this.#said.textContent = t('tile.job', { words: prompt || job.job_id, model: job.model, state: named('status', job.status) });
    if (image) {
      const sketch = this.#stage.querySelector('img');
      const large = this.#image(image.url, prompt || job.model, image.width / image.height);
      large.decode().then(
        () => this.#job === job && fill(this.#stage, large),
        () => this.#job === job && !sketch && this.#say(t('problem.no-picture')),
      );
    } else {
      const words = job.error?.message ?? (job.waiting_for ? named('waits', job.waiting_for.reason) : prompt);
      fill(this.#stage, h('div.slide', {}, h('p.state', {}, named('status', job.status)), h('p', {}, words)));
    }
    const context = { job, image, store: this.#store, onProblem: this.#onProblem, onChange: (changedJob) => this.#onChange(changedJob) };
    fill(this.#facts, actionsOf(context), factsOf(context));
  }

  #onChange(job) {
    this.#store.take(job);
    if (job.status === 'deleting') {
      this.#leave();
      return;
    }
    if (this.key?.split('.')[0] === job.job_id) this.#load(job.job_id);
  }

  #image(src, alt, ratio) {
    const image = h('img', { src, alt, decoding: 'async' });
    // A thumbnail takes the room that the picture will have.
    image.style.setProperty('--ratio', String(ratio));
    return image;
  }

  #lose(why) {
    this.#loads += 1;
    this.#job = undefined;
    this.#say(why);
  }

  #say(text) {
    fill(this.#stage, h('p.problem', { role: 'alert' }, text));
  }

  #arrow(name, label, step) {
    return h(`button.quiet.arrow.${name}`, { type: 'button', ariaLabel: label, on: { click: () => this.#go(step) } }, icon(name));
  }

  #showArrows() {
    const index = this.#store.indexOf(this.key);
    this.#previous.disabled = index <= 0;
    this.#next.disabled = index < 0 || (index === this.#store.items.length - 1 && this.#store.isComplete);
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
