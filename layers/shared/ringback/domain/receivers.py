"""Receivers of webhooks: a client's hosts, and whether they answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

# A receiver that hangs takes up a place for its whole time limit. After this many time-outs in a
# row it is put aside: one message tries it at these intervals, and the others wait.
MAX_TIMEOUTS: Final = 3
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(minutes=15)
# A receiver is switched off if it has answered nothing with 2xx for so long, and this many events
# were given up, after their last try or a 410: longer than a weekend with a holiday, and never for
# one event alone.
OFF_AFTER: Final = timedelta(days=5)
MIN_GIVEN_UP: Final = 2


class OffReason(StrEnum):
    """What it answered last, after it had failed for ``OFF_AFTER``."""

    GONE = "gone"  # 410
    FAILING = "failing"


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """One host of one client. A 2xx answer makes it as good as new.

    ``timeouts`` counts time-outs in a row, of which ``timed_out_at`` is the last, or when a message
    began to try it again. ``given_up`` counts the events given up since ``failing_since``.
    """

    client: str
    host: str
    timeouts: int = 0
    timed_out_at: datetime | None = None
    failing_since: datetime | None = None
    given_up: int = 0
    off_since: datetime | None = None
    off_reason: OffReason | None = None

    @property
    def is_new(self) -> bool:
        """Tell whether nothing is known against it."""
        return self.failing_since is None and self.off_since is None

    @property
    def waits_until(self) -> datetime | None:
        """When the next message may try it, ``None`` if it is not put aside."""
        if self.timed_out_at is None or self.timeouts < MAX_TIMEOUTS:
            return None
        doublings = min(self.timeouts - MAX_TIMEOUTS, 8)
        return self.timed_out_at + min(FIRST_PAUSE * (1 << doublings), LONGEST_PAUSE)

    def is_dead(self, *, at: datetime) -> bool:
        """Tell whether it has failed for so long that it is to be switched off."""
        since = self.failing_since
        return since is not None and at - since >= OFF_AFTER and self.given_up >= MIN_GIVEN_UP


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientWebhooks:
    """A client that has a webhook secret. ``url`` is its receiver for jobs that name none."""

    client: str
    url: str | None = None
