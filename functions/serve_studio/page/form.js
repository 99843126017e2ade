/** The form that makes pictures, for every model, from the same schema that validates. */

import { call } from './api.js';
import { fill, h, icon } from './dom.js';
import { makeField } from './fields.js';
import { loadModels, modelFor, modelOf, rememberModel } from './models.js';
import { said, sentence, tell, waiting } from './notices.js';
import { isUnsure, sendOrder } from './orders.js';
import { priceOf } from './price.js';
import { changed, go } from './routes.js';
import { carriedOver, fieldsOf, sortErrors } from './schema.js';
import { may } from './session.js';
import { fileOf } from './uploads.js';
import { currentLanguage, described, t } from './words.js';

// The second click of a double click is no second order.
const ARMED_AGAIN_MS = 1200;
const TAGS = { name: 'tags', kind: 'line', isRequired: false };

let form;

// What somebody typed is nobody else's.
addEventListener('forget', () => {
  form?.stop();
  form = undefined;
});

/**
 * Return the form, with whatever was typed into it before: in another view, another language, or until a key was refused.
 * @param {{onMade: (job) => void, onProblem: (problem) => void}} options
 * @returns {Promise<MakeForm>} rejects with a Problem without the list of models
 */
export async function makeForm(options) {
  const models = await loadModels();
  if (form) form.options = options;
  if (form?.language !== currentLanguage()) form = new MakeForm(options, models, form);
  return form;
}

/** The form was closed: the next time, it is filled in anew. */
export const leaveForm = () => form?.leave();

class MakeForm {
  #model;
  #fields = [];
  #begun;
  // The images of the last model that took some.
  #images;
  #waiting;
  #ended = new AbortController();
  #tags = makeField({ ...TAGS, hint: t('field.tags_hint') }, { onChange: () => this.#changed() });
  #body = h('div.fields');
  #problem = h('p.problem', { role: 'alert' });
  #price = priceOf({ onErrors: (errors) => this.#showErrors(errors) });
  #send = h('button.primary', { type: 'submit' }, icon('add'), h('span', {}, t('make.send')));
  language = currentLanguage();

