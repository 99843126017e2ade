/** The form that makes pictures, for every model, from the same schema that validates. */

import { call, writeJson } from './api.js';
import { fill, h, icon } from './dom.js';
import { makeField } from './fields.js';
import { sentence, tell } from './notices.js';
import { priceOf } from './price.js';
import { changed, go } from './routes.js';
import { carriedOver, fieldOfError, fieldsOf } from './schema.js';
import { inTab } from './storage.js';
import { t } from './words.js';

const MODEL = 'ringback.model';
// The second click of a double click is no second order.
const ARMED_AGAIN_MS = 1200;
const TAGS = { name: 'tags', kind: 'line', isRequired: false };

let models;

/**
 * @param {{onMade: (job) => void, onProblem: (problem) => void}} options
 * @returns {Promise<MakeForm>} rejects with a Problem without the list of models
 */
export async function makeForm(options) {
  models ??= (await call('/models')).models;
  return new MakeForm(options);
}

class MakeForm {
  #options;
  #model;
  #fields = [];
  #tags = makeField({ ...TAGS, description: t('field.tags_hint') }, { onChange: () => this.#changed() });
  #body = h('div.fields');
  #problem = h('p.problem', { role: 'alert' });
  #price = priceOf({ onErrors: (errors) => this.#showErrors(errors) });
  #send = h('button.primary', { type: 'submit' }, icon('add'), h('span', {}, t('make.send')));
  // An order keeps its key until it is through, so that the same order again is not bought again.
  #order = { text: '', key: '' };

