/** Links to thumbnails: signed, so they expire; kept for what was seen last, so that memory stays bounded. */

import { stopwatch } from './clock.js';

const MAX_KEPT = 1500;
// The API gives out the same link for a quarter of an hour, so a new one may be that old.
const MAX_AGE_MS = 900_000;
// An image that fails again so soon after its link was renewed is gone; more links don't help.
const RETRY_MS = 300_000;

export class Links {
  #urls = new Map();
  #renewed = new Map();

  set(key, url) {
    this.#urls.delete(key);
    this.#urls.set(key, { url, age: stopwatch(), lifetime: lifetimeOf(url) });
    trim(this.#urls);
  }

  /** Return the link, `undefined` if there is none that still works. */
  get(key) {
    const link = this.#urls.get(key);
    return link && link.age() < link.lifetime ? link.url : undefined;
  }

  /** Drop a link that did not work; tell whether another one is worth a try. */
  drop(key) {
    if (performance.now() - this.#renewed.get(key) < RETRY_MS) return false;
    this.#urls.delete(key);
    this.#renewed.set(key, performance.now());
    trim(this.#renewed);
    return true;
  }

  clear() {
    this.#urls.clear();
  }
}

function trim(map) {
  if (map.size > MAX_KEPT) map.delete(map.keys().next().value);
}

/** Return for how many milliseconds a new link works at least. The computer's clock may be wrong, so it is not asked. */
export function lifetimeOf(url) {
  const seconds = Number(new URL(url).searchParams.get('X-Amz-Expires')) || 3600;
  return Math.max(seconds * 500, seconds * 1000 - MAX_AGE_MS);
}

/** Return where a link's object is in S3, by the link alone: a bucket is a part of the host or of the path. */
export function placeOf(url, key) {
  const { host, pathname } = new URL(url);
  const path = decodeURIComponent(pathname.slice(1));
  const own = host.match(/^(.+)\.s3[.-]?([a-z0-9-]*)\.amazonaws\.com/);
  const bucket = path.startsWith(key) ? (own?.[1] ?? host.split('.')[0]) : path.split('/')[0];
  const region = host.match(/s3[.-]([a-z]+-[a-z-]+-\d)\.amazonaws/)?.[1] ?? 'us-east-1';
  const query = new URLSearchParams({ region, prefix: key });
  const console_ = host.endsWith('.amazonaws.com') ? `https://console.aws.amazon.com/s3/object/${bucket}?${query}` : null;
  return { s3: `s3://${bucket}/${key}`, console: console_ };
}
