"""Evenly spaced slots: how an account's rate limit is shared out in the order of asking."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

# A slot that was missed by more than this is given up: after an outage all the missed ones
# together would be a burst.
GRACE: Final = timedelta(minutes=1)
AS_GOOD_AS_NOW: Final = timedelta(milliseconds=50)
# A call may overtake one that was made earlier by this part of a window, on the way.
ON_THE_WAY: Final = 0.02
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LowPriority:
    """Who yields takes up at most ``share`` of a window before anybody else who comes.

    He gives a slot up if the window is full when it has come, and asks again after ``patience`` of
    a window.
    """

    share: float
    patience: float


# The rows of a sheet, and what is dropped one by one, a folder full perhaps.
SHEETS: Final = LowPriority(share=0.25, patience=1.0)
DROPS: Final = LowPriority(share=0.5, patience=0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """``wait`` in whole seconds; 0 is now. Who yielded to others has no slot."""

    slot: int | None
    wait: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """At most ``limit`` calls in any ``seconds``. Slots are numbered from 1970 on.

    Slots decide who comes next. Messages come late, some more than others, so that calls may
    still bunch: ``wait_for_room`` looks at the calls that were really made.
    """

    limit: int
    seconds: int

    @property
    def spacing(self) -> timedelta:
        return timedelta(seconds=self.seconds / self.limit)

    def slot_at(self, moment: datetime) -> int:
        """Return the slot that is open then: who is alone does not wait."""
        return (moment - _EPOCH) // self.spacing

    def turn(self, slot: int, *, at: datetime) -> Turn:
        wait = _EPOCH + slot * self.spacing - at
        return Turn(slot=slot, wait=max(0, ceil((wait - AS_GOOD_AS_NOW).total_seconds())))

    def yielded(self, yielding: LowPriority) -> Turn:
        return Turn(slot=None, wait=ceil(self.seconds * yielding.patience))

    @property
    def sustained(self) -> timedelta:
        """The time between two calls that can be kept up for ever."""
        return self.spacing * (1 + ON_THE_WAY)

    def is_crowded(self, next_slot: int, *, share: float, at: datetime) -> bool:
        """Tell whether more than that share of a window has been given away already."""
        ahead = _EPOCH + next_slot * self.spacing - at
        return ahead > timedelta(seconds=self.seconds * share)

    def wait_for_room(self, calls: Sequence[datetime], *, at: datetime) -> int:
        """Return the whole seconds until one more call fits in after ``calls``, in order."""
        if len(calls) < self.limit:
            return 0
        room_at = calls[-self.limit] + timedelta(seconds=self.seconds * (1 + ON_THE_WAY))
        return max(0, ceil((room_at - at).total_seconds()))

    def is_missed(self, slot: int, *, at: datetime) -> bool:
        return _EPOCH + slot * self.spacing + GRACE < at
