"""Evenly spaced slots: how an account's rate limit is shared out in the order of asking."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

# The rest is for messages that come a little late and so close to their successors.
SHARE_USED: Final = 0.95
# A slot that was missed by more than this is given up: after an outage all the missed ones
# together would be a burst.
GRACE: Final = timedelta(seconds=5)
AS_GOOD_AS_NOW: Final = timedelta(milliseconds=50)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """``wait`` in whole seconds; 0 is now."""

    slot: int
    wait: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """At most ``limit`` calls in any ``seconds``, as far as messages come on time.

    Slots are numbered from 1970 on.
    """

    limit: int
    seconds: int

    @property
    def spacing(self) -> timedelta:
        return timedelta(seconds=self.seconds / (self.limit * SHARE_USED))

    def slot_at(self, moment: datetime) -> int:
        """Return the slot that is open then: who is alone does not wait."""
        return (moment - _EPOCH) // self.spacing

    def turn(self, slot: int, *, at: datetime) -> Turn:
        wait = _EPOCH + slot * self.spacing - at
        return Turn(slot=slot, wait=max(0, ceil((wait - AS_GOOD_AS_NOW).total_seconds())))

    def is_missed(self, slot: int, *, at: datetime) -> bool:
        return _EPOCH + slot * self.spacing + GRACE < at
