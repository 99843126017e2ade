/** An order keeps its key until it is through, so that the same order again is not bought again. */

import { call, writeJson } from './api.js';
import { patiently } from './patience.js';

/** Whether a job may have been made although nobody said so. */
export const isUnsure = ({ kind, status }) => ['no-answer', 'request-in-flight'].includes(kind) || (kind === 'failed' && status >= 500);

export class Order {
  // By what is ordered: another order in between does not make the first one a new one.
  #keys = new Map();
  #path;

  constructor(path = '/jobs') {
    this.#path = path;
  }

  /** Post a job and return it; `patience` is what `patiently` takes. @throws {Problem} */
  async send(body, patience) {
    const text = writeJson(body);
    const key = this.#keys.get(text) ?? crypto.randomUUID();
    this.#keys.set(text, key);
    // The same may be ordered anew by the time of the answer; that key stays.
    const end = () => key === this.#keys.get(text) && this.#keys.delete(text);
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
