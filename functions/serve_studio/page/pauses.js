/** A pause after a failure, so that a lost connection is no storm; it ends by itself, each time later. */

import { mayPass, waitAfter } from './patience.js';

export class Pauses {
  #goOn;
  #fails = 0;
  #until = 0;
  #isTold = false;
  #timer;
  #owed = new Map();

  /** @param {() => void} goOn called when a pause is over, before what is owed is done */
  constructor(goOn) {
    this.#goOn = goOn;
  }

  get isOn() {
    return performance.now() < this.#until;
  }

  /** Begin a pause, and tell whether this is the first failure in a row. */
  begin(problem) {
    const isFirst = !this.#fails;
    const isTold = problem.waitMs > 0;
    const wait = waitAfter(problem, this.isOn ? 0 : this.#fails++);
    const until = performance.now() + wait;
    // What fails together is one failure, but the API may ask for a longer pause.
    if (this.isOn && (!isTold || until <= this.#until)) return isFirst;
    clearTimeout(this.#timer);
    this.#until = until;
    this.#isTold = isTold;
    if (mayPass(problem)) this.#timer = setTimeout(() => this.end({ isWanted: true }), wait);
    return isFirst;
  }

  /** End it early; where the API has said how long it takes, only a person may. */
  async end({ isWanted = false } = {}) {
    if (!this.#until || (this.#isTold && this.isOn && !isWanted)) return;
    const owed = [...this.#owed.values()];
    this.clear();
    this.#goOn();
    for (const run of owed) await run();
  }

  /** Have something done after the pause. */
  owe(key, run) {
    this.#owed.set(key, run);
  }

  /** Something was answered. */
  succeed() {
    this.#fails = 0;
  }

  clear() {
    clearTimeout(this.#timer);
    this.#until = 0;
    this.#owed.clear();
  }
}
