"""Moments on the command line: in UTC, like days of usage and all that the API shows."""

from datetime import UTC, datetime

import click

from ringback_cli.printing import clean


def moment(text: str) -> datetime:
    """Read a date (its midnight in UTC) or a date-time, in UTC unless it has an offset."""
    try:
        found = datetime.fromisoformat(text)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        told = f"{clean(text)} is no date, such as 2026-11-27 or 2026-11-27T14:30."
        raise click.BadParameter(told) from None


def moment_text(moment: datetime, *, timespec: str = "seconds") -> str:
    """Return a moment in UTC, as ``moment`` reads it."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(' ', timespec)}Z"
