/** `<image-field>`: input images by file, drop, paste or URL. Files are uploaded at once. */

import { h, icon } from './dom.js';
import { BadFile, TYPES, upload } from './uploads.js';
import { sentence } from './notices.js';
import { t } from './words.js';

const PREVIEW = 96;

export class ImageField extends HTMLElement {
  #field;
  #items = [];
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
    this.append(this.#list, h('div.pick', {}, choose, file, this.input, add), h('p.hint', {}, t('images.hint')), this.#said);
  }

  get urls() {
    return this.#items.filter(({ url }) => url).map(({ url }) => url);
  }

  set urls(urls) {
    this.#items = [];
    this.#list.replaceChildren();
    urls.forEach((url) => this.#add({ url, label: url.split('/').at(-1) || url }));
  }

  get isBusy() {
    return this.#items.some(({ isBusy }) => isBusy);
  }

  /** Upload files and use them, in their order. */
  async addFiles(files) {
    await Promise.all([...files].map((file) => this.#addFile(file)));
  }

  async #addFile(file) {
    const item = this.#add({ label: file.name ?? '', isBusy: true });
    preview(file).then((canvas) => canvas && item.element.prepend(canvas));
    this.#said.textContent = t('images.uploading', { name: item.label });
    try {
      item.url = await upload(file);
      this.#said.textContent = t('images.uploaded', { name: item.label });
    } catch (error) {
      this.#remove(item);
      this.#said.textContent = error instanceof BadFile ? t(`images.${error.message}`, { name: item.label }) : sentence(error);
    }
    item.isBusy = false;
    item.element.classList.remove('busy');
    this.#changed();
  }

  #addUrl() {
    const url = this.input.value.trim();
    if (!url) return;
    this.input.value = '';
    this.#add({ url, label: url });
    this.#changed();
  }

  #add(item) {
    // One image is replaced by the next.
    if (this.#field.maxItems === 1) this.#items.slice().forEach((other) => this.#remove(other));
    const remove = () => {
      this.#remove(item);
      this.#changed();
      this.input.focus();
    };
    const ariaLabel = t('images.remove', { name: item.label });
    const button = h('button.quiet', { type: 'button', ariaLabel, on: { click: remove } }, icon('close'));
    item.element = h(`li${item.isBusy ? '.busy' : ''}`, {}, h('span', { title: item.label }, item.label), button);
    this.#items.push(item);
    this.#list.append(item.element);
    return item;
  }

  #remove(item) {
    this.#items = this.#items.filter((other) => other !== item);
    item.element.remove();
  }

  #changed() {
    this.dispatchEvent(new Event('input'));
  }
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
