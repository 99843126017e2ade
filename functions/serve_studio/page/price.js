/** What a request will cost, before it is sent: asked by dry run while somebody types. */

import { call } from './api.js';
import { fill, h } from './dom.js';
import { sentence, waiting } from './notices.js';
import { patiently } from './patience.js';
import { knownAccount } from './session.js';
import { named, range, t } from './words.js';

const TYPING_MS = 500;

/** @param {{onErrors: (errors: object[]) => void}} options what the API finds wrong with the request */
export function priceOf({ onErrors }) {
  const element = h('div.price', { role: 'status' }, t('price.later'));
  let timer;
  let running;
  let pausedUntil = 0;
  const onWait = (n, problem) => {
    pausedUntil = performance.now() + 1000 * n;
    fill(element, waiting(n, problem));
  };
  const ask = async (body) => {
    running = new AbortController();
    const { signal } = running;
    try {
      const post = () => call('/jobs?dry_run=true', { method: 'POST', body, signal });
      const { estimate, provider } = await patiently(post, { signal, isFree: true, onWait });
      onErrors([]);
      fill(element, h('p', {}, estimate ? words(estimate) : t('price.unknown')), accountWords(provider, estimate));
    } catch (problem) {
      if (problem.name === 'AbortError') return;
      onErrors(problem.errors ?? []);
      fill(element, problem.errors?.length ? t('price.later') : sentence(problem));
    }
  };
  return {
    element,
    /** @param {object|null} body `null` while something is missing or wrong */
    update(body) {
      clearTimeout(timer);
      running?.abort();
      if (body) timer = setTimeout(() => ask(body), Math.max(TYPING_MS, pausedUntil - performance.now()));
      else fill(element, t('price.later'));
    },
  };
}

function words({ credits_low: low, credits_high: high, images, noted_on: day }) {
  return h('span', {}, h('strong', {}, t('price.credits', { credits: range(low, high) })), ` ${t('price.for', { n: images, day })}`);
}

function accountWords(name, estimate) {
  const provider = knownAccount()?.providers?.find((each) => each.provider === name);
  if (!provider) return null;
  if (provider.state !== 'open') return h('p.problem', {}, t('price.paused', { provider: name, why: named('waits', provider.reason) }));
  if (provider.credits === null || provider.credits === undefined) return null;
  const isTooLittle = estimate && provider.credits < estimate.credits_low;
  return h(isTooLittle ? 'p.problem' : 'p.hint', {}, t('price.left', { n: provider.credits }));
}
