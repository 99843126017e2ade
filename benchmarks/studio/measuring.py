"""What a browser says of its own speed while it shows the studio."""

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local.failures import LocalFailure
from local.jobs_api import JobsApi

MODEL: Final = "bytedance/seedream-v4-text-to-image"
# Before anything of the page: when the first picture is painted, and what holds the page up.
WATCH: Final = """
window.measured = { painted: 0, busyUntil: 0, frames: [] };
new PerformanceObserver((list) => {
  for (const each of list.getEntries()) measured.busyUntil = each.startTime + each.duration;
}).observe({ type: "longtask", buffered: true });
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) measured.frames.push(duration);
}).observe({ type: "long-animation-frame", buffered: true });
(function look() {
  const picture = document.querySelector?.("light-table img.shown");
  if (!picture?.complete) return requestAnimationFrame(look);
  // The frame after the one that draws it.
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      measured.painted = performance.now();
      console.info("painted");
    }),
  );
})();
"""
PATIENCE_SECONDS: Final = 900
# The page is at rest when so many milliseconds have passed without a long task.
REST_MS: Final = 2000
# A new window of Chromium's loads parts of its own for a while.
STARTED_MS: Final = 1000
# When the message that tells of the picture has come, and when it is on the screen.
WATCH_NEWS: Final = """
(words) => new Promise((resolve) => {
  const isAbout = ({ type, data }) =>
    type === "ringback.job.thumbnail_made" && data.input.prompt === words;
  const onMessage = ({ data }) => {
    if (!JSON.parse(data).events?.some(isAbout)) return;
    const came = performance.now();
    (function look() {
      const tiles = [...document.querySelectorAll("light-table a")];
      const tile = tiles.find((each) => each.ariaLabel.includes(words));
      if (!tile?.querySelector("img.shown")) return requestAnimationFrame(look);
      requestAnimationFrame(() => resolve((performance.now() - came) / 1000));
    })();
  };
  theLine.addEventListener("message", onMessage);
})
"""
KEEP_LINE: Final = """
const Plain = WebSocket;
window.WebSocket = class extends Plain {
  constructor(...given) {
    super(...given);
    window.theLine = this;
  }
};
"""
# As a person who holds the wheel: a dozen screens a second, on every frame, without a stop.
SCROLL: Final = """
([pictures, seconds]) => new Promise((resolve) => {
  const until = performance.now() + seconds * 1000;
  const isThere = () => document.querySelector(`light-table li[aria-posinset="${pictures}"]`);
  let count = 0;
  (function step() {
    scrollBy({ top: 160, behavior: "instant" });
    count += 1;
    if (performance.now() > until || (count % 60 === 0 && isThere())) resolve();
    else requestAnimationFrame(step);
  })();
})
"""


@dataclass(frozen=True)
class Opening:
    painted_ms: float
    interactive_ms: float


@dataclass(frozen=True)
class Load:
    pictures: int
    elements: int
    heap_mb: float


@dataclass(frozen=True)
class Scrolling:
    before: Load
    after: Load
    frames_ms: list[float]
    seconds: float
    # Of processor time that the machine's host gave to others.
    stolen_seconds: float


def opening(page: Any, url: str, *, throttled: int) -> Opening:
    """Open the page anew; both times are since the browser was told to.

    It is interactive when the first picture is there and no task of more than 50 ms runs any more.
    """
    client = page.context.new_cdp_session(page)
    client.send("Emulation.setCPUThrottlingRate", {"rate": throttled})
    page.add_init_script(WATCH)
    _go(page, url)
    page.wait_for_timeout(REST_MS)
    measured = page.evaluate("measured")
    return Opening(measured["painted"], max(measured["painted"], measured["busyUntil"]))


def _go(page: Any, url: str) -> None:
    """Open the page until a picture is painted, in a browser that has started.

    Whoever asks the page meanwhile, as Playwright's own ways of waiting do, has it run a script of
    theirs first.
    """
    page.wait_for_timeout(STARTED_MS)
    with page.expect_console_message(lambda message: message.text == "painted"):
        page.goto(url)


def seconds_to_show(page: Any, api: JobsApi, number: int) -> float:
    """Have a picture made; return the seconds from its event to its being visible."""
    if number == 0:
        page.add_init_script(KEEP_LINE)
        page.reload()
        page.get_by_text("Live").first.wait_for()
    words = f"a kite that is news, number {number}"
    page.evaluate(f"void (window.shown = ({WATCH_NEWS})({words!r}))")
    api.submit(MODEL, {"prompt": words, "image_size": "square"})
    return float(page.evaluate("window.shown"))


def scrolling(page: Any, url: str, pictures: int) -> Scrolling:
    """Scroll down, frame by frame, until the last of so many pictures has been reached."""
    page.add_init_script(WATCH)
    _go(page, url)
    page.wait_for_timeout(REST_MS)
    before = load_of(page)
    page.evaluate("measured.frames.length = 0")
    began, stolen = time.monotonic(), stolen_seconds()
    page.evaluate(SCROLL, [pictures, PATIENCE_SECONDS])
    seconds, stolen = time.monotonic() - began, stolen_seconds() - stolen
    if last_drawn(page) < pictures:
        raise LocalFailure(f"Only {last_drawn(page):,} pictures were reached.")
    return Scrolling(before, load_of(page), page.evaluate("measured.frames"), seconds, stolen)


def stolen_seconds() -> float:
    """Return since the machine's start; 0 where the kernel can't tell (proc_stat(5), ``steal``)."""
    stat = Path("/proc/stat")
    ticks = int(stat.read_text().split(maxsplit=9)[8]) if stat.exists() else 0
    return ticks / os.sysconf("SC_CLK_TCK")


def last_drawn(page: Any) -> int:
    """Return the number of the last picture that has an element."""
    return int(
        page.evaluate(
            "Math.max(...[...document.querySelectorAll('light-table li')]"
            ".map((each) => each.ariaPosInSet))"
        )
    )


def load_of(page: Any) -> Load:
    client = page.context.new_cdp_session(page)
    client.send("Performance.enable")
    client.send("HeapProfiler.collectGarbage")
    found = {
        each["name"]: each["value"] for each in client.send("Performance.getMetrics")["metrics"]
    }
    return Load(last_drawn(page), int(found["Nodes"]), found["JSHeapUsedSize"] / 1e6)
