/** The client's account: credits, what is paused and why, deliveries that fail, and the buttons that mend it. */

import { call } from './api.js';
import { fill, h, refill } from './dom.js';
import { sentence, tell, waiting } from './notices.js';
import { patiently } from './patience.js';
import { loadAccount, may } from './session.js';
import { moment, named, number, t } from './words.js';

export function accountView({ live, onProblem }) {
  const stop = new AbortController();
  const content = h('div.cards', { ariaBusy: 'true', tabIndex: -1 }, h('p', {}, t('loading')));
  const who = h('p.hint');
  const element = h('section.page', {}, h('h1', {}, t('account')), who, content);

  let loads = 0;
  let hasFailed = false;
  let reading;

  /** Events come faster than answers: the answer to the last request is shown. */
  async function load() {
    loads += 1;
    const turn = loads;
    reading?.abort();
    reading = new AbortController();
    try {
      const onWait = (...wait) => turn === loads && refill(content, [h('p.problem', {}, waiting(...wait))], content);
      const account = await patiently(loadAccount, { signal: AbortSignal.any([stop.signal, reading.signal]), isFree: true, onWait });
      hasFailed = false;
      if (turn !== loads) return;
      fill(who, t('account.who', { client: account.client, scopes: account.scopes.join(', ') }));
      const cards = [
        h('h2', {}, t('account.providers')),
        account.providers.map((provider) => providerCard(provider, mend)),
        h('h2', {}, t('account.receivers')),
        account.receivers.map((receiver) => receiverCard(receiver, mend)),
        !account.receivers.length && h('p.hint', {}, t('account.no-receivers')),
      ];
      refill(content, cards, content);
    } catch (problem) {
      if (turn !== loads || stop.signal.aborted) return;
      hasFailed = true;
      refill(content, [h('p.problem', {}, sentence(problem)), h('button', { type: 'button', on: { click: load } }, t('again'))], content);
      if (problem.kind === 'bad-key') onProblem(problem);
    }
    content.ariaBusy = 'false';
  }

  async function mend(path, done) {
    try {
      await call(path, { method: 'POST' });
      tell(done);
      await load();
    } catch (problem) {
      onProblem(problem);
    }
  }

  const isAboutIt = ({ type }) => /^ringback\.(account|receiver)\./.test(type);
  live.addEventListener('event', ({ detail }) => isAboutIt(detail) && load(), { signal: stop.signal });
  const isMissing = ({ isResumed, complete }) => hasFailed || (isResumed && !complete);
  live.addEventListener('following', ({ detail }) => isMissing(detail) && load(), { signal: stop.signal });
  return { element, update: load, close: () => stop.abort() };
}

function providerCard({ name, state, reason, since, until, credits, credits_at: at }, mend) {
  const isOpen = state === 'open';
  const ends = until ? t('account.until', { until: moment(until) }) : '';
  const resume = () => mend(`/providers/${encodeURIComponent(name)}/resume`, t('account.resumed'));
  return h(
    'article.account',
    { 'data-state': state },
    h('header', {}, h('h3', {}, name), h('span.badge', {}, t(`account.${state}`))),
    creditsOf(credits, at),
    !isOpen && h('p.problem', {}, [named('waits', reason), t('account.since', { since: moment(since) }), ends].join(' ')),
    !isOpen && h('p.hint', {}, t('account.waiting')),
    !isOpen && may('admin') && h('button', { type: 'button', on: { click: resume } }, t('account.resume')),
    !isOpen && !may('admin') && h('p.hint', {}, t('account.needs-admin')),
  );
}

function creditsOf(credits, at) {
  if (credits === null || credits === undefined) return h('p', {}, t('account.no-credits'));
  return h('p.credits', {}, h('strong', {}, number(credits)), ` ${t('account.credits')}`, at && h('span.hint', {}, ` ${moment(at)}`));
}

function receiverCard({ id, url, state, since, failing_since: failing }, mend) {
  const resume = () => mend(`/account/receivers/${encodeURIComponent(id)}/resume`, t('account.receiver-on'));
  const status = state === 'on' && failing ? 'failing' : state;
  return h(
    'article.account',
    { 'data-state': status === 'on' ? 'open' : status },
    h('header', {}, h('h3', {}, url), h('span.badge', {}, t(`receiver.${status}`))),
    failing && h('p.problem', {}, t('account.failing-since', { since: moment(failing) })),
    state === 'off' && h('p.problem', {}, t('account.off-since', { since: moment(since) })),
    state === 'off' && may('jobs:write') && h('button', { type: 'button', on: { click: resume } }, t('account.receiver-resume')),
    state === 'off' && !may('jobs:write') && h('p.hint', {}, t('no-scope', { scope: 'jobs:write' })),
  );
}
