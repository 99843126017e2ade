/** Brings images into the drop bucket, so that requests can use them. */

import { call } from './api.js';

const MAX_BYTES = 10 * 1024 * 1024;
export const TYPES = ['image/jpeg', 'image/png', 'image/webp'];

/** What keeps a file from being uploaded. */
export class BadFile extends Error {}

/** Return what keeps a file from being uploaded, before it is read: `type`, `size` or `null`. */
export function faultOf({ type, size }) {
  if (!TYPES.includes(type)) return 'type';
  return size > MAX_BYTES ? 'size' : null;
}

/**
 * Upload a file without such a fault, unless S3 has it already, and return its `s3://` URL.
 * @param {Blob} file
 * @throws {BadFile} `refused` by S3
 */
export async function upload(file) {
  const wanted = { sha256: await hexSha256(file), bytes: file.size, content_type: file.type };
  const { image, uploaded, url, fields } = await call('/uploads', { method: 'POST', body: wanted });
  if (uploaded) return image;
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  // S3 ignores every field that follows the file.
  form.append('file', file);
  const answer = await fetch(url, { method: 'POST', body: form }).catch(() => null);
  if (!answer?.ok) throw new BadFile('refused');
  return image;
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
