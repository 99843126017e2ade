"""Waiting that fails on a standstill, and never because the whole took long."""

import time
from collections.abc import Callable
from typing import Final, TypeVar

from local.failures import LocalFailure

STANDSTILL_SECONDS: Final = 120.0
PAUSE_SECONDS: Final = 0.25

Seen = TypeVar("Seen")


def wait_for(
    observe: Callable[[], Seen],
    until: Callable[[Seen], bool],
    *,
    what: str,
    pause: float = PAUSE_SECONDS,
    standstill: float = STANDSTILL_SECONDS,
) -> Seen:
    """Observe every ``pause`` seconds; return the first observation that ``until`` accepts.

    Observations are compared with ``==``: everything that shows progress belongs in them.

    Raises ``LocalFailure`` with ``what`` was waited for, and the last observation, once it has
    been the same for ``standstill`` seconds.
    """
    seen = observe()
    changed_at = time.monotonic()
    while not until(seen):
        if time.monotonic() - changed_at >= standstill:
            raise LocalFailure(
                f"Waited for {what}, but nothing has changed for {standstill:.0f} s: {seen!r:.2000}"
            )
        time.sleep(pause)
        before, seen = seen, observe()
        if seen != before:
            changed_at = time.monotonic()
    return seen
