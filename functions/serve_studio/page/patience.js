/** What the API refuses for the moment is asked again, no sooner than it says. */

import { currentKey, Problem } from './api.js';

const MAX_TRIES = 6;
const FIRST_WAIT_MS = 2000;
const MAX_WAIT_MS = 60_000;
// Pages that were refused together would come back together.
const SPREAD_MS = 1000;
const MOMENTARY = ['too-many', 'request-in-flight', 'not-queued'];

/** Return how long to wait after a problem: as long as the API says, else twice as long each time. */
export const waitAfter = ({ waitMs }, fails) => Math.max(waitMs, Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** fails)) + Math.random() * SPREAD_MS;

/** Whether the same request may be answered otherwise later. */
export const mayPass = ({ kind, status }) => kind !== 'bad-key' && (status < 400 || status === 429 || status >= 500);

/**
 * Have a request answered that may be repeated, also if that takes some tries.
 * @param {() => Promise} send
 * @param {{signal?: AbortSignal, isFree?: boolean, onWait?: (seconds: number, problem: Problem) => void}} [options]
 *   `signal` ends the waiting, with its reason; what is free is also asked again where there was no answer
 */
export async function patiently(send, { signal, isFree, onWait } = {}) {
  const key = currentKey();
  for (let fails = 0; ; fails += 1) {
    try {
      return await send();
    } catch (problem) {
      const isMomentary = MOMENTARY.includes(problem.kind) || (isFree && problem.kind && mayPass(problem));
      if (!isMomentary || fails + 1 === MAX_TRIES) throw problem;
      const wait = waitAfter(problem, fails);
      onWait?.(Math.ceil(wait / 1000), problem);
      await passed(wait, signal);
      // Somebody else may have signed in.
      if (key !== currentKey()) throw new Problem({ kind: 'failed', isLate: true });
    }
  }
}

function passed(wait, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, wait);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
