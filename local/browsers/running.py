"""A running Chromium, driven by Playwright, which lives in an environment of its own."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from local.paths import ENVIRONMENTS

FLAGS: Final = (
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--no-first-run", "--disable-quic"),
    # Everything is on this machine, where no proxy can reach it.
    "--no-proxy-server",
)


def packages() -> Path:
    """Return the folder of Playwright's environment, of the Python that runs this."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    return ENVIRONMENTS / "browser/lib" / version / "site-packages"


@contextmanager
def running(program: Path) -> Iterator[Any]:
    """Start the browser; yield Playwright's ``Browser``, and close it afterwards."""
    if str(packages()) not in sys.path:
        # Behind the project's own packages, which may be other versions of the same.
        sys.path.append(str(packages()))
    from playwright.sync_api import sync_playwright  # type: ignore[import-not-found]

    with sync_playwright() as playwright:
        # Without Chromium's sandbox, which neither root nor many containers can use: the page is
        # our own.
        browser = playwright.chromium.launch(executable_path=program, args=[*FLAGS, "--no-sandbox"])
        yield browser
        browser.close()
