"""Which Chromium shows the studio: one of this machine, Playwright's own, or Debian's package."""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from local.paths import ENVIRONMENTS, PRIVATE

PLAYWRIGHT_PYTHON: Final = ENVIRONMENTS / "browser/bin/python"
# Playwright's own, which nothing else on the machine uses.
OWN_BROWSERS: Final = PRIVATE / "browsers"
NAMES: Final = (
    *("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"),
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
DOWNLOAD_SECONDS: Final = 300
WITHOUT: Final = (
    "WARNING: no Chromium, and none could be installed: THE TESTS OF THE STUDIO ARE SKIPPED. "
    "Install Chromium or Google Chrome."
)


def chromium() -> Path | None:
    """Return the program, if there is one."""
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    return next(_downloaded(), None)


def _downloaded() -> Iterator[Path]:
    for name in ("headless_shell", "chrome-headless-shell"):
        for path in sorted(OWN_BROWSERS.glob(f"chromium*/*/{name}")):
            # Written when the download is complete.
            if path.parents[1].joinpath("INSTALLATION_COMPLETE").exists():
                yield path


def install(environ: Mapping[str, str]) -> Path | None:
    """Install a Chromium if there is none, and return the program if there is one then."""
    ways: list[Callable[[], object]] = [_download]
    if environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get"):
        ways.append(_install_debians)
    found = chromium()
    for way in ways:
        if found is None:
            way()
            found = chromium()
    return found


def _download() -> None:
    command = ["-m", "playwright", "install", "--only-shell", "chromium"]
    _run([PLAYWRIGHT_PYTHON, *command], {"PLAYWRIGHT_BROWSERS_PATH": str(OWN_BROWSERS)})


def _install_debians() -> None:
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    _run(["apt-get", "update"], quiet)
    _run(["apt-get", "install", "-y", "--no-install-recommends", "chromium"], quiet)


def _run(command: list[str | Path], more: Mapping[str, str]) -> None:
    """Run it; whether it has installed something is seen afterwards."""
    with suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            command,
            env={**os.environ, **more},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=DOWNLOAD_SECONDS,
            check=False,
        )
