/** What is known of a picture and its job, as a list for people. */

import { call } from './api.js';
import { fill, h } from './dom.js';
import { promptOf } from './filters.js';
import { placeOf } from './links.js';
import { address } from './routes.js';
import { said, sentence } from './notices.js';
import { bytes, elapsed, has, moment, named, number, seconds, t } from './words.js';

export function factsOf({ job, image }) {
  const prompt = promptOf(job.input);
  const { error, waiting_for: waits, missing_images: missing } = job;
  return h(
    'div.about',
    {},
    prompt && h('p.prompt', { dir: 'auto' }, prompt),
    error && h('p.problem', {}, said(error.message), error.may_be_charged ? ` ${t('fact.charged')}` : ''),
    waits && h('p.problem', {}, named('waits', waits.reason)),
    section('fact.job', jobFacts(job)),
    section('fact.parameters', parametersOf(job.input, prompt)),
    image && section('fact.file', fileFacts(image)),
    missing.length > 0 && section('fact.missing', missing.map((each) => [`${each.number}`, missingFact(each)])),
    timelineOf(job),
  );
}

const parametersOf = (input, prompt) =>
  Object.entries(input).filter(([, value]) => value !== prompt).map(([name, value]) => [name, shownValue(value)]);

function jobFacts(job) {
  const { source, row, tags = [], retry_of: first } = job;
  return [
    ['fact.state', named('status', job.status)],
    ['fact.model', h('a', { href: address('pictures', { model: job.model }) }, job.model)],
    ['fact.provider', job.provider],
    ['fact.credits', job.credits ?? t('unknown')],
    ['fact.posted', moment(job.created_at)],
    ['fact.took', job.finished_at && elapsed(Date.parse(job.finished_at) - Date.parse(job.created_at))],
    ['fact.tags', tags.length > 0 && tags.flatMap((tag) => [h('a.chip', { href: address('pictures', { tag }) }, tag), ' '])],
    ['fact.source', source && h('a', { href: address('drops', { file: source }) }, source, row ? ` · ${t('fact.row', { n: row })}` : '')],
    ['fact.retry', first && h('a', { href: address('pictures', { open: `${first}.1` }) }, first)],
    ['fact.task', job.task_id],
    ['fact.id', h('code', {}, job.job_id)],
  ];
}

function section(title, facts) {
  const known = facts.filter(([, value]) => value !== null && value !== undefined && value !== '' && value !== 0 && value !== false);
  if (!known.length) return null;
  const pairs = known.map(([name, value]) => h('div', {}, h('dt', {}, has(name) ? t(name) : name), h('dd', {}, ...[value].flat())));
  return h('section', {}, h('h2', {}, t(title)), h('dl', {}, pairs));
}

function shownValue(value) {
  if (!Array.isArray(value)) return typeof value === 'boolean' ? t(value ? 'yes' : 'no') : String(value);
  return h('ul', {}, value.map((each) => h('li', {}, /^https:\/\//.test(each) ? outside(each, each) : String(each))));
}

const outside = (href, text) => h('a', { href, target: '_blank', rel: 'noreferrer' }, text);

function fileFacts(image) {
  const place = placeOf(image.url, image.key);
  const { c2pa, iptc, aigc_label: label } = image.marks ?? {};
  const marks = [c2pa && 'C2PA', iptc, label && 'GB 45438'].filter(Boolean).join(', ');
  return [
    ['fact.size', `${number(image.width)} × ${number(image.height)} · ${bytes(image.bytes)} · ${image.extension.toUpperCase()}`],
    ['fact.marks', marks || t('fact.no-marks')],
    ['fact.damage', image.damaged && (said(image.damage) ?? t('yes'))],
    ['fact.trailing', image.trailing_bytes && bytes(image.trailing_bytes)],
    ['fact.sha256', h('code', {}, image.sha256)],
    ['fact.s3', place.console ? outside(place.console, place.s3) : h('code', {}, place.s3)],
  ];
}

function missingFact({ reason, source_url: url, quarantined }) {
  const kept = quarantined.length ? ` ${t('fact.quarantined', { n: quarantined.length })}` : '';
  return [said(reason) ?? t('fact.being-copied'), kept, url && outside(url, ` ${t('fact.provider-link')}`)];
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
