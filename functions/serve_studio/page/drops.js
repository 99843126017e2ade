/** The dropped files: how far each one is, its bad rows and its receipts. */

import { call } from './api.js';
import { stopwatch } from './clock.js';
import { fill, h, refill } from './dom.js';
import { ENDED, UNDER_WAY } from './filters.js';
import { lifetimeOf } from './links.js';
import { said, sentence, tellProblem, waiting } from './notices.js';
import { patiently } from './patience.js';
import { address, changed, route } from './routes.js';
import { moment, named, number, range, t } from './words.js';

// Events of jobs come in bursts; a file is read again once after each.
const TOGETHER_MS = 1500;

export function dropsView({ live, onProblem }) {
  const stop = new AbortController();
  const list = h('ul.cards', { role: 'list', ariaLabel: t('drops') });
  const more = h('button', { type: 'button', hidden: true, on: { click: () => load() } }, t('drops.more'));
  const detail = h('div.detail', { ariaLive: 'polite', tabIndex: -1 });
  const element = h('section.page', {}, h('h1', {}, t('drops')), h('p.hint', {}, t('drops.text')), detail, list, more);
  const shown = new Map();
  let cursor;
  let timer;
  let hasFailed = false;
  let leftAt = {};
  const changedFiles = new Set();

  async function load() {
    if (more.ariaDisabled === 'true') return;
    more.ariaDisabled = 'true';
    try {
      const query = new URLSearchParams({ limit: 25, ...(cursor && { cursor }) });
      const page = await patiently(() => call(`/drops?${query}`), { signal: stop.signal, isFree: true, onWait: (...wait) => say(waiting(...wait)) });
      cursor = page.cursor;
      hasFailed = false;
      fill(more, t('drops.more'));
      page.drops.forEach((drop) => put(drop));
      if (!shown.size) fill(list, h('li.empty-line', {}, t('drops.empty')));
      if (!cursor && more === document.activeElement) list.lastChild.querySelector('a')?.focus();
      more.hidden = !cursor;
    } catch (problem) {
      if (stop.signal.aborted) return;
      onProblem(problem);
      say(sentence(problem));
      hasFailed = true;
      fill(more, t('again'));
      more.hidden = false;
    }
    more.ariaDisabled = 'false';
  }

  const say = (words) => shown.size || fill(list, h('li.problem', {}, words));

  function put(drop, { isFirst = false } = {}) {
    const card = cardOf(drop);
    // A file that is uploaded again is another drop.
    const key = `${drop.file}@${drop.version}`;
    const before = shown.get(key);
    const hadFocus = before?.contains(document.activeElement);
    // What stands there is no file.
    if (!shown.size) list.replaceChildren();
    shown.set(key, card);
    if (before) before.replaceWith(card);
    else if (isFirst) list.prepend(card);
    else list.append(card);
    if (hadFocus) card.querySelector('a').focus();
  }

  let turn = 0;

  async function showFile(params, { isAgain = false } = {}) {
    const [file, version] = [params.get('file'), params.get('version')];
    turn += 1;
    const own = turn;
    if (!isAgain) showDetail(file && h('p', {}, t('loading')));
    if (!file) return;
    const answer = await call(pathOf(file, version)).catch((problem) => ({ problem }));
    // The file that was asked for last is shown, whichever answer comes last.
    if (own !== turn || stop.signal.aborted) return;
    const { problem } = answer;
    const again = h('button', { type: 'button', on: { click: () => showFile(params) } }, t('again'));
    showDetail(problem ? h('div', {}, h('p.problem', {}, sentence(problem)), again) : detailOf(answer));
    if (problem?.kind === 'bad-key') onProblem(problem);
    // It stands above the files, and may be out of sight.
    if (!isAgain) detail.scrollIntoView({ block: 'nearest' });
  }

  /** Who closes it goes on where it was opened. */
  function showDetail(content) {
    const { file, version } = leftAt;
    const opener = shown.get(`${file}@${version}`)?.querySelector('a');
    refill(detail, [content], content ? detail : (opener ?? list.querySelector('a') ?? detail));
    const { params } = route();
    if (params.has('file')) leftAt = { file: params.get('file'), version: params.get('version') };
  }

  /** Something happened to a file's job: read how far the file is. */
  function onEvent({ type, data }) {
    if (!data.source || !/^ringback\.(job|drop)\./.test(type)) return;
    changedFiles.add(data.source);
    timer ??= setTimeout(readChanged, TOGETHER_MS);
  }

  async function readChanged() {
    const files = [...changedFiles];
    changedFiles.clear();
    const read = (file) => patiently(() => call(pathOf(file)), { signal: stop.signal, isFree: true });
    for (const file of files) await read(file).then((drop) => put(drop, { isFirst: true }), () => {});
    timer = changedFiles.size && !stop.signal.aborted ? setTimeout(readChanged, TOGETHER_MS) : undefined;
    const { params } = route();
    if (files.includes(params.get('file'))) showFile(params, { isAgain: true });
  }

  /** What was missed and is not told any more, or could not be read, is read again. */
  async function catchUp({ isResumed, complete }) {
    if (hasFailed && !shown.size) load();
    if (!isResumed || complete) return;
    const page = await patiently(() => call('/drops?limit=25'), { signal: stop.signal, isFree: true }).catch(() => ({ drops: [] }));
    page.drops.reverse().forEach((drop) => put(drop, { isFirst: true }));
    showFile(route().params, { isAgain: true });
  }

  live.addEventListener('event', ({ detail: event }) => onEvent(event), { signal: stop.signal });
  live.addEventListener('following', ({ detail }) => catchUp(detail), { signal: stop.signal });
  load();
  return {
    element,
    update: (params) => showFile(params),
    close() {
      stop.abort();
      clearTimeout(timer);
    },
  };
}

