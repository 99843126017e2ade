"""Moments as clients write them: ISO 8601, a date or a date and a time."""

import re
from datetime import UTC, datetime
from typing import Final

from ringback.domain.errors import FieldError

FORM: Final = "must be a date or a date-time, such as 2026-11-27 or 2026-11-27T14:30:00Z"
# Of what ISO 8601 allows, what is known as it: no weeks, no digits without dashes.
_MOMENT: Final = re.compile(
    r"\d{4}-\d\d-\d\d([Tt ]\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:\d\d)?)?"
)


def moment_in(text: str) -> datetime | None:
    """Return the moment, in UTC unless it says otherwise; ``None`` if the text is none.

    A date is its midnight.
    """
    if not _MOMENT.fullmatch(text):
        return None
    try:
        moment = datetime.fromisoformat(text.upper())
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def range_errors(since: datetime | None, until: datetime | None) -> list[FieldError]:
    """Return what is wrong with ``from`` and ``to`` together: nothing lies between them."""
    if since is None or until is None or since <= until:
        return []
    return [
        FieldError("from", "must not be after `to`"),
        FieldError("to", "must not be before `from`"),
    ]
