"""Receivers of webhooks: a client's hosts, and whether they answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# A receiver that hangs takes up a place for its whole time limit. After this many time-outs in a
# row it is tried by one message at a time, at these intervals.
MAX_TIMEOUTS: Final = 3
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(minutes=15)
# The claim of the message that tries it; longer than its function runs.
CLAIM: Final = FIRST_PAUSE
# A receiver is switched off if it has answered nothing with 2xx for so long, and every try of this
# many events has failed: longer than a weekend with a holiday, and never for one event alone.
OFF_AFTER: Final = timedelta(days=5)
MIN_GIVEN_UP: Final = 2


class OffReason(StrEnum):
    GONE = "gone"  # it answered 410
    FAILING = "failing"  # it failed for OFF_AFTER


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One host of one client. A 2xx answer makes it as good as new.

    ``timeouts`` counts time-outs in a row, ``given_up`` the events given up since
    ``failing_since``. ``waits_until``: it hangs, and is not tried before then.
    """

    client: str
    host: str
    timeouts: int = 0
    waits_until: datetime | None = None
    failing_since: datetime | None = None
    given_up: int = 0
    off_since: datetime | None = None
    off_reason: OffReason | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether nothing is recorded of it, as of one that always answers 2xx."""
        return self.failing_since is None and self.off_since is None

    def is_waiting(self, *, at: datetime) -> bool:
        return self.waits_until is not None and at < self.waits_until

    def is_dead(self, *, at: datetime) -> bool:
        """Tell whether it has failed for so long that it is to be switched off."""
        since = self.failing_since
        return since is not None and at - since >= OFF_AFTER and self.given_up >= MIN_GIVEN_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientWebhooks:
    """A client that has a webhook secret. ``url`` is its receiver for jobs that name none."""

    client: str
    url: str | None = None


def pause_after(timeouts: int) -> timedelta | None:
    """Return how long a receiver is put aside after so many time-outs in a row."""
    if timeouts < MAX_TIMEOUTS:
        return None
    return min(FIRST_PAUSE * 2 ** min(timeouts - MAX_TIMEOUTS, 10), LONGEST_PAUSE)
