/** An order keeps its key until it is through, so that the same order again is not bought again. */

import { call, writeJson } from './api.js';
import { patiently } from './patience.js';

/** Whether a job may have been made although nobody said so. */
export const isUnsure = ({ kind, status }) => ['no-answer', 'request-in-flight'].includes(kind) || (kind === 'failed' && status >= 500);

export class Order {
  #text = '';
  #key = '';
  #path;

  constructor(path = '/jobs') {
    this.#path = path;
  }

  /** Post a job and return it; `patience` is what `patiently` takes. @throws {Problem} */
  async send(body, patience) {
    const text = writeJson(body);
    if (text !== this.#text) [this.#text, this.#key] = [text, crypto.randomUUID()];
    const key = this.#key;
    // Another order may have begun by the time of the answer; its key stays.
    const end = () => key === this.#key && (this.#text = '');
    try {
      const job = await patiently(() => call(this.#path, { method: 'POST', body, idempotencyKey: key }), patience);
      end();
      return job;
    } catch (problem) {
      // Its job was made and deleted since.
      if (problem.status === 410) end();
      throw problem;
    }
  }
}
