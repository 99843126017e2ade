"""The studio after its computer slept: a clock stood still, links expired, the line is dead."""

from typing import Any, Final

import pytest

from tests.e2e.studio_modules import ANSWERS
from tests.e2e.test_studio_store import STORE

# `sleep` passes on the wall's clock only, as where the monotonic one stands still.
SLEEP: Final = """
  const wall = Date.now;
  let slept = 0;
  Date.now = () => wall() + slept;
  const sleep = (minutes) => (slept += minutes * 60_000);
"""
LIVE: Final = (
    SLEEP
    + """
  const sockets = [];
  globalThis.WebSocket = class {
    static CONNECTING = 0;
    readyState = 0;
    sent = [];
    constructor() { sockets.push(this); }
    open() { this.readyState = 1; this.onopen(); }
    send(text) { this.sent.push(JSON.parse(text)); }
    close() { this.isClosed = true; }
    tell(message) { this.onmessage({ data: JSON.stringify(message) }); }
  };
  const ticks = [];
  globalThis.setInterval = (run) => ticks.push(run);
  const tick = () => ticks.forEach((run) => run());
  const { LiveLine } = await import('./live.js');
  const line = new LiveLine('ws://api.test/');
  line.open('key');
  sockets[0].open();
  sockets[0].tell({ following: { complete: true } });
  sockets[0].tell({ events: [{ id: '1', time: '2026-11-27T17:30:00Z', type: 'x' }] });
  const show = () => document.dispatchEvent(new Event('visibilitychange'));
"""
)


def live(page: Any, script: str) -> Any:
    return page.evaluate(f"async () => {{ {LIVE} {script} }}")


@pytest.mark.parametrize(
    ("steps", "connections"),
    [
        # After an hour, whether somebody looks then or a timer runs.
        ("sleep(60); show();", 2),
        ("sleep(60); tick();", 2),
        ("sleep(5); tick();", 2),
        # A short break is one of the timer's, as in a hidden page.
        ("sleep(1); show(); sleep(1); tick(); sleep(2); tick();", 1),
        # Ten minutes of silence end a connection, also where nothing slept.
        ("for (let minute = 0; minute < 12; minute += 1) { sleep(1); tick(); }", 2),
        (
            "for (let minute = 0; minute < 12; minute += 1) { sleep(1); tick();"
            " sockets[0].tell({ events: [] }); }",
            1,
        ),
        ("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: true }));", 2),
        ("dispatchEvent(new PageTransitionEvent('pageshow', { persisted: false }));", 1),
        ("line.close(); sleep(60); tick();", 1),
    ],
)
def test_a_line_that_must_be_dead_is_opened_again(anew: Any, steps: str, connections: int) -> None:
    assert live(anew, f"{steps} return sockets.length;") == connections


def test_the_new_line_brings_what_was_missed(anew: Any) -> None:
    script = """
      const states = [];
      line.addEventListener('state', ({ detail }) => states.push(detail));
      const resumed = [];
      line.addEventListener('following', ({ detail }) => resumed.push(detail.isResumed));
      sleep(60);
      tick();
      sockets[1].open();
      sockets[1].tell({ following: { complete: true } });
      return [sockets[0].isClosed, sockets[1].sent, states, resumed];
    """
    sent = [{"key": "key", "since": "2026-11-27T17:30:00Z"}]
    assert live(anew, script) == [True, sent, ["waiting", "live"], [True]]


def test_a_page_that_is_kept_for_back_has_closed_its_line(anew: Any) -> None:
    """The browser would break it, which is an error in the console."""
    script = """
      dispatchEvent(new PageTransitionEvent('pagehide', { persisted: true }));
      return sockets[0].isClosed ?? false;
    """
    assert live(anew, script) is True


