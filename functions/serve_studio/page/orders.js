/** An order keeps its key until it is through, so that the same order again is not bought again. */

import { call, writeJson } from './api.js';

export class Order {
  #text = '';
  #key = '';

  /** Post a job and return it. @throws {Problem} */
  async send(body) {
    const text = writeJson(body);
    if (text !== this.#text) [this.#text, this.#key] = [text, crypto.randomUUID()];
    const job = await call('/jobs', { method: 'POST', body, idempotencyKey: this.#key });
    this.#text = '';
    return job;
  }
}
