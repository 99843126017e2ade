"""Delays that grow with age, and rounding to the whole seconds that SQS takes."""

from dataclasses import dataclass
from datetime import timedelta
from math import ceil


@dataclass(frozen=True, slots=True, kw_only=True)
class Widening:
    """A delay that is a share of the age, within bounds; ``longest`` wins if the bounds cross."""

    share: float
    shortest: timedelta
    longest: timedelta = timedelta.max

    def after(self, age: timedelta) -> timedelta:
        return min(max(age * self.share, self.shortest), self.longest)


def whole_seconds(delay: timedelta) -> int:
    """Round up."""
    return ceil(delay.total_seconds())
