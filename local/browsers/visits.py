"""Visits to the studio by a real browser: whatever goes wrong unexpectedly fails the visit."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

WIDE: Final = {"width": 1280, "height": 800}
PHONE: Final = {"width": 390, "height": 844}
PATIENCE_MS: Final = 15_000
# Characters of the page that are noted where a visit fails.
NOTED: Final = 500
# A request of which the page wants no answer any more.
ABORTED: Final = "net::ERR_ABORTED"
# In the console, Chromium may tell less about them.
REPORT_VIOLATIONS: Final = """
addEventListener("securitypolicyviolation", ({ violatedDirective, blockedURI, sample }) =>
  reportTrouble(`policy: ${violatedDirective} ${blockedURI} ${sample}`));
"""
# Where the page keeps a key that was typed.
KEEP_KEY: Final = "sessionStorage.setItem('ringback.key', {key!r});"


@dataclass
class Visit:
    """One person's page. ``troubles`` are errors and failed requests that nobody has expected."""

    page: Any
    url: str
    key: str = field(repr=False)
    troubles: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._on_console)
        self.page.on("pageerror", lambda error: self.troubles.append(f"script: {error}"))
        self.page.on("requestfailed", self._on_failure)

    def _on_console(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            place = (message.location or {}).get("url", "")
            self.troubles.append(f"console: {message.text} {place}")

    def _on_failure(self, request: Any) -> None:
        if request.failure != ABORTED:
            self.troubles.append(f"request: {request.failure} {request.url}")

    def expect_trouble(self, pattern: str) -> None:
        """Take away what matches: it belongs to the visit. There has to be some."""
        if not self.allow_trouble(pattern):
            raise AssertionError(f"no {pattern} in {self.troubles}")

    def allow_trouble(self, pattern: str) -> int:
        """Take away what matches, and return how much that was."""
        before = len(self.troubles)
        self.troubles[:] = [each for each in self.troubles if not re.search(pattern, each)]
        return before - len(self.troubles)

    def open(self, view: str = "") -> Any:
        """Open the page, or another of its views such as ``#/drops``; return Playwright's page."""
        self.page.goto(f"{self.url}{view}")
        return self.page

    def see(self, text: str) -> Any:
        """Wait until the text is shown, and return its element."""
        found = self.page.get_by_text(text).first
        found.wait_for()
        return found

    def tile(self, words: str) -> Any:
        """Return the tile of a job with these words in its prompt."""
        return self.page.locator("light-table").get_by_role("link", name=words).first

    def picture(self, words: str) -> Any:
        """Return the picture in such a tile, once it is loaded."""
        found = self.tile(words).locator("img.shown")
        found.wait_for()
        return found


@dataclass
class Visitors:
    """Opens pages in one browser; each has storage, language and size of its own."""

    browser: Any
    url: str
    key: str = field(repr=False)

    @contextmanager
    def visit(self, *, is_signed_in: bool = True, key: str = "", **options: Any) -> Iterator[Visit]:
        """``options`` are those of Playwright's ``new_context``.

        Raises ``AssertionError`` at the end of a visit with troubles.
        """
        context = self.browser.new_context(**({"viewport": WIDE, "locale": "en-US"} | options))
        context.set_default_timeout(PATIENCE_MS)
        visit = Visit(context.new_page(), self.url, key or self.key)
        context.expose_function("reportTrouble", lambda text: visit.troubles.append(text))
        context.add_init_script(REPORT_VIOLATIONS)
        if is_signed_in:
            context.add_init_script(KEEP_KEY.format(key=visit.key))
        try:
            yield visit
            if visit.troubles:
                raise AssertionError("\n".join(visit.troubles))
        except Exception as error:
            error.add_note(
                f"{visit.page.url} {visit.troubles}\n{visit.page.inner_text('body')[-NOTED:]}"
            )
            raise
        finally:
            context.close()
