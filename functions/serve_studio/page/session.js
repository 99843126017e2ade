/** Who is signed in: the client, what its key may do, and its providers and receivers. */

import { call, currentKey, forgetKey, keepKey, useKey } from './api.js';

let account;
let client;
let asked = 0;

/** The last answer of `GET /account`; `undefined` until there is one. */
export const knownAccount = () => account;

/** Fires `account` on the window, and `forget` if it is another client's: what was typed is not theirs. */
export async function loadAccount() {
  asked += 1;
  const turn = asked;
  const answer = await call('/account');
  // The answer to a later request, or for another key, is the one that counts.
  if (turn !== asked) return answer;
  account = answer;
  if (client && client !== account.client) dispatchEvent(new Event('forget'));
  client = account.client;
  dispatchEvent(new Event('account'));
  return account;
}

/** Unknown scopes may do everything: the API has the last word. */
export const may = (scope, of = account) => of?.scopes?.includes(scope) ?? true;

/**
 * Sign in with a key that somebody typed. An admin key is not stored anywhere.
 * @throws {Problem} if the API does not know the key; it is forgotten then
 */
export async function signIn(key, { forLong }) {
  const before = currentKey();
  let own;
  useKey(key);
  try {
    own = await loadAccount();
  } catch (problem) {
    useKey(before);
    throw problem;
  }
  if (!may('admin', own)) keepKey({ forLong });
}

/** @param {{isWanted: boolean}} options `false` if the key was refused: its client, if it is known, may come back with another one */
export function signOut({ isWanted }) {
  account = undefined;
  asked += 1;
  forgetKey();
  if (isWanted || !client) dispatchEvent(new Event('forget'));
}
