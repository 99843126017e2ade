"""Which jobs are asked for, as the parameters of a query."""

from collections.abc import Sequence
from datetime import UTC, date, datetime


def job_filters(
    *,
    status: str | Sequence[str] = (),
    model: str | None = None,
    tag: str | Sequence[str] = (),
    source: str | None = None,
    since: date | None = None,
    until: date | None = None,
    search: str | None = None,
) -> dict[str, str]:
    """Return the parameters of a list; several states are one of them, several tags all."""
    return given(
        status=_listed(status),
        model=model,
        tag=_listed(tag),
        source=source,
        **between(since, until),
        q=search,
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
