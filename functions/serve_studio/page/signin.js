/** The first thing that anybody sees: asks for a key. */

import { fill, h } from './dom.js';
import { sentence } from './notices.js';
import { signIn } from './session.js';
import { languageSwitch } from './shell.js';
import { t } from './words.js';

/** @param {{why?: string, onDone: () => void}} options `why` says why one has to sign in again */
export function signInView({ why, onDone }) {
  const key = h('input', {
    type: 'password',
    id: 'key',
    name: 'key',
    autocomplete: 'off',
    required: true,
    spellcheck: false,
    'aria-describedby': 'key-hint key-problem',
  });
  const keep = h('input', { type: 'checkbox', id: 'keep' });
  const problem = h('p.problem', { id: 'key-problem', role: 'alert' }, why ?? '');
  const button = h('button.primary', { type: 'submit' }, t('signin.go'));
  const send = async (event) => {
    event.preventDefault();
    button.disabled = true;
    problem.textContent = '';
    try {
      // A key has ASCII only; anything else cannot even be sent.
      const text = key.value.trim();
      if (!/^[!-~]+$/.test(text)) throw new TypeError('key');
      await signIn(text, { forLong: keep.checked });
      onDone();
    } catch (error) {
      fill(problem, error instanceof TypeError ? t('problem.bad-key') : sentence(error));
      button.disabled = false;
      key.focus();
    }
  };
  const form = h(
    'form.card',
    { on: { submit: send } },
    h('h1', {}, t('signin.title')),
    h('p', {}, t('signin.text')),
    h('label', { htmlFor: 'key' }, t('signin.key')),
    key,
    h('p.hint', { id: 'key-hint' }, t('signin.hint')),
    h('label.check', {}, keep, h('span', {}, t('signin.keep'))),
    problem,
    button,
    languageSwitch(),
  );
  queueMicrotask(() => key.focus());
  return h('main.signin', {}, form);
}
