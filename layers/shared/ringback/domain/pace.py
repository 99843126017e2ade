"""Evenly spaced slots: an account's rate limit, shared out first come, first served."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from ringback.domain.clock import EPOCH

# A slot missed by more than this is forfeited: after an outage, all missed slots used together
# would be a burst.
GRACE: Final = timedelta(minutes=1)
AS_GOOD_AS_NOW: Final = timedelta(milliseconds=50)
# The share of a window by which two calls may arrive closer together than they were made.
ON_THE_WAY: Final = 0.02
# Rows can't take every slot: their messages come at random moments, and leave room for others'. Due
# as fast as slots are, they would pile up: each was delivered six times in a sheet of 4,000 rows,
# and ever more often in longer ones. With this it is twice, and no sheet takes longer.
SPARE: Final = 0.1


# Of so many slots for which jobs wait, one stays free. Calls can't be made quite as fast as slots
# follow each other (``ON_THE_WAY``): jobs of a long queue would fall behind their slots, and ask
# for room again and again, six times each in a burst of 1,500.
SLOTS_PER_FREE_ONE: Final = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class LowPriority:
    """Low-priority work takes a slot only while less than ``share`` of a window is reserved.

    It gives its slot up if the window turns out to be full, and tries again after ``patience``
    windows.
    """

    share: float
    patience: float


# For the rows of a sheet; for single dropped files, of which a whole folder may come at once.
SHEETS: Final = LowPriority(share=0.25, patience=1.0)
DROPS: Final = LowPriority(share=0.5, patience=0.2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """``wait`` is in whole seconds, 0 if it is now. ``slot`` is ``None`` if none was taken."""

    slot: int | None
    wait: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """At most ``limit`` calls in any ``seconds``. Slots are numbered from 1970 on.

    Slots decide the order. Messages are delivered with varying delays, so calls can still bunch
    up: ``wait_for_room`` counts the calls that were actually made.
    """

    limit: int
    seconds: int

    @property
    def spacing(self) -> timedelta:
        return timedelta(seconds=self.seconds / self.limit)

    def slot_at(self, moment: datetime) -> int:
        """Return the slot at that moment: without competition, nothing waits."""
        return (moment - EPOCH) // self.spacing

    def free_slot(self, next_slot: int, *, at: datetime, low_priority: LowPriority | None) -> int:
        """Return the slot that is taken next; ``next_slot`` is the first that nobody has."""
        now = self.slot_at(at)
        # Low-priority work gives way before there is a long queue.
        is_queue = low_priority is None and next_slot > now
        stays_free = is_queue and next_slot % SLOTS_PER_FREE_ONE == 0
        return max(now, next_slot + stays_free)

    def turn(self, slot: int, *, at: datetime) -> Turn:
        wait = EPOCH + slot * self.spacing - at
        return Turn(slot=slot, wait=max(0, ceil((wait - AS_GOOD_AS_NOW).total_seconds())))

    def deferred(self, low_priority: LowPriority) -> Turn:
        """Return the turn of low-priority work that gets no slot."""
        return Turn(slot=None, wait=ceil(self.seconds * low_priority.patience))

    @property
    def sustained(self) -> timedelta:
        """The time between two calls that can be sustained indefinitely."""
        return self.spacing * (1 + ON_THE_WAY)

    @property
    def of_rows(self) -> timedelta:
        """The time between the turns of two rows of a sheet."""
        return self.sustained * (1 + SPARE)

    def is_crowded(self, next_slot: int, *, share: float, at: datetime) -> bool:
        """Tell whether more than ``share`` of a window is reserved already."""
        ahead = EPOCH + next_slot * self.spacing - at
        return ahead > timedelta(seconds=self.seconds * share)

    def wait_for_room(self, calls: Sequence[datetime], *, at: datetime) -> int:
        """Return the whole seconds until one more call fits in after ``calls``, in order."""
        if len(calls) < self.limit:
            return 0
        room_at = calls[-self.limit] + timedelta(seconds=self.seconds * (1 + ON_THE_WAY))
        return max(0, ceil((room_at - at).total_seconds()))

    def is_missed(self, slot: int, *, at: datetime) -> bool:
        return EPOCH + slot * self.spacing + GRACE < at
