/** What is kept of a job, and what of it lies on the table. */

import { now } from './clock.js';
import { promptOf } from './filters.js';

// Enough for a name; the whole prompt is in the job.
const MAX_WORDS = 160;
// A thumbnail is made within seconds. One that isn't there by then is not coming.
export const THUMBNAIL_MS = 60_000;

/** Tell whether a job is so old that what has no thumbnail is shown itself. */
export const isLate = (job) => now() - job.made > THUMBNAIL_MS;

/** A job that was only read again for its links looks the same. */
export const isSame = (one, other) => JSON.stringify({ ...one, page: 0 }) === JSON.stringify({ ...other, page: 0 });

/** Thousands of jobs are kept, so of each only what its tile needs. A thumbnail may be told of before the job's end. */
export function recordOf(job, page, made, known) {
  const thumbnails = known?.changes === job.changes ? known.images.filter((image) => image.hasThumbnail).map(({ key }) => key) : [];
  return {
    id: job.job_id,
    page,
    made,
    changes: job.changes,
    status: job.status,
    model: job.model,
    words: promptOf(job.input).slice(0, MAX_WORDS),
    fault: job.error?.message?.slice(0, MAX_WORDS),
    waits: job.waiting_for?.reason,
    images: job.images.map((image) => ({
      key: image.key,
      ratio: image.width / image.height,
      hasThumbnail: Boolean(image.thumbnail_key) || thumbnails.includes(image.key),
    })),
  };
}

/** Return what lies on the table of a job: its pictures, or the job itself. */
export function itemsOf(job) {
  if (!job.images.length || job.status === 'archiving') return [{ key: `${job.id}.0`, number: 0, job, ratio: 1 }];
  return job.images.map((image, index) => ({ key: `${job.id}.${index + 1}`, number: index + 1, job, image, ratio: image.ratio }));
}
