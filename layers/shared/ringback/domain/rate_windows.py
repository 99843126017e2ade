"""What is known of a provider's rate window: the next free slot, and the calls that were made."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from ringback.domain.pace import LowPriority, Pace, Turn

# A call that took longer than this counts when it was answered, however few calls there are.
LATE: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """``calls`` has the times of the last calls, in milliseconds since 1970.

    Everything in it only grows. So a wait that an older state asks for is due, if not long enough.
    """

    next_slot: int = 0
    paused_until: int = 0
    calls: tuple[int, ...] = ()

    def take(
        self, pace: Pace, *, at: datetime, slot: int | None, low_priority: LowPriority | None
    ) -> tuple[Turn, "Window"]:
        """Return a turn, and the window after it: a slot is taken, or a call is made, or both."""
        share = low_priority.share if low_priority and slot is None else None
        if low_priority and share and pace.is_crowded(self.next_slot, share=share, at=at):
            return pace.deferred(low_priority), self
        after = self
        if slot is None or slot < self.paused_until or pace.is_missed(slot, at=at):
            slot = pace.free_slot(self.next_slot, at=at, low_priority=low_priority)
            after = replace(self, next_slot=slot + 1)
        turn = pace.turn(slot, at=at)
        if turn.wait:
            return turn, after
        wait = pace.wait_for_room(_moments(self.calls), at=at)
        if wait and low_priority:
            # Keeping its slot, it would stay ahead of others for as long as it finds no room.
            return pace.deferred(low_priority), after
        if not wait:
            after = replace(after, calls=(*self.calls, _milliseconds(at))[-pace.limit :])
        return Turn(slot=slot, wait=wait), after

    def pause(self, pace: Pace, *, at: datetime) -> "Window":
        """Return the window without any slot before a whole window has passed."""
        until = pace.slot_at(at + timedelta(seconds=pace.seconds))
        return replace(self, paused_until=until, next_slot=max(self.next_slot, until))

    def is_worth_moving(self, pace: Pace, *, asked_at: datetime, at: datetime) -> bool:
        """Tell whether it matters that a call was answered at ``at`` only.

        Unless it was late, it does once half of the window is used up.
        """
        began = _milliseconds(at - timedelta(seconds=pace.seconds))
        used = sum(call > began for call in self.calls)
        return at - asked_at > LATE or 2 * used >= pace.limit

    def moved(self, *, asked_at: datetime, at: datetime) -> "Window":
        """Return the window with the call of ``asked_at`` counted at ``at``."""
        calls = [*self.calls]
        if _milliseconds(asked_at) in calls:
            calls.remove(_milliseconds(asked_at))
            calls.append(_milliseconds(at))
        return replace(self, calls=tuple(sorted(calls)))


def _moments(calls: Sequence[int]) -> list[datetime]:
    return [datetime.fromtimestamp(call / 1000, UTC) for call in calls]


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)
