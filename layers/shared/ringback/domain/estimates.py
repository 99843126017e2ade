"""What a job will probably cost, estimated before anything is paid."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """Credits for all ``images`` requested, at the prices noted on ``noted_on``.

    A job may make more or fewer images than requested, and a provider may change its prices at
    any time: only a finished job's credits are certain.
    """

    images: int
    low: Decimal
    high: Decimal
    noted_on: date

    def as_json(self) -> dict[str, Any]:
        """Return the estimate as the API and receipts show it."""
        return {
            "credits_low": float(self.low),
            "credits_high": float(self.high),
            "images": self.images,
            "noted_on": self.noted_on.isoformat(),
            "is_estimate": True,
        }
