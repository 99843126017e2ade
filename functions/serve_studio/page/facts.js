/** What is known of a picture and its job, as a list for people. */

import { call } from './api.js';
import { fill, h } from './dom.js';
import { promptOf } from './filters.js';
import { placeOf } from './links.js';
import { address } from './routes.js';
import { sentence } from './notices.js';
import { bytes, elapsed, has, moment, named, number, seconds, t } from './words.js';

export function factsOf({ job, image }) {
  const prompt = promptOf(job.input);
  return h(
    'div.about',
    {},
    prompt && h('p.prompt', {}, prompt),
    job.error && h('p.problem', {}, job.error.message, job.error.may_be_charged ? ` ${t('fact.charged')}` : ''),
    job.waiting_for && h('p.problem', {}, named('waits', job.waiting_for.reason)),
    section('fact.job', [
      ['fact.state', named('status', job.status)],
      ['fact.model', h('a', { href: address('pictures', { model: job.model }) }, job.model)],
      ['fact.provider', job.provider],
      ['fact.credits', job.credits ?? t('unknown')],
      ['fact.took', job.finished_at && elapsed(Date.parse(job.finished_at) - Date.parse(job.created_at))],
      ['fact.tags', job.tags?.length && job.tags.flatMap((tag) => [h('a.chip', { href: address('pictures', { tag }) }, tag), ' '])],
      ['fact.source', job.source && h('a', { href: address('drops', { file: job.source }) }, job.source, job.row ? ` · ${t('fact.row', { n: job.row })}` : '')],
      ['fact.retry', job.retry_of && h('a', { href: address('pictures', { open: `${job.retry_of}.1` }) }, job.retry_of)],
      ['fact.task', job.task_id],
      ['fact.id', h('code', {}, job.job_id)],
    ]),
    section('fact.parameters', Object.entries(job.input).filter(([, value]) => value !== prompt).map(([name, value]) => [name, shownValue(value)])),
    image && section('fact.file', fileFacts(image)),
    job.missing_images.length > 0 && section('fact.missing', job.missing_images.map((missing) => [`${missing.number}`, missingFact(missing)])),
    timelineOf(job),
  );
}

function section(title, facts) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== 0 && value !== false);
  if (!known.length) return null;
  const pairs = known.map(([name, value]) => h('div', {}, h('dt', {}, has(name) ? t(name) : name), h('dd', {}, ...[value].flat())));
  return h('section', {}, h('h2', {}, t(title)), h('dl', {}, pairs));
}

function shownValue(value) {
  if (!Array.isArray(value)) return typeof value === 'boolean' ? t(value ? 'yes' : 'no') : String(value);
  return h('ul', {}, value.map((each) => h('li', {}, /^https:\/\//.test(each) ? h('a', { href: each, target: '_blank', rel: 'noreferrer' }, each) : String(each))));
}

function fileFacts(image) {
  const place = placeOf(image.url, image.key);
  const { c2pa, iptc, aigc_label: label } = image.marks ?? {};
  const marks = [c2pa && 'C2PA', iptc, label && 'GB 45438'].filter(Boolean).join(', ');
  return [
    ['fact.size', `${number(image.width)} × ${number(image.height)} · ${bytes(image.bytes)} · ${image.content_type.split('/')[1].toUpperCase()}`],
    ['fact.marks', marks || t('fact.no-marks')],
    ['fact.damage', image.damaged && (image.damage ?? t('yes'))],
    ['fact.trailing', image.trailing_bytes && bytes(image.trailing_bytes)],
    ['fact.sha256', h('code', {}, image.sha256)],
    ['fact.s3', place.console ? h('a', { href: place.console, target: '_blank', rel: 'noreferrer' }, place.s3) : h('code', {}, place.s3)],
  ];
}

function missingFact({ reason, source_url: url, quarantined }) {
  const kept = quarantined.length ? ` ${t('fact.quarantined', { n: quarantined.length })}` : '';
  return [reason ?? t('fact.being-copied'), kept, url && h('a', { href: url, target: '_blank', rel: 'noreferrer' }, ` ${t('fact.provider-link')}`)];
}

/** The steps are read when somebody wants to see them. */
function timelineOf(job) {
  const list = h('ol.timeline', {}, h('li', {}, t('loading')));
  const load = async () => {
    try {
      const { steps } = await call(`/jobs/${job.job_id}/timeline`);
      fill(list, steps.map((step) => stepOf(step, Date.parse(steps[0].at))));
    } catch (problem) {
      fill(list, h('li.problem', {}, sentence(problem)));
    }
  };
  return h('details', { on: { toggle: ({ target }) => target.open && load() } }, h('summary', {}, t('fact.timeline')), list);
}

function stepOf({ step, at, key, ...details }, begin) {
  const passed = Date.parse(at) - begin;
  const words = Object.entries(details).filter(([, value]) => value !== null && typeof value !== 'object');
  return h(
    'li',
    {},
    h('span', {}, has(`step.${step}`) ? t(`step.${step}`) : named('status', step)),
    h('time', { dateTime: at, title: moment(at) }, passed ? `+${seconds(passed)}` : moment(at)),
    h('small', {}, words.map(([name, value]) => `${name.replaceAll('_', ' ')} ${value}`).join(' · ')),
  );
}
