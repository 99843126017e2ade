"""``account``."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ringback_cli.connection import connected
from ringback_cli.printing import say, show_json
from ringback_cli.tables import show_table

if TYPE_CHECKING:
    from ringback_client import Ringback
    from ringback_client.records.account import ClientAccount


@click.command()
@click.option(
    "--resume", metavar="RECEIVER", help="Switch this receiver of webhooks on again first."
)
@connected
def account(client: "Ringback", *, resume: str | None, as_json: bool) -> None:
    """Show your scopes, credits and paused accounts, and your receivers of webhooks.

    \b
    ringback account --resume studio.example
    """  # noqa: D301
    if resume is not None:
        client.resume_receiver(resume)
    found = client.account()
    if as_json:
        show_json(found)
        return
    say(f"client {found.client}: {' '.join(found.scopes)}")
    show_table(("", "name", "state", "reason", "since", "credits"), _rows(found))


def _rows(account: "ClientAccount") -> Iterator[tuple[object, ...]]:
    for each in account.providers:
        yield ("provider", each.provider, each.state, each.reason, each.since, each.credits)
    for receiver in account.receivers:
        since = receiver.since or receiver.failing_since
        yield ("receiver", receiver.url, receiver.state, receiver.reason, since, None)
