"""Moments as clients write them: ISO 8601, a date or a date and a time."""

import re
from datetime import UTC, datetime
from typing import Final

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
