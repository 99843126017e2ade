/** What the gallery is limited to: read from the address, sent to `GET /jobs`, and asked of each live event. */

export const FILTERS = ['q', 'model', 'status', 'tag', 'source', 'from', 'to'];
export const UNDER_WAY = ['accepted', 'submitting', 'running', 'archiving'];
export const ENDED = ['succeeded', 'failed', 'expired', 'archive_failed', 'cancelled'];

/** @param {URLSearchParams} params of the address */
export function filtersOf(params) {
  return Object.fromEntries(FILTERS.map((name) => [name, params.get(name)]).filter(([, value]) => value));
}

/** Days are the person's own, and the last one is meant as a whole; the API's `to` is exclusive. */
export function queryOf({ from, to, ...others }) {
  return { ...others, ...(from && { from: startOf(from) }), ...(to && { to: startOf(to, 1) }) };
}

/** Tell whether a job, as the API shows it, belongs to what is shown. */
export function matches(job, filters) {
  const { q, model, status, tag, source, from, to } = queryOf(filters);
  const prompt = folded(promptOf(job.input));
  return (
    (!q || folded(q).split(/\s+/).every((word) => prompt.includes(word))) &&
    (!model || job.model === model) &&
    (status ? status.split(',').includes(job.status) : job.status !== 'deleting') &&
    (!tag || tag.split(',').every((each) => (job.tags ?? []).some((own) => own.normalize() === each.trim().normalize()))) &&
    (!source || job.source === source.replace(/^s3:\/\/[^/]+\//, '')) &&
    (!from || Date.parse(job.created_at) >= Date.parse(from)) &&
    (!to || Date.parse(job.created_at) < Date.parse(to))
  );
}

/** As the API does it: neither case nor a character's forms make a difference. */
const folded = (text) => text.toLowerCase().normalize('NFKC');

/** The providers have two names for it. */
export const promptOf = (input) => String(input?.prompt ?? input?.ref_prompt ?? '');

/** Return when a day begins here, or one some days later; anything else is the API's to judge. */
function startOf(day, later = 0) {
  const parts = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day);
  return parts ? new Date(Number(parts[1]), parts[2] - 1, Number(parts[3]) + later).toISOString() : day;
}
