"""The options of every command that asks the API, and the client that they make."""

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TextIO

import click

from ringback_cli.printing import clean

if TYPE_CHECKING:
    from ringback_client import Ringback

Command = Callable[..., "int | None"]


def open_client(*, api_url: str | None, key: str | None, live_url: str | None) -> "Ringback":
    from ringback_client import Ringback

    return Ringback(api_url, key, live_url)


def connected(command: Command) -> Callable[..., None]:
    """Call the command with a client and ``as_json``, and exit with what it returns.

    There is no option for the key: command lines are shown to other users and kept in histories.
    """

    @click.option("--api-url", metavar="URL", help="The API, instead of RINGBACK_API_URL.")
    @click.option("--live-url", metavar="URL", help="The live line, instead of RINGBACK_LIVE_URL.")
    @click.option(
        "--key-file",
        type=click.File(errors="replace"),
        help="A file with the key, instead of RINGBACK_KEY.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each item.")
    @click.pass_context
    @wraps(command)
    def with_client(
        context: click.Context,
        /,
        *,
        api_url: str | None,
        live_url: str | None,
        key_file: TextIO | None,
        **given: Any,
    ) -> None:
        key = None if key_file is None else key_file.read()
        make: Callable[..., Ringback] = context.obj or open_client
        with make(api_url=api_url, key=key, live_url=live_url) as client:
            context.exit(command(client, **given) or 0)

    return with_client


def job_id(value: str) -> str:
    from ringback_client.calls import JOB_ID

    if not JOB_ID.fullmatch(value):
        raise click.BadParameter(f"{clean(value)} is no job's id: job_ and 26 letters and digits.")
    return value
