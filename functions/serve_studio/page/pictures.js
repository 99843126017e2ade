/** The view of all pictures: filters, the table, the open picture, and the form beside it. */

import { fill, h, icon, transition } from './dom.js';
import { filterBar } from './filterbar.js';
import { filtersOf } from './filters.js';
import './gallery.js';
import { gapsOf } from './gaps.js';
import { JobStore } from './jobs.js';
import { count, said, sentence, tell } from './notices.js';
import { changed, go, route } from './routes.js';
import { may } from './session.js';
import { t } from './words.js';

const MAKE_KEYS = ['make', 'like', 'use'];

export function picturesView({ live, onProblem }) {
  const store = new JobStore();
  let loaded;
  // Drawing takes a while: meanwhile, the pictures come.
  load(filtersOf(route().params));
  const stop = new AbortController();
  const { signal } = stop;
  const table = h('light-table');
  table.store = store;
  const panel = h('aside.panel', { hidden: true, ariaLabel: t('make.title') });
  const bar = filterBar(signal);
  const gaps = gapsOf(store, bar);
  const element = h('section.pictures', {}, h('h1.unseen', {}, t('pictures')), bar.element, h('div.table', {}, table, gaps.elements), panel);
  const own = new Set();
  let picture;
  let form;
  let begun;
  let brought = [];
  const tableBegun = new Promise((resolve) => table.addEventListener('begun', resolve, { once: true }));

  store.addEventListener('problem', ({ detail }) => onProblem(detail), { signal });
  store.addEventListener('change', onChange, { signal });
  live.addEventListener('following', ({ detail }) => caughtUp(detail), { signal });
  live.addEventListener('event', ({ detail }) => onEvent(detail), { signal });
  addEventListener('online', () => store.resume(), { signal });
  addEventListener('account', () => gaps.update(), { signal });
  addEventListener('keydown', onKey, { signal });
  // Without this, the browser would leave the page for an image that is dropped beside the form.
  addEventListener('dragover', (event) => event.dataTransfer.types.includes('Files') && event.preventDefault(), { signal });
  addEventListener('drop', (event) => onFiles(event, event.dataTransfer.files), { signal });
  addEventListener('paste', (event) => isText(event) || onFiles(event, event.clipboardData.files), { signal });

  function load(filters) {
    const wanted = JSON.stringify(filters);
    if (wanted === loaded) return false;
    loaded = wanted;
    store.load(filters);
    return true;
  }

  function onEvent({ type, data }) {
    if (!type.startsWith('ringback.job.')) return;
    if (type === 'ringback.job.deleted') store.remove(data.job_id);
    // Of a large job, the event lacks what does not fit; the table asks for it.
    else if (data.left_out?.length) store.reread(data.job_id);
    else store.take(data);
    picture?.onEvent(type, data);
    announce(type, data);
  }

  /** Of what was ordered here one wants to hear; what else happens is only to be seen. */
  function announce(type, job) {
    if (!own.has(job.job_id)) {
      if (type === 'ringback.job.succeeded') count(job.images?.length ?? 1);
      return;
    }
    const { model, images, error } = job;
    if (type === 'ringback.job.succeeded') tell(t('told.succeeded', { n: images?.length ?? 1, model }));
    if (type === 'ringback.job.failed') tell(h('span', {}, t('told.failed', { model }), ' ', said(error?.message)), { isProblem: true });
  }

  /** What was missed has come by the line, or can only be read anew. */
  function caughtUp({ isResumed, complete }) {
    store.resume();
    if (!isResumed) tableBegun.then(() => signal.aborted || store.refresh());
    else if (!complete) store.load(store.filters);
  }

  function onChange() {
    gaps.update();
    picture?.keepUp();
  }

  function onMade(job) {
    own.add(job.job_id);
    store.take(job);
  }

  function onKey(event) {
    // A key that is held down has closed what lay above.
    if (event.repeat || event.isComposing || event.ctrlKey || event.metaKey || event.altKey || document.querySelector('dialog[open]')) return;
    // Escape in another field, such as the search, is about that one.
    const isElsewhere = event.target.matches?.('input, textarea, select') && !panel.contains(event.target);
    if (event.key === 'Escape' && !panel.hidden && !isElsewhere) go(changed({ make: null, like: null, use: null }));
    // Single letters only where nobody types or talks to another control.
    if (!table.contains(event.target)) return;
    if (event.key === 'n' && may('jobs:write')) go(changed({ make: 'first' }));
    if (event.key === '/') {
      event.preventDefault();
      bar.focus();
    }
  }

  /** Images that are dropped or pasted anywhere are input of the form. */
  function onFiles(event, files) {
    if (!files.length) return;
    event.preventDefault();
    if (!may('jobs:write')) tell(t('no-scope', { scope: 'jobs:write' }), { isProblem: true });
    else if (panel.hidden) {
      brought = [...files];
      go(changed({ make: 'edit', open: null }));
    } else form?.addFiles(files);
  }

  function update(params) {
    const filters = filtersOf(params);
    bar.update(filters);
    if (load(filters)) scrollTo({ top: 0, behavior: 'instant' });
    table.readdress();
    showPicture(params.get('open'));
    showForm(params);
  }

  async function showPicture(key) {
    if (!key && !picture) return;
    if (!picture) {
      const { PictureDialog } = await import('./picture.js');
      if (signal.aborted) return;
      picture ??= new PictureDialog({ store, table, onProblem });
    }
    const wanted = route().params.get('open');
    if (wanted === picture.key) return;
    if (wanted && picture.key) picture.show(wanted);
    else if (wanted) transition(keepToAddress, { from: () => table.pictureOf(wanted) });
    else transition(keepToAddress, { to: ((key) => () => table.pictureOf(key))(picture.key) });
  }

  /** A transition begins a moment later, and the address may have changed back by then. */
  function keepToAddress() {
    const wanted = signal.aborted ? null : route().params.get('open');
    if (wanted && wanted !== picture.key) picture.show(wanted);
    if (!wanted && picture.key) picture.hide();
  }

  /** A form that is closed keeps what was typed. */
  async function showForm(params) {
    const isOpen = params.has('make');
    const hadFocus = panel.contains(document.activeElement);
    panel.hidden = !isOpen;
    element.classList.toggle('with-panel', isOpen);
    if (hadFocus && !isOpen) bar.focusMake();
    const wanted = isOpen && MAKE_KEYS.map((name) => params.get(name) ?? '').join('\n');
    if (wanted === begun) return;
    begun = wanted;
    try {
      const { leaveForm, makeForm } = await import('./form.js');
      const isStill = () => wanted === begun && !signal.aborted;
      if (!isOpen && isStill()) leaveForm();
      if (!isOpen) return;
      form = await makeForm({ onProblem, onMade });
      if (!isStill()) return;
      fill(panel, form.element);
      const isNew = await form.begin(params);
      if (!isStill()) return;
      form.addFiles(brought.splice(0));
      if (isNew) form.focus();
    } catch (problem) {
      begun = undefined;
      if (!problem.kind || problem.kind === 'bad-key') onProblem(problem);
      else fill(panel, withoutForm(problem, () => showForm(route().params)));
    }
  }

  return {
    element,
    update,
    close() {
      stop.abort();
      store.close();
      picture?.remove();
    },
  };
}

/** What stands where the form would be. */
function withoutForm(problem, again) {
  const close = h('a.button.quiet', { href: changed({ make: null, like: null, use: null }), ariaLabel: t('close') }, icon('close'));
  return h(
    'div.make-form',
    {},
    h('header', {}, h('h2', {}, t('make.title')), close),
    h('p.problem', { role: 'alert' }, sentence(problem)),
    h('footer', {}, h('button', { type: 'button', on: { click: again } }, t('again'))),
  );
}

/** Offices put a picture of a text beside it: who pastes that into a text means the text. */
const isText = ({ target, clipboardData: { types } }) => target.matches?.('input, textarea') && types.includes('text/plain');
