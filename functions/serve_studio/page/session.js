/** Who is signed in: the client, what its key may do, and its providers and receivers. */

import { call, currentKey, forgetKey, keepKey, useKey } from './api.js';

let account;

/** The last answer of `GET /account`; `undefined` until there is one. */
export const knownAccount = () => account;

export async function loadAccount() {
  account = await call('/account');
  return account;
}

/** Unknown scopes may do everything: the API has the last word. */
export const may = (scope) => account?.scopes?.includes(scope) ?? true;

/**
 * Sign in with a key that somebody typed. An admin key is not stored anywhere.
 * @throws {Problem} if the API does not know the key; it is forgotten then
 */
export async function signIn(key, { forLong }) {
  const before = currentKey();
  useKey(key);
  try {
    await loadAccount();
  } catch (problem) {
    useKey(before);
    throw problem;
  }
  if (!may('admin')) keepKey({ forLong });
}

export function signOut() {
  account = undefined;
  forgetKey();
}
