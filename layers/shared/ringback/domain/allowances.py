"""How many jobs a client may still post, where a deployment limits that."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

# A minute of the clock, for every client the same one.
WINDOW_SECONDS: Final = 60


def window_of(at: datetime) -> int:
    """Return the number of the window, from 1970 in UTC."""
    return int(at.timestamp()) // WINDOW_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """``most`` jobs in a window, of which ``left`` are left; the next begins in ``seconds``."""

    most: int
    left: int
    seconds: int


def allowance(*, most: int, counted: int, at: datetime) -> Allowance:
    """Return what is left of a window in which so many jobs were counted."""
    seconds = WINDOW_SECONDS - int(at.timestamp()) % WINDOW_SECONDS
    return Allowance(most=most, left=max(most - counted, 0), seconds=seconds)
