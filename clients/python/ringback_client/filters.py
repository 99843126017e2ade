"""Which jobs are asked for, as the parameters of a query."""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import TypedDict


class JobFilters(TypedDict, total=False):
    """Which jobs a list has; a moment without an offset is this computer's."""

    status: str | Sequence[str]  # one of these states
    model: str | None
    tag: str | Sequence[str]  # all of these
    source: str | None  # a dropped file
    since: date | None
    until: date | None  # before it
    search: str | None  # words that are all in the prompt


def parameters_of(filters: JobFilters) -> dict[str, str]:
    """Return the parameters of a list; raises ``TypeError`` for a filter that there is not."""
    if unknown := filters.keys() - JobFilters.__annotations__.keys():
        raise TypeError(f"there is no filter {', '.join(sorted(unknown))}")
    return given(
        status=_listed(filters.get("status", ())),
        model=filters.get("model"),
        tag=_listed(filters.get("tag", ())),
        source=filters.get("source"),
        **between(filters.get("since"), filters.get("until")),
        q=filters.get("search"),
    )


def between(since: date | None, until: date | None) -> dict[str, str | None]:
    """Return the parameters; a moment without an offset is this computer's, a date in UTC."""
    return {
        name: (each.astimezone(UTC) if isinstance(each, datetime) else each).isoformat()
        if each
        else None
        for name, each in (("from", since), ("to", until))
    }


def _listed(names: str | Sequence[str]) -> str | None:
    return names if isinstance(names, str) else ",".join(names) or None


def given(**parameters: object) -> dict[str, str]:
    return {name: str(value) for name, value in parameters.items() if value is not None}