def test_a_receipt_is_read_by_a_link_that_works(anew: Any) -> None:
    script = """
      const { dropsView } = await import('./drops.js');
      const view = dropsView({ live: new EventTarget(), onProblem: () => {} });
      document.body.replaceChildren(view.element);
      answers[0]({ drops: [], cursor: null });
      view.update(new URLSearchParams('file=a&version=1'));
      const drop = (link) => ({
        file: 'a', version: '1', state: 'final', rows: 1, bad_rows: 0, jobs: {}, credits: null,
        estimate: null, bad: [], receipts: [{ key: 'receipts/a', url: link }],
      });
      answers[1](drop('https://bucket.test/old?X-Amz-Expires=3600'));
      await soon();
      const link = document.querySelector('.detail li a');
      // What is followed stays in the page.
      const click = () => {
        let isOurs;
        const stay = (event) => {
          isOurs = event.defaultPrevented;
          event.preventDefault();
        };
        addEventListener('click', stay, { once: true });
        link.click();
        return isOurs;
      };
      const before = click();
      sleep(60);
      const after = click();
      answers[2](drop('#/drops?receipt'));
      await soon();
      return [before, after, location.hash];
    """
    found = anew.evaluate(f"async () => {{ {ANSWERS} {SLEEP} {script} }}")
    assert found == [False, True, "#/drops?receipt"]


def test_a_link_is_too_old_after_a_sleep(anew: Any) -> None:
    script = """
      const { Links } = await import('./links.js');
      const links = new Links();
      links.set('a', 'https://bucket.test/a?X-Amz-Expires=3600');
      const before = links.get('a') !== undefined;
      sleep(60);
      return [before, links.get('a') ?? null];
    """
    assert anew.evaluate(f"async () => {{ {SLEEP} {script} }}") == [True, None]


def test_an_open_picture_gets_a_link_that_works(anew: Any) -> None:
    """Once: if that doesn't work either, the picture is gone."""
    script = """
      const { PictureDialog } = await import('./picture.js');
      const tried = [];
      HTMLImageElement.prototype.decode = function () {
        tried.push(this.src);
        return tried.length === 1 ? Promise.resolve() : Promise.reject();
      };
      const image = (number, link) => ({
        key: `images/job_a/${number}.png`, url: `https://bucket.test/${number}?${link}`, width: 3,
        height: 2, bytes: 1, extension: 'png', sha256: '',
      });
      const full = (link) => ({
        ...job('succeeded', 5), missing_images: [], images: [image(1, link), image(2, link)],
      });
      const table = { focusItem: () => {}, goTo: () => {} };
      const dialog = new PictureDialog({ store, table });
      dialog.show('job_a.1');
      answers[0](full('old'));
      while (!tried.length) await soon();
      sleep(8);
      dialog.show('job_a.2');
      while (!answers[1]) await soon();
      answers[1](full('new'));
      while (tried.length < 3) await soon();
      await soon();
      return [tried.map((url) => url.split('/').at(-1)), answers.length];
    """
    found = anew.evaluate(f"async () => {{ {STORE} {SLEEP} {script} }}")
    assert found == [["1?old", "2?old", "2?new"], 2]


@pytest.mark.parametrize(("view", "path"), [("drops", "/drops?limit=25"), ("account", "/account")])
def test_a_view_that_missed_too_much_is_read_again(anew: Any, view: str, path: str) -> None:
    script = f"""
      const {{ {view}View: makeView }} = await import('./{view}.js');
      const live = new EventTarget();
      const view = makeView({{ live, onProblem: () => {{}} }});
      view.update(new URLSearchParams());
      document.body.replaceChildren(view.element);
      const lists = {{ scopes: [], providers: [], receivers: [], drops: [] }};
      answers[0]({{ client: 'a', cursor: null, ...lists }});
      await soon();
      const follow = (detail) => live.dispatchEvent(new CustomEvent('following', {{ detail }}));
      follow({{ isResumed: false, complete: true }});
      follow({{ isResumed: true, complete: true }});
      const before = answers.length;
      follow({{ isResumed: true, complete: false }});
      return [before, answers.slice(1).map(({{ url }}) => url.replace('http://api.test', ''))];
    """
    assert anew.evaluate(f"async () => {{ {ANSWERS} {script} }}") == [1, [path]]


def test_who_signs_in_again_is_told_that_the_line_is_live(anew: Any) -> None:
    script = """
      const states = [];
      line.addEventListener('state', ({ detail }) => states.push(detail));
      line.close();
      line.open('another');
      sockets[1].open();
      sockets[1].tell({ following: { complete: true } });
      return states;
    """
    assert live(anew, script) == ["live"]


def test_a_connection_that_is_replaced_is_closed(anew: Any) -> None:
    """One that is open, but was not answered yet."""
    script = """
      sockets[0].onclose();
      show();
      sockets[1].open();
      show();
      return [sockets.length, sockets[1].isClosed];
    """
    assert live(anew, script) == [3, True]
