/** What stands where there are no pictures: there are none yet, none match, or they could not be read. */

import { h, refill } from './dom.js';
import { sentence } from './notices.js';
import { changed } from './routes.js';
import { may } from './session.js';
import { t } from './words.js';

/** @param {object} bar the filters, which get the focus where there is nothing else to go on with */
export function gapsOf(store, bar) {
  const empty = h('div.empty', { hidden: true });
  const trouble = h('div.trouble');
  let known;

  function update() {
    showTrouble();
    const hadFocus = empty.contains(document.activeElement);
    const isFiltered = Object.keys(store.filters).length > 0;
    empty.hidden = store.items.length > 0 || Boolean(store.problem) || !(store.isComplete || isFiltered);
    if (!empty.hidden) refill(empty, store.isComplete ? nothing(isFiltered) : [h('p', { role: 'status' }, t('empty.searching'))], bar);
    else if (hadFocus) bar.focus();
  }

  function nothing(isFiltered) {
    const first = may('jobs:write') && h('a.button.primary', { href: changed({ make: 'first' }) }, t('make.first'));
    return [h('p', {}, t(isFiltered ? 'empty.filtered' : 'empty.first')), isFiltered ? bar.clearLink() : first];
  }

  /** Below the pictures, where the others would be. */
  function showTrouble() {
    const { problem } = store;
    if (problem === known) return;
    known = problem;
    const again = () => {
      store.resume({ isWanted: true });
      store.more();
    };
    const button = problem && h('button', { type: 'button', on: { click: again } }, t('again'));
    refill(trouble, [problem && h('p.problem', {}, sentence(problem)), button], bar);
  }

  return { elements: [empty, trouble], update };
}
