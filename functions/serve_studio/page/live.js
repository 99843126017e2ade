/** The live line: what happens to the client's jobs, files and receivers, as it happens. */

import { stopwatch } from './clock.js';

const FIRST_WAIT_MS = 500;
const MAX_WAIT_MS = 30_000;
const MAX_SEEN = 4000;
// API Gateway ends a connection that was silent for ten minutes, which a computer that slept or moved may not be told.
const MAX_SILENCE_MS = 660_000;
// Timers of a hidden page run once a minute; after a longer break, the computer or the page has slept.
const TICK_MS = 30_000;
const MAX_BREAK_MS = 150_000;

/**
 * Fires `event` (a CloudEvent in `detail`), `following` (what was missed), `state` (`live`, `waiting` or `off`)
 * and `refused` (why). It connects again by itself, and asks for what it missed.
 */
export class LiveLine extends EventTarget {
  #socket;
  #url;
  #key;
  #since;
  #newest;
  #seen = new Set();
  #tries = 0;
  #timer;
  #heard = stopwatch();
  #awake = stopwatch();
  state = 'waiting';

  constructor(url) {
    super();
    this.#url = url;
    addEventListener('online', () => this.#hurry());
    document.addEventListener('visibilitychange', () => {
      this.#wake();
      if (!document.hidden) this.#hurry();
    });
    // A page that the browser keeps for Back loses its connection, which would be an error if it were still open.
    addEventListener('pagehide', () => this.#socket?.close());
    addEventListener('pageshow', ({ persisted }) => persisted && this.#renew());
    setInterval(() => this.#wake(), TICK_MS);
  }

  open(key) {
    this.close();
    this.#key = key;
    this.#since = this.#newest = undefined;
    this.#seen.clear();
    this.state = 'waiting';
    this.#connect();
  }

  close() {
    clearTimeout(this.#timer);
    this.#key = undefined;
    this.#socket?.close();
    this.#socket = undefined;
  }

  #connect() {
    const before = this.#socket;
    const socket = (this.#socket = new WebSocket(this.#url));
    before?.close();
    this.#heard = stopwatch();
    socket.onopen = () => socket.send(JSON.stringify({ key: this.#key, ...(this.#since && { since: this.#since }) }));
    socket.onmessage = ({ data }) => socket === this.#socket && this.#read(JSON.parse(data));
    socket.onclose = () => socket === this.#socket && this.#retry();
  }

  #read({ events, following, refused }) {
    this.#heard = stopwatch();
    if (events) events.forEach((event) => this.#tell(event));
    if (following) {
      this.#tries = 0;
      const isResumed = Boolean(this.#since);
      this.#since = this.#newest;
      this.#become('live');
      this.#fire('following', { ...following, isResumed });
    }
    if (refused) {
      this.close();
      this.#become('off');
      this.#fire('refused', refused);
    }
  }

  /** An event may come again; its id tells. */
  #tell(event) {
    if (this.#seen.has(event.id)) return;
    this.#seen.add(event.id);
    if (this.#seen.size > MAX_SEEN) this.#seen.delete(this.#seen.values().next().value);
    if (!(Date.parse(event.time) <= Date.parse(this.#newest))) this.#newest = event.time;
    // Missed events come in any order: until the answer, a break has to ask for all of them again.
    if (this.state === 'live') this.#since = this.#newest;
    this.#fire('event', event);
  }

  /** Each wait doubles, and differs between pages, so that they don't all come back at once. */
  #retry() {
    this.#become('waiting');
    const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** this.#tries++) * (0.5 + Math.random() / 2);
    this.#timer = setTimeout(() => this.#connect(), wait);
  }

  /** A connection that the other end has left looks like a silent one. */
  #wake() {
    const isDead = this.#awake() > MAX_BREAK_MS || this.#heard() > MAX_SILENCE_MS;
    this.#awake = stopwatch();
    if (isDead) this.#renew();
  }

  #renew() {
    if (!this.#key) return;
    this.#become('waiting');
    const before = this.#socket;
    this.#socket = undefined;
    before?.close();
    this.#hurry();
  }

  #hurry() {
    if (!this.#key || this.state === 'live' || this.#socket?.readyState === WebSocket.CONNECTING) return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#fire('state', state);
  }

  #fire(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
