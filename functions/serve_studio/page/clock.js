/** The API's time: a computer's clock may be wrong, and how old a job is decides what is shown of it. */

// Answers say whole seconds, and take a while.
const TOLERATED_MS = 5000;
const difference = { ms: 0 };

/** Return a function that tells how long ago that was. While a computer sleeps, one of its two clocks may stand still. */
export function stopwatch() {
  const [running, wall] = [performance.now(), Date.now()];
  return () => Math.max(performance.now() - running, Date.now() - wall);
}

/** @returns {number} milliseconds since 1970 */
export const now = () => Date.now() + difference.ms;

/** Go by an answer's header `Date`; without one, by the computer. */
export function setClock(date) {
  const ms = Date.parse(date) - Date.now();
  difference.ms = Math.abs(ms) > TOLERATED_MS ? ms : 0;
}
