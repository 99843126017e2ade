/** `<image-field>`: input images by file, drop, paste or URL. Files are uploaded at once. */

import { fill, h, icon } from './dom.js';
import { sentence } from './notices.js';
import { BadFile, faultOf, TYPES, upload } from './uploads.js';
import { t } from './words.js';

const PREVIEW = 96;

export class ImageField extends HTMLElement {
  #field;
  #items = [];
  #faults = [];
  #list = h('ul.images', { role: 'list', ariaLabel: t('images.chosen') });
  #said = h('p.hint', { role: 'status' });
  /** The URL's input, which the field's label belongs to. */
  input = h('input', { type: 'url', placeholder: 'https://… / s3://…', autocomplete: 'off', maxLength: 2048 });

  constructor(field) {
    super();
    this.#field = field;
    const allowed = { accept: TYPES.join(','), multiple: field.maxItems !== 1 };
    const file = h('input.unseen', { type: 'file', ...allowed, tabIndex: -1, ariaLabel: t('images.choose') });
    file.addEventListener('change', () => {
      this.addFiles(file.files);
      file.value = '';
    });
    const choose = h('button', { type: 'button', on: { click: () => file.click() } }, icon('picture'), h('span', {}, t('images.choose')));
    const add = h('button', { type: 'button', ariaLabel: t('images.add'), on: { click: () => this.#addUrl() } }, icon('add'));
    // A URL that was typed counts when the field is left, without a click.
    this.input.addEventListener('change', () => this.#addUrl());
    this.input.addEventListener('input', (event) => event.stopPropagation());
    this.input.addEventListener('keydown', (event) => {
      if (event.key !== 'Enter' || event.isComposing) return;
      event.preventDefault();
      this.#addUrl();
    });
    this.append(this.#list, h('div.pick', {}, choose, file, h('div', {}, this.input, add)), h('p.hint', {}, t('images.hint')), this.#said);
  }

  get urls() {
    return this.#items.filter(({ url }) => url).map(({ url }) => url);
  }

  set urls(urls) {
    this.#items.slice().forEach((item) => this.#remove(item));
    urls.forEach((url) => this.#add({ url, label: url.split('/').at(-1) || url }));
  }

  get isBusy() {
    return this.#items.some(({ uploading }) => uploading);
  }

  /** Whether a chosen file is not there, although it should be a part of the request. */
  get isFaulty() {
    return this.#items.some(({ fault }) => fault);
  }

  /** Upload files and use them, in their order. */
  addFiles(files) {
    if (!this.isBusy) this.#faults = [];
    for (const file of files) {
      const [fault, name] = [faultOf(file), file.name ?? ''];
      if (fault) this.#say(t(`images.${fault}`, { name }), { isFault: true });
      else this.#addNew(begun({ label: name, file }));
    }
    this.#changed();
  }

  /** End what is being uploaded. */
  stop() {
    this.#items.forEach(({ stop }) => stop?.abort());
  }

  /** Have what another field has, also what is still being uploaded. */
  takeOver(other) {
    this.urls = [];
    other.#items.splice(0).forEach((item) => this.#add(item));
  }

  /** A file that could not be uploaded stays until somebody tries again or removes it. */
  async #follow(item) {
    const name = item.label;
    this.#say(t('images.uploading', { name }));
    const { uploading } = item;
    const end = await uploading.then((url) => ({ url }), (fault) => ({ fault }));
    if (!this.#items.includes(item) || item.uploading !== uploading) return;
    Object.assign(item, { uploading: undefined, ...end });
    const hadFocus = item.element.contains(document.activeElement);
    this.#show(item);
    if (hadFocus) item.element.querySelector('button').focus();
    this.#say(item.fault ? '' : t('images.uploaded', { name }));
    if (item.fault) this.dispatchEvent(new CustomEvent('problem', { detail: item.fault, bubbles: true }));
    this.#changed();
  }

  /** What went wrong stays beside what is said of the next file. */
  #say(text, { isFault = false } = {}) {
    if (isFault) this.#faults.push(text);
    this.#said.textContent = [...this.#faults, ...(isFault ? [] : [text])].join(' ');
  }

  #addUrl() {
    const url = this.input.value.trim();
    if (!url) return;
    this.input.value = '';
    this.#addNew({ url, label: url });
    this.#changed();
  }

  /** One image is replaced by the next. */
  #addNew(item) {
    if (this.#field.maxItems === 1) this.#items.slice().forEach((other) => this.#remove(other));
    this.#add(item);
  }

  #add(item) {
    item.element = h('li');
    this.#items.push(item);
    this.#list.append(item.element);
    this.#show(item);
    if (item.file) (item.preview ??= preview(item.file)).then((canvas) => canvas && item.element.prepend((item.canvas = canvas)));
    if (item.uploading) this.#follow(item);
  }

  #show(item) {
    const { label, fault, element } = item;
    const remove = () => {
      this.#remove(item);
      this.#changed();
      this.input.focus();
    };
    const again = () => {
      this.#follow(begun(item));
      this.#show(item);
      element.querySelector('button').focus();
      this.#changed();
    };
    element.classList.toggle('busy', Boolean(item.uploading));
    const why = fault && (fault instanceof BadFile ? t(`images.${fault.message}`) : sentence(fault));
    const ariaLabel = t('images.remove', { name: label });
    fill(
      element,
      item.canvas,
      h('div', {}, h('span', { title: label }, label), why && h('p.problem', { role: 'alert' }, why)),
      fault && h('button', { type: 'button', on: { click: again } }, t('again')),
      h('button.quiet', { type: 'button', ariaLabel, on: { click: remove } }, icon('close')),
    );
  }

  #remove(item) {
    item.stop?.abort();
    this.#items = this.#items.filter((other) => other !== item);
    item.element.remove();
  }

  #changed() {
    this.dispatchEvent(new Event('input'));
  }
}

/** Begin to upload an item's file, or begin again. */
function begun(item) {
  const stop = new AbortController();
  return Object.assign(item, { stop, fault: undefined, uploading: upload(item.file, stop.signal) });
}

/** Draw a small copy: a canvas needs no URL, which the page's policy would have to allow. */
async function preview(file) {
  const bitmap = await createImageBitmap(file).catch(() => null);
  if (!bitmap) return null;
  const scale = PREVIEW / Math.max(bitmap.width, bitmap.height);
  const [width, height] = [bitmap.width, bitmap.height].map((side) => Math.ceil(side * scale));
  const canvas = h('canvas', { width, height, ariaHidden: 'true' });
  canvas.getContext('2d').drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return canvas;
}

customElements.define('image-field', ImageField);
