/** Brings images into the drop bucket, so that requests can use them. */

import { call } from './api.js';
import { patiently } from './patience.js';

const MAX_BYTES = 10 * 1024 * 1024;
const AT_ONCE = 3;
// Slower than this, an upload is stuck rather than slow.
const MIN_BYTES_PER_MS = 20;
const BEGINNING_MS = 30_000;
export const TYPES = ['image/jpeg', 'image/png', 'image/webp'];

/** What keeps a file from being uploaded. */
export class BadFile extends Error {}

/** Return what keeps a file from being uploaded, before it is read: `type`, `size` or `null`. */
export function faultOf({ type, size }) {
  if (!TYPES.includes(type)) return 'type';
  return size > MAX_BYTES ? 'size' : null;
}

const waiting = [];
let running = 0;

/**
 * Upload a file without such a fault, unless S3 has it already, and return its `s3://` URL. Few are uploaded at a time.
 * @param {Blob} file
 * @param {AbortSignal} signal
 * @throws {BadFile} `unreadable`, `refused` by S3, `broken` off, or `stalled`
 */
export async function upload(file, signal) {
  if (running < AT_ONCE) running += 1;
  else await new Promise((resolve) => waiting.push(resolve));
  try {
    return await uploadNow(file, signal);
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running -= 1;
  }
}

async function uploadNow(file, signal) {
  signal.throwIfAborted();
  // What is sent is what was read: the file may change.
  const content = await file.arrayBuffer().catch(() => Promise.reject(new BadFile('unreadable')));
  const image = new Blob([content], { type: file.type });
  const body = { sha256: await hexSha256(image), bytes: image.size, content_type: image.type };
  for (let isAgain = false; ; isAgain = true) {
    const opened = await patiently(() => call('/uploads', { method: 'POST', body, signal }), { signal });
    if (opened.uploaded) return opened.image;
    const { ok, status } = await send(image, opened, signal);
    if (ok) return opened.image;
    // S3 takes the form for some minutes only, which pass if the computer sleeps.
    if (status !== 403 || isAgain) throw new BadFile('refused');
  }
}

async function send(image, { url, fields }, signal) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  // S3 ignores every field that follows the file.
  body.append('file', image);
  const stalled = AbortSignal.timeout(BEGINNING_MS + image.size / MIN_BYTES_PER_MS);
  try {
    return await fetch(url, { method: 'POST', body, signal: AbortSignal.any([signal, stalled]) });
  } catch {
    signal.throwIfAborted();
    throw new BadFile(stalled.aborted ? 'stalled' : 'broken');
  }
}

/** Return an image of a job as a file; `null` if it can't be loaded. */
export async function fileOf({ url, key, content_type: type }) {
  if (!url) return null;
  try {
    // The copy that the page shows is cached without the headers that reading it needs.
    const answer = await fetch(url, { cache: 'no-store' });
    return answer.ok ? new File([await answer.blob()], key.split('/').slice(-2).join('-'), { type }) : null;
  } catch {
    return null;
  }
}

/** @param {Blob} blob */
export async function hexSha256(blob) {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
