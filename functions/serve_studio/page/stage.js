/** Where one picture is large: first what the table has of it, then itself. */

import { fill, h } from './dom.js';
import { t } from './words.js';

export class Stage {
  element = h('div.stage');
  // Pictures load at different speeds; the one that was asked for last is shown.
  #turn = 0;

  /** @param {{url: string, alt: string, ratio: number}|null} thumbnail */
  sketch(thumbnail) {
    this.#fill(thumbnail ? imageOf(thumbnail) : h('p.busy', { role: 'status' }, t('loading')));
  }

  /**
   * @param {{url: string, alt: string, ratio: number}} picture
   * @returns {Promise<boolean>} `false` if it can't be loaded
   */
  async show(picture) {
    this.#turn += 1;
    const turn = this.#turn;
    const large = imageOf(picture);
    const isLoaded = await large.decode().then(() => true, () => false);
    if (turn !== this.#turn) return true;
    if (isLoaded) fill(this.element, large);
    else if (!this.element.querySelector('img')?.naturalWidth) this.say(t('problem.no-picture'));
    return isLoaded;
  }

  /** Of a job without a picture there are words. */
  slide(title, text) {
    this.#fill(h('div.slide', {}, h('p.state', {}, title), h('p', { dir: 'auto' }, text)));
  }

  say(text) {
    this.#fill(h('p.problem', { role: 'alert' }, text));
  }

  clear() {
    this.#fill();
  }

  #fill(...children) {
    this.#turn += 1;
    fill(this.element, ...children);
  }
}

function imageOf({ url, alt, ratio }) {
  const image = h('img', { src: url, alt, decoding: 'async' });
  // A thumbnail takes the room that the picture will have.
  image.style.setProperty('--ratio', String(ratio));
  return image;
}
