/** Starts the page, and shows the view that the address names. */

import { currentKey, isSignedOut, settings } from './api.js';
import { fill, h, transition } from './dom.js';
import { isUnknownKey } from './keycheck.js';
import { LiveLine } from './live.js';
import { said, sentence, tell, tellProblem } from './notices.js';
import { mayPass, waitAfter } from './patience.js';
import { picturesView } from './pictures.js';
import { route } from './routes.js';
import { knownAccount, loadAccount, signOut } from './session.js';
import { shell } from './shell.js';
import { signInView } from './signin.js';
import { loadWords, t } from './words.js';

const MAKERS = {
  pictures: picturesView,
  drops: async (given) => (await import('./drops.js')).dropsView(given),
  account: async (given) => (await import('./account.js')).accountView(given),
};

// The line may break for so long before anybody is told.
const PATIENCE_MS = 4000;
const ACCOUNT_MS = 700;

const live = new LiveLine(settings.live);

let frame;
let shown;
let silence;
let learning;

async function start() {
  await loadWords();
  live.addEventListener('state', ({ detail }) => onLine(detail));
  live.addEventListener('refused', ({ detail }) => onRefused(detail));
  addEventListener('hashchange', () => currentKey() && show());
  addEventListener('storage', (event) => isSignedOut(event) && end());
  addEventListener('language', () => (currentKey() ? open({ isAgain: true }) : askForKey()));
  if (currentKey()) open();
  else askForKey();
}

/** A short break is nobody's concern. */
function onLine(state) {
  frame?.showLine(state);
  clearTimeout(silence);
  if (state === 'waiting') silence = setTimeout(() => frame && tell(t('line.lost'), { isProblem: true }), PATIENCE_MS);
}

function askForKey(why) {
  live.close();
  leave();
  frame = undefined;
  document.title = `Ringback ${t('studio')}`;
  fill(document.body, signInView({ why, onDone: () => open({ isKnown: true }) }));
}

function open({ isAgain = false, isKnown = false } = {}) {
  leave();
  frame = shell({ onSignOut: () => end() });
  show();
  fill(document.body, ...frame.elements);
  if (isAgain) {
    frame.showLine(live.state);
    document.querySelector('.language').focus();
  } else live.open(currentKey());
  // What had the focus is gone with the form for the key.
  if (isKnown) frame.main.focus();
  // Pictures come first.
  if (!isAgain && !isKnown) learn(ACCOUNT_MS);
}

/** What the key may do decides what the page offers, so it is asked for until there is an answer. */
function learn(wait, fails = 0) {
  clearTimeout(learning);
  learning = setTimeout(async () => {
    if (!currentKey() || knownAccount()) return;
    try {
      await loadAccount();
    } catch (problem) {
      if (!fails || problem.kind === 'bad-key') onProblem(problem);
      if (mayPass(problem)) learn(waitAfter(problem, fails), fails + 1);
    }
  }, wait);
}

function end(why) {
  signOut({ isWanted: !why });
  askForKey(why);
}

function leave() {
  shown?.close?.();
  shown = undefined;
}

async function show() {
  const { view, params } = route();
  frame.showView(view);
  if (shown?.view === view) {
    shown.update(params);
    return;
  }
  let made = MAKERS[view]({ live, onProblem });
  if (made instanceof Promise) made = await made;
  if (route().view !== view || !frame) {
    made.close?.();
    return;
  }
  const before = shown;
  const next = { view, ...made };
  shown = next;
  const change = () => {
    before?.close?.();
    fill(frame.main, next.element);
    next.update(route().params);
  };
  if (before) transition(change);
  else change();
}

/** A key that is no longer good ends the visit; everything else is said. */
function onProblem(problem) {
  if (problem.isLate) return;
  if (problem.kind === 'bad-key') end(sentence(problem));
  else tellProblem(problem);
}

/** The line refuses a key that is unknown or revoked, or is not there at all in this deployment. */
function onRefused(why) {
  if (isUnknownKey(why)) end(t('problem.bad-key'));
  else tell(h('span', {}, t('line.refused'), ' ', said(why)), { isProblem: true });
}

start();