  constructor(options, models, before) {
    this.options = options;
    const leave = () => go(changed({ make: null, like: null, use: null }));
    const close = h('button.quiet', { type: 'button', ariaLabel: t('close'), on: { click: leave } }, icon('close'));
    this.select = selectOf(models, () => this.#choose(this.select.value));
    this.about = h('p.hint');
    this.element = h(
      'form.make-form',
      { noValidate: true, ariaLabel: t('make.title'), on: { submit: (event) => this.#submit(event) } },
      h('header', {}, h('h2', {}, t('make.title')), close),
      h('div.field', {}, h('label', { htmlFor: 'make-model' }, t('filter.model')), this.select, this.about),
      this.#body,
      this.#tags.element,
      h('footer', {}, this.#problem, this.#price.element, this.#send),
    );
    this.#body.addEventListener('problem', ({ detail }) => detail.kind === 'bad-key' && this.options.onProblem(detail));
    // Until there is an answer, a key may do everything.
    addEventListener('account', () => may('jobs:write') === this.#isLookOnly() && this.#changed(), { signal: this.#ended.signal });
    if (before?.#model) this.#goOn(before);
  }

  /**
   * Begin like another job, or with a picture of one. What was typed before stays where nothing replaces it.
   * @returns {Promise<boolean>} `false` if that has begun already, or something else since
   */
  async begin(params) {
    const [like, use, wanted] = ['like', 'use', 'make'].map((name) => params.get(name));
    const begun = [like, use, wanted].join('\n');
    if (begun === this.#begun) return false;
    this.#begun = begun;
    const source = like ?? use?.split('.')[0];
    const read = () => call(`/jobs/${encodeURIComponent(source)}`, { isExact: true });
    const job = source && (await read().catch((problem) => void this.options.onProblem(problem)));
    if (begun !== this.#begun) return false;
    this.#choose(modelFor(wanted, job), like && job ? job.input : undefined);
    if (like && job) this.#tags.set((job.tags ?? []).join(', '));
    if (use && job) this.#useImage(job.images[Math.max(0, Number(use.split('.')[1]) - 1)]);
    return true;
  }

  leave() {
    this.#begun = undefined;
  }

  stop() {
    this.#waiting?.abort();
    this.#ended.abort();
    this.#price.update(null);
    this.#images?.control.stop();
  }

  /** Go on with a form in another language. */
  #goOn(before) {
    this.#begun = before.#begun;
    this.#images = before.#images;
    this.#tags.takeOver(before.#tags);
    this.#choose(before.#model.id);
    this.#fields.forEach((field, index) => field !== this.#images && field.takeOver(before.#fields[index]));
    this.#changed();
    // An order that is under way says there how it ends.
    this.#problem.replaceWith(before.#problem);
    this.#problem = before.#problem;
    this.#waiting = before.#waiting;
    before.#ended.abort();
  }

  focus() {
    (this.#body.querySelector('textarea') ?? this.select).focus();
  }

  /** Show the fields of a model, with an input, else with what was typed. */
  #choose(id, input) {
    this.#model = modelOf(id);
    rememberModel(id);
    this.select.value = id;
    const documentation = h('a', { href: this.#model.documentation, target: '_blank', rel: 'noreferrer' }, t('make.documentation'));
    const [text, lang] = described(this.#model.description);
    fill(this.about, h('span', { lang }, text), ' ', documentation);
    const fields = fieldsOf(this.#model.input);
    const values = carriedOver(input ?? this.#input(), fields);
    this.#fields = fields.map((field) => makeField(field, { onChange: () => this.#changed() }));
    for (const field of this.#fields) if (field.field.name in values) field.set(values[field.field.name]);
    const images = this.#fields.find(({ field: { kind } }) => kind === 'images');
    // Some may be on their way still.
    if (images && this.#images && !input) images.takeOver(this.#images);
    if (images || input) this.#images = images;
    fill(this.#body, this.#fields.map(({ element }) => element));
    this.#changed();
  }

  /** The picture is copied into the drop bucket, as links to it expire. */
  async #useImage(image) {
    const file = image && (await fileOf(image));
    if (file) this.addFiles([file]);
    else this.#problem.textContent = t('problem.no-picture');
  }

  /** Use images as input, if the model takes some. */
  addFiles(files) {
    if (!files.length) return;
    const field = this.#fields.find(({ field: { kind } }) => kind === 'images');
    if (field && may('jobs:write')) field.addFiles(files);
    else if (!field) tell(t('images.none'), { isProblem: true });
  }

  #input() {
    const values = this.#fields.map((field) => [field.field.name, field.value()]);
    return Object.fromEntries(values.filter(([, value]) => value !== undefined));
  }

  #request() {
    const tags = [...new Set((this.#tags.value() ?? '').split(/[,，]/).map((tag) => tag.trim()).filter(Boolean))];
    return { model: this.#model.id, input: this.#input(), ...(tags.length && { tags }) };
  }

  #isLookOnly = () => this.element.classList.contains('look-only');

  /** An order that waits for its turn is not sent once it is another one. */
  #changed() {
    this.#waiting?.abort();
    const isAllowed = may('jobs:write');
    this.#problem.textContent = isAllowed ? '' : t('make.look-only');
    this.element.classList.toggle('look-only', !isAllowed);
    const isReady = isAllowed && this.#fields.every((field) => !field.fault() && !field.isBusy());
    this.#price.update(isReady ? this.#request() : null);
  }

  async #submit(event) {
    event.preventDefault();
    if (this.#send.ariaDisabled === 'true' || this.#isLookOnly()) return;
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
    this.#send.ariaDisabled = 'true';
    await this.#buy(this.#request());
    setTimeout(() => (this.#send.ariaDisabled = 'false'), ARMED_AGAIN_MS);
  }

  async #buy(body) {
    const { signal } = (this.#waiting = new AbortController());
    const onWait = (...wait) => (this.#problem.textContent = waiting(...wait));
    try {
      const job = await sendOrder('/jobs', body, { signal, onWait });
      this.#problem.textContent = '';
      tell(t('make.sent'));
      this.options.onMade(job);
    } catch (problem) {
      if (problem === signal.reason) return;
      if (problem.kind === 'bad-key') this.options.onProblem(problem);
      fill(this.#problem, whyNot(problem, { isOther: signal.aborted }));
      this.#showErrors(problem.errors ?? []);
      this.#fields.find(({ element }) => element.querySelector('[aria-invalid="true"]'))?.focus();
    }
  }

  /** Put each error of the API beside its field; the others stand together. */
  #showErrors(errors) {
    const all = [...this.#fields, this.#tags];
    const { known, others } = sortErrors(errors, all.map(({ field }) => field));
    for (const field of all) {
      const text = known[field.field.name] ?? (field === this.#tags ? '' : field.fault());
      field.show(text === t('check.required') && !errors.length ? '' : said(text));
    }
    if (others.length) fill(this.#problem, said(others.join(' ')));
  }
}

/** Errors of fields stand beside them. `isOther`: what stands in the form is not what was sent any more. */
function whyNot(problem, { isOther }) {
  if (problem.errors?.length) return '';
  if (isUnsure(problem)) return t(isOther ? 'make.other-unsure' : 'make.again-safe');
  return sentence(problem);
}

function selectOf(models, change) {
  const groups = Map.groupBy(models, ({ provider }) => provider);
  const option = ({ id, provider }) => h('option', { value: id }, id.replace(`${provider}/`, ''));
  return h('select', { id: 'make-model', on: { change } }, [...groups].map(([label, group]) => h('optgroup', { label }, group.map(option))));
}
