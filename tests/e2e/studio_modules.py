"""An empty page from which the studio's modules can be imported one by one."""

import re
from collections.abc import Iterator
from typing import Any, Final

from local.paths import ROOT

PAGE: Final = ROOT / "functions/serve_studio/page"
# Some of what the page uses is there for pages of `https:` only.
ORIGIN: Final = "https://studio.test/"
EMPTY: Final = """<meta name="ringback-settings"
 content='{"api": "http://api.test/", "live": "ws://api.test/"}'>
 <script>sessionStorage.setItem('ringback.key', 'key')</script>"""
# What the API answers, and when, is the test's: `answers` has a function for each request.
ANSWERS: Final = """
  const answers = [];
  globalThis.fetch = (url, sent) => new Promise((resolve, reject) => {
    const { signal } = sent;
    signal?.addEventListener('abort', () => reject(signal.reason));
    const send = (body, status = 200, headers = {}) =>
      resolve(new Response(JSON.stringify(body), { status, headers }));
    answers.push(Object.assign(send, { url, sent, fail: () => reject(new TypeError('broken')) }));
  });
  // What never comes fails the test.
  let turns = 0;
  const soon = () => new Promise((resolve, reject) =>
    setTimeout(() => ((turns += 1) < 1000 ? resolve() : reject(new Error('it never came'))), 10));
"""
# Seconds pass at once; `waits` are those that the page meant to wait for.
WAITS: Final = """
  const waits = [];
  const real = setTimeout;
  globalThis.setTimeout = (run, ms, ...given) =>
    real(run, ms >= 1000 ? (waits.push(ms), 0) : ms, ...given);
"""


def page_of_modules(browser: Any) -> Iterator[Any]:
    """Yield Playwright's page, in China's time."""
    context = browser.new_context(timezone_id="Asia/Shanghai")
    page = context.new_page()
    page.route(
        re.compile(rf"{re.escape(ORIGIN)}[\w.]+\.(?:js|css)$"),
        lambda route: route.fulfill(path=PAGE / route.request.url.removeprefix(ORIGIN)),
    )
    page.route(ORIGIN, lambda route: route.fulfill(body=EMPTY, content_type="text/html"))
    page.goto(ORIGIN)
    yield page
    context.close()
