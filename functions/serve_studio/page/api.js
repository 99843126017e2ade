/** Requests to the API: the stack's addresses, the person's key, and problems as errors. */

import { setClock } from './clock.js';
import { isRefused } from './keycheck.js';
import { inBrowser, inTab } from './storage.js';

const KEY = 'ringback.key';
// API Gateway gives up after 30 s: no answer comes after that.
const ANSWERED_MS = 40_000;
// A timer that is set for more than 24 days runs at once.
const MAX_TOLD_MS = 86_400_000;

/** Where the API and the live line are; `serve_studio` writes it into the page. */
export const settings = JSON.parse(document.querySelector('meta[name=ringback-settings]').content);

let key = inTab.get(KEY) ?? inBrowser.get(KEY);

/**
 * What the API answered instead of doing it; `kind` is the end of the problem's type, such as `unknown-job`. A late one is about a former key.
 * `waitMs` is how long the API wants to be left alone.
 */
export class Problem extends Error {
  constructor({ kind, status = 0, detail = '', errors = [], isLate = false, waitMs = 0 }) {
    super(detail || kind);
    Object.assign(this, { kind, status, detail, errors, isLate, waitMs });
  }
}

export const currentKey = () => key;

/** Use a key for as long as the page is open. */
export function useKey(text) {
  key = text;
}

/** Keep the key in this tab, or in this browser. A key with the scope `admin` must never come here. */
export function keepKey({ forLong }) {
  (forLong ? inBrowser : inTab).set(KEY, key);
}

/** Tell whether another tab has signed out, with the key that this one took from the browser. */
export const isSignedOut = ({ key: name, oldValue, newValue }) => name === KEY && newValue === null && oldValue === key;

export function forgetKey() {
  key = null;
  inTab.remove(KEY);
  inBrowser.remove(KEY);
}

/**
 * Send a request and return its JSON.
 * @param {string} path with its query, from `/`
 * @param {{method?: string, body?: object, idempotencyKey?: string, isExact?: boolean, signal?: AbortSignal}} options
 *   `isExact` keeps whole numbers that JavaScript's numbers cannot hold, such as seeds, as BigInt
 * @throws {Problem}
 */
export async function call(path, { method = 'GET', body, idempotencyKey, isExact, signal } = {}) {
  // Whatever was left to do is not done by nobody.
  if (!key) throw new Problem({ kind: 'bad-key', isLate: true });
  const headers = { authorization: `Bearer ${key}` };
  if (body) headers['content-type'] = 'application/json';
  // A string of structured fields, as the draft of the header wants it.
  if (idempotencyKey) headers['idempotency-key'] = `"${idempotencyKey}"`;
  const signals = [AbortSignal.timeout(ANSWERED_MS), signal].filter(Boolean);
  const sent = { method, headers, signal: AbortSignal.any(signals), body: body && writeJson(body), cache: 'no-store' };
  const url = settings.api.replace(/\/$/, '') + path;
  const used = key;
  const fail = async (error) => {
    if (error.name === 'AbortError') throw error;
    throw new Problem({ kind: (await isRefused(settings.live, used)) ? 'bad-key' : 'no-answer', isLate: used !== key });
  };
  const answer = await fetch(url, sent).catch(fail);
  setClock(answer.headers.get('date'));
  // An answer may break off.
  const text = await answer.text().catch(fail);
  if (!answer.ok) throw problemOf(answer, text, used !== key);
  try {
    return text ? readJson(text, isExact) : null;
  } catch (error) {
    // Something between here and the API has answered in its place.
    return fail(error);
  }
}

/** Return a problem of an answer. API Gateway's own answers have a `message` only. */
function problemOf({ status, headers }, text, isLate) {
  let body;
  try {
    body = JSON.parse(text) ?? {};
  } catch {
    body = {};
  }
  const kind = body.type?.split('#')[1];
  if (kind === 'unauthorized' || (!kind && (status === 401 || status === 403))) return new Problem({ kind: 'bad-key', status, isLate });
  const waitMs = Math.min(MAX_TOLD_MS, Math.max(0, 1000 * headers.get('retry-after') || 0));
  if (status === 429) return new Problem({ kind: 'too-many', status, waitMs });
  return new Problem({ kind: kind ?? 'failed', status, detail: body.detail ?? body.message, errors: body.errors, waitMs });
}

function readJson(text, isExact) {
  if (!isExact) return JSON.parse(text);
  return JSON.parse(text, (_, value, context) =>
    typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source)
      ? BigInt(context.source)
      : value,
  );
}

/** Write JSON with BigInts as numbers, where the browser can (`JSON.rawJSON`). */
export function writeJson(value) {
  return JSON.stringify(value, (_, each) =>
    typeof each === 'bigint' ? (JSON.rawJSON ? JSON.rawJSON(String(each)) : Number(each)) : each,
  );
}
