"""The only place that reads the system clock."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)
