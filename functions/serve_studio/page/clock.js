/** The API's time: a computer's clock may be wrong, and how old a job is decides what is shown of it. */

// Answers say whole seconds, and take a while.
const TOLERATED_MS = 5000;
const difference = { ms: 0 };

/** @returns {number} milliseconds since 1970 */
export const now = () => Date.now() + difference.ms;

/** Go by an answer's header `Date`; without one, by the computer. */
export function setClock(date) {
  const ms = Date.parse(date) - Date.now();
  difference.ms = Math.abs(ms) > TOLERATED_MS ? ms : 0;
}
