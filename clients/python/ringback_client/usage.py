"""What was used, over all pages of the answer."""

from dataclasses import fields, replace
from datetime import date

from ringback_client.calls import sum_usage
from ringback_client.records.account import Used
from ringback_client.retrying import Sender
from ringback_client.steps import Steps

GROUPS = ("day", "model", "client")


def read_usage(
    send: Sender, *, since: date, until: date | None, by: str
) -> Steps[tuple[Used, ...]]:
    """Return the sums by day, model or client, in their order."""
    sums: dict[str, Used] = {}
    cursor: str | None = None
    while True:
        page = yield from send(sum_usage(since=since, until=until, by=by, cursor=cursor))
        for used in page.usage:
            group = str(getattr(used, by))
            sums[group] = _added(sums[group], used) if group in sums else used
        if page.cursor is None:
            return tuple(sums[group] for group in sorted(sums))
        cursor = page.cursor


def _added(one: Used, other: Used) -> Used:
    counted = [each.name for each in fields(Used) if each.name not in GROUPS]
    return replace(one, **{name: getattr(one, name) + getattr(other, name) for name in counted})