  constructor(options) {
    this.#options = options;
    const leave = () => go(changed({ make: null, like: null, use: null }));
    const close = h('button.quiet', { type: 'button', ariaLabel: t('close'), on: { click: leave } }, icon('close'));
    this.select = h('select', { id: 'make-model', on: { change: () => this.#choose(this.select.value, this.#input()) } });
    const groups = Map.groupBy(models, ({ provider }) => provider);
    const option = ({ id, provider }) => h('option', { value: id }, id.replace(`${provider}/`, ''));
    fill(this.select, [...groups].map(([label, group]) => h('optgroup', { label }, group.map(option))));
    this.about = h('p.hint');
    this.element = h(
      'form.make-form',
      {
        noValidate: true,
        ariaLabel: t('make.title'),
        on: { submit: (event) => this.#submit(event) },
      },
      h('header', {}, h('h2', {}, t('make.title')), close),
      h('div.field', {}, h('label', { htmlFor: 'make-model' }, t('filter.model')), this.select, this.about),
      this.#body,
      this.#tags.element,
      h('footer', {}, this.#problem, this.#price.element, this.#send),
    );
  }

  /** Begin like another job, or with a picture of one. What was typed before stays where nothing replaces it. */
  async begin(params) {
    const [like, use, wanted] = ['like', 'use', 'make'].map((name) => params.get(name));
    const source = like ?? use?.split('.')[0];
    const read = () => call(`/jobs/${encodeURIComponent(source)}`, { isExact: true });
    const job = source && (await read().catch((problem) => void this.#options.onProblem(problem)));
    this.#choose(modelFor(wanted, job), like ? (job?.input ?? {}) : this.#input());
    if (like && job) this.#tags.set((job.tags ?? []).join(', '));
    if (use && job) this.#useImage(job.images[Math.max(0, Number(use.split('.')[1]) - 1)]);
  }

  focus() {
    (this.#body.querySelector('textarea') ?? this.select).focus();
  }

  #choose(id, input) {
    this.#model = modelOf(id);
    inTab.set(MODEL, id);
    this.select.value = id;
    const documentation = h('a', { href: this.#model.documentation, target: '_blank', rel: 'noreferrer' }, t('make.documentation'));
    fill(this.about, `${this.#model.description} `, documentation);
    const fields = fieldsOf(this.#model.input);
    this.#fields = fields.map((field) => makeField(field, { onChange: () => this.#changed() }));
    const values = carriedOver(input, fields);
    for (const field of this.#fields) if (field.field.name in values) field.set(values[field.field.name]);
    fill(this.#body, this.#fields.map(({ element }) => element));
    this.#changed();
  }

  /** The picture is copied into the drop bucket, as links to it expire. */
  async #useImage(image) {
    const answer = image && (await fetch(image.url, { cache: 'no-store' }).catch(() => null));
    if (!answer?.ok) {
      this.#problem.textContent = t('problem.no-picture');
      return;
    }
    const bytes = await answer.arrayBuffer();
    this.addFiles([new File([bytes], image.key.split('/').slice(-2).join('-'), { type: image.content_type })]);
  }

  /** Use images as input, if the model takes some. */
  addFiles(files) {
    if (!files.length) return;
    const field = this.#fields.find(({ field: { kind } }) => kind === 'images');
    if (field) field.addFiles(files);
    else tell(t('images.none'), { isProblem: true });
  }

  #input() {
    const values = this.#fields.map((field) => [field.field.name, field.value()]);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  }

  #request() {
    const tags = [...new Set((this.#tags.value() ?? '').split(/[,，]/).map((tag) => tag.trim()).filter(Boolean))];
    return { model: this.#model.id, input: this.#input(), ...(tags.length && { tags }) };
  }

  #changed() {
    this.#problem.textContent = '';
    const isReady = this.#fields.every((field) => !field.fault() && !field.isBusy());
    this.#price.update(isReady ? this.#request() : null);
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#send.disabled) return;
    this.#fields.forEach((field) => field.show(field.fault()));
    const wrong = this.#fields.find((field) => field.fault());
    if (wrong) {
      wrong.focus();
      return;
    }
    if (this.#fields.some((field) => field.isBusy())) {
      this.#problem.textContent = t('images.wait');
      return;
    }
    this.#send.disabled = true;
    await this.#buy(this.#request());
    setTimeout(() => (this.#send.disabled = false), ARMED_AGAIN_MS);
  }

  async #buy(body) {
    const text = writeJson(body);
    if (text !== this.#order.text) this.#order = { text, key: crypto.randomUUID() };
    try {
      const job = await call('/jobs', { method: 'POST', body, idempotencyKey: this.#order.key });
      this.#order = { text: '', key: '' };
      this.#problem.textContent = '';
      tell(t('make.sent'));
      this.#options.onMade(job);
    } catch (problem) {
      if (problem.kind === 'bad-key') this.#options.onProblem(problem);
      const text = problem.kind === 'no-answer' ? t('make.again-safe') : sentence(problem);
      this.#problem.textContent = problem.errors?.length ? '' : text;
      this.#showErrors(problem.errors ?? []);
      this.#fields.find(({ element }) => element.querySelector('[aria-invalid="true"]'))?.focus();
    }
  }

  /** Put each error of the API beside its field; the others stand together. */
  #showErrors(errors) {
    const all = [...this.#fields, this.#tags];
    const texts = new Map(all.map((field) => [field, field === this.#tags ? '' : field.fault()]));
    const others = [];
    for (const { field: path, message } of errors) {
      const known = fieldOfError(path, all.map(({ field }) => field));
      if (known) texts.set(all.find(({ field }) => field === known), message);
      else others.push(path ? `${path}: ${message}` : message);
    }
    texts.forEach((text, field) => field.show(text === t('check.required') && !errors.length ? '' : text));
    if (others.length) this.#problem.textContent = others.join(' ');
  }
}

const modelOf = (id) => models.find((model) => model.id === id);

/** Return the ID of the model that is asked for, else the last one; `edit` is any that takes images. */
function modelFor(wanted, job) {
  const takesImages = ({ input }) => fieldsOf(input).some(({ kind }) => kind === 'images');
  const last = inTab.get(MODEL);
  const known = wanted === 'edit' ? models.filter(takesImages) : models;
  const ids = known.map(({ id }) => id);
  return [wanted, last, job?.model, ...ids].find((id) => ids.includes(id));
}
