"""``usage``."""

from datetime import datetime
from typing import TYPE_CHECKING

import click

from ringback_cli.connection import connected
from ringback_cli.moments import moment
from ringback_cli.printing import show_json
from ringback_cli.tables import show_table

if TYPE_CHECKING:
    from ringback_client import Ringback


@click.command()
@click.option("--since", type=moment, metavar="DATE",
              help="From this day or moment on; by default the month's first day.")  # fmt: skip
@click.option("--until", type=moment, metavar="DATE", help="Before this day or moment.")
@click.option("--by", type=click.Choice(["day", "model", "client"]), default="day",
              show_default=True, help="client: of all, which needs the scope admin.")  # fmt: skip
@connected
def usage(
    client: "Ringback", *, since: datetime | None, until: datetime | None, by: str, as_json: bool
) -> None:
    """Sum up your jobs, their images, credits and bytes. Days and moments are in UTC.

    \b
    ringback usage --since 2026-11-01 --by model
    """  # noqa: D301
    found = client.usage(since=since or _month(), until=until, by=by)
    if as_json:
        for each in found:
            show_json(each)
        return
    columns = (by, "jobs", "succeeded", "failed", "images", "credits", "bytes")
    show_table(columns, ([getattr(each, name) for name in columns] for each in found))


def _month() -> datetime:
    from ringback_client.webhooks import utc_now

    return utc_now().replace(day=1, hour=0, minute=0, second=0, microsecond=0)
