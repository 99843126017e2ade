/** Brings images into the drop bucket, so that requests can use them. */

import { call } from './api.js';

const MAX_BYTES = 10 * 1024 * 1024;
export const TYPES = ['image/jpeg', 'image/png', 'image/webp'];

/** What keeps a file from being uploaded. */
export class BadFile extends Error {}

/**
 * Upload a file, unless S3 has it already, and return its `s3://` URL.
 * @param {Blob} file
 * @throws {BadFile} `type` or `size`, or `refused` by S3
 */
export async function upload(file) {
  if (!TYPES.includes(file.type)) throw new BadFile('type');
  if (file.size > MAX_BYTES) throw new BadFile('size');
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

/** @param {Blob} blob */
export async function hexSha256(blob) {
  const digest = await crypto.subtle.digest('SHA-256', await blob.arrayBuffer());
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