function pathOf(file, version, cursor) {
  const query = new URLSearchParams({ ...(version && { version }), ...(cursor && { cursor }) }).toString();
  return `/drops/${file.split('/').map(encodeURIComponent).join('/')}${query ? `?${query}` : ''}`;
}

function cardOf(drop) {
  const link = h('a', { href: changed({ file: drop.file, version: drop.version }) }, drop.file);
  const head = h('div.head', {}, link, h('span.hint', {}, drop.dropped_at ? moment(drop.dropped_at) : ''));
  return h('li.drop', {}, head, progressOf(drop), drop.fault && h('p.problem', {}, said(drop.fault)));
}

/** How many jobs are done, under way and failed, as a bar and in words. */
function progressOf({ rows, bad_rows: bad, jobs, state, credits, estimate, dry_run: isDryRun }) {
  const sum = (states) => states.reduce((total, each) => total + (jobs[each] ?? 0), 0);
  const [done, underWay] = [jobs.succeeded ?? 0, sum(UNDER_WAY)];
  const failed = sum(ENDED) - done;
  const all = Math.max(rows, done + underWay + failed + bad, 1);
  const part = (name, count) => {
    const piece = h(`span.${name}`);
    piece.style.width = `${(100 * count) / all}%`;
    return piece;
  };
  const words = [
    isDryRun ? t('drops.dry-run') : named('drop', state),
    t('drops.rows', { n: rows }),
    done > 0 && t('drops.done', { n: done }),
    underWay > 0 && t('drops.under-way', { n: underWay }),
    failed > 0 && t('drops.failed', { n: failed }),
    bad > 0 && t('drops.bad', { n: bad }),
    credits !== null && t('drops.credits', { credits: number(credits) }),
    estimate && estimate.credits_low !== null && t('price.credits', { credits: range(estimate.credits_low, estimate.credits_high) }),
  ].filter(Boolean);
  const bar = h('div.progress', { ariaHidden: 'true' }, part('done', done), part('running', underWay), part('failed', failed + bad));
  return h('div', {}, bar, h('p', {}, words.join(' · ')));
}

function detailOf(drop) {
  const receipts = drop.receipts.map((receipt) => h('li', {}, receipt.url ? receiptLink(drop, receipt) : receipt.key));
  return h(
    'article.card',
    {},
    h('header', {}, h('h2', {}, drop.file), h('a.button', { href: changed({ file: null, version: null }) }, t('close'))),
    progressOf(drop),
    h('a', { href: address('pictures', { source: drop.file }) }, t('drops.pictures')),
    drop.bad.length > 0 && badRows(drop),
    receipts.length > 0 && h('section', {}, h('h3', {}, t('drops.receipts')), h('ul', {}, receipts)),
  );
}

/** The link that is followed is one that works, however long the page has been open. */
function receiptLink(drop, { key, url }) {
  const age = stopwatch();
  const follow = async (event) => {
    if (age() < lifetimeOf(url)) return;
    event.preventDefault();
    const fresh = await call(pathOf(drop.file, drop.version)).catch(tellProblem);
    const found = fresh?.receipts.find((receipt) => receipt.key === key);
    if (found) location.assign(found.url);
  };
  return h('a', { href: url, rel: 'noreferrer', on: { click: follow } }, key);
}

function badRows(drop) {
  const head = h('thead', {}, h('tr', {}, ['drops.row', 'drops.errors'].map((key) => h('th', { scope: 'col' }, t(key)))));
  const body = h('tbody', {}, drop.bad.map(badRow));
  let { cursor } = drop;
  const load = async () => {
    if (more.ariaDisabled === 'true') return;
    more.ariaDisabled = 'true';
    const next = await call(pathOf(drop.file, drop.version, cursor)).catch((problem) => void tellProblem(problem));
    more.ariaDisabled = 'false';
    if (!next) return;
    cursor = next.cursor;
    body.append(...next.bad.map(badRow));
    more.hidden = !cursor;
  };
  const more = h('button', { type: 'button', hidden: !cursor, on: { click: load } }, t('drops.more'));
  return h('section', {}, h('h3', {}, t('drops.bad-rows')), h('table', {}, head, body), more);
}

function badRow({ row, prompt, errors }) {
  const wrong = errors.map(({ field, message }) => h('p', {}, field && h('code', {}, field), ' ', said(message)));
  return h('tr', {}, h('th', { scope: 'row' }, row ? number(row) : '–'), h('td', {}, prompt && h('p.hint', {}, prompt), wrong));
}
