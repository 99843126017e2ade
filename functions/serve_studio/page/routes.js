/** The address after `#`: which view, with what filters. It never has a key. */

export const VIEWS = ['pictures', 'drops', 'account'];

/** @returns {{view: string, params: URLSearchParams}} */
export function route(hash = location.hash) {
  const [path, query = ''] = hash.replace(/^#\/?/, '').split('?');
  return { view: VIEWS.includes(path) ? path : VIEWS[0], params: new URLSearchParams(query) };
}

export function address(view, params = {}) {
  const query = new URLSearchParams(params).toString();
  return `#/${view}${query ? `?${query}` : ''}`;
}

/** Return the address of what is shown now, with some parameters changed; `null` removes one. */
export function changed(changes, hash = location.hash) {
  const { view, params } = route(hash);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') params.delete(name);
    else params.set(name, value);
  }
  return address(view, params);
}

/** Go to an address. `replace` leaves no step for the Back button. */
export function go(to, { replace = false } = {}) {
  if (to === location.hash) return;
  if (!replace) {
    location.hash = to;
    return;
  }
  history.replaceState(null, '', to);
  dispatchEvent(new HashChangeEvent('hashchange'));
}
