/** An order keeps its key until it is through, so that the same order again is not bought again. */

import { call, writeJson } from './api.js';
import { patiently } from './patience.js';
import { inTab } from './storage.js';

const KEYS = 'ringback.orders';
// By what is ordered: another order in between does not make the first one a new one, nor does a reload.
const keys = new Map(JSON.parse(inTab.get(KEYS) ?? '[]'));

/** Whether a job may have been made although nobody said so. */
export const isUnsure = ({ kind, status }) => ['no-answer', 'request-in-flight'].includes(kind) || (kind === 'failed' && status >= 500);

/** Post a job, or have another one made of a job, and return it; `patience` is what `patiently` takes. @throws {Problem} */
export async function sendOrder(path, body, patience) {
  const ordered = `${path} ${writeJson(body)}`;
  const key = keys.get(ordered) ?? crypto.randomUUID();
  keep(ordered, key);
  // The same may be ordered anew by the time of the answer; that key stays.
  const end = () => key === keys.get(ordered) && keep(ordered);
  try {
    const job = await patiently(() => call(path, { method: 'POST', body, idempotencyKey: key }), patience);
    end();
    return job;
  } catch (problem) {
    // Its job was made and deleted since.
    if (problem.status === 410) end();
    throw problem;
  }
}

function keep(ordered, key) {
  if (key) keys.set(ordered, key);
  else keys.delete(ordered);
  inTab.set(KEYS, JSON.stringify([...keys]));
}

addEventListener('forget', () => {
  keys.clear();
  inTab.remove(KEYS);
});
