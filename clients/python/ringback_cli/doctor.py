"""``doctor``: what is wrong with this set-up, in words, and what to do about it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

import click

from ringback_cli.connection import open_client
from ringback_cli.exits import ExitCode
from ringback_cli.printing import say, show_json

if TYPE_CHECKING:
    from ringback_client import Ringback


OF_OTHERS: Final = 0o077


@dataclass(frozen=True, slots=True)
class Finding:
    """``state`` is ``ok``, ``failed`` or ``note``, which doesn't count as a failure."""

    what: str
    state: str
    detail: str


@click.command()
@click.option("--api-url", metavar="URL", help="The API, instead of RINGBACK_API_URL.")
@click.option("--live-url", metavar="URL", help="The live line, instead of RINGBACK_LIVE_URL.")
@click.option("--key-file", type=click.File(errors="replace"), help="A file with the key.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one line for each finding.")
@click.pass_context
def doctor(
    context: click.Context,
    *,
    api_url: str | None,
    live_url: str | None,
    key_file: TextIO | None,
    as_json: bool,
) -> None:
    """Examine this set-up, and say what to do about what is wrong. Nothing is bought.

    \b
    ringback doctor
    """  # noqa: D301
    make = context.obj or open_client
    file = () if key_file is None else _of_key_file(Path(key_file.name))
    key = None if key_file is None else key_file.read()
    code = ExitCode.DONE
    for finding in chain(file, findings(lambda: make(api_url=api_url, key=key, live_url=live_url))):
        if finding.state == "failed":
            code = ExitCode.NOT_SUCCEEDED
        if as_json:
            show_json(finding)
        else:
            say(f"{finding.state:7} {finding.what}: {finding.detail}")
    context.exit(code)


def _of_key_file(path: Path) -> Iterator[Finding]:
    if os.name == "posix" and path.is_file() and path.stat().st_mode & OF_OTHERS:
        yield Finding("key file", "note", f"others on this computer can read it: chmod 600 {path}")


def findings(make: Callable[[], "Ringback"]) -> Iterator[Finding]:
    """Yield what is found, and end where nothing more can be."""
    from ringback_client.errors import NotConfigured

    try:
        client = make()
    except NotConfigured as error:
        yield Finding("settings", "failed", str(error))
        return
    yield Finding("settings", "ok", "the API's URL and a key are there")
    with client:
        reading = [*_reading(client)]
        yield from reading
        if any(each.state == "failed" for each in reading[:1]):
            return
        yield _posting(client)
        yield _line(client)


def _reading(client: "Ringback") -> Iterator[Finding]:
    from ringback_client import errors

    try:
        found = client.models.list()
    except errors.NotAllowed as error:
        told = "the key is refused: set RINGBACK_KEY to one of `make key`; a new key may take a \
minute. "
        yield Finding("API", "failed", told + error.detail)
    except errors.RingbackError as error:
        told = "no Ringback answers: compare RINGBACK_API_URL with the stack's output JobsApiUrl, \
and look at proxies. "
        yield Finding("API", "failed", f"{told}{error}")
    else:
        yield Finding("API", "ok", f"answers, with {len(found)} models")
        try:
            next(client.jobs.list(page_size=1), None)
        except errors.NotAllowed as error:
            yield Finding("reading jobs", "failed", f"take a key with jobs:read. {error.detail}")
        except errors.RingbackError as error:
            yield Finding("reading jobs", "failed", str(error))
        else:
            yield Finding("reading jobs", "ok", "this key may")


def _posting(client: "Ringback") -> Finding:
    """Try a dry run: it asks for the scope, whatever it thinks of the request."""
    from ringback_client import errors

    try:
        client.price("", {})
    except errors.NotAllowed as error:
        return Finding("posting jobs", "note", f"this key may not. {error.detail}")
    except errors.RequestError:
        return Finding("posting jobs", "ok", "this key may")
    except errors.RingbackError as error:
        return Finding("posting jobs", "failed", str(error))
    return Finding("posting jobs", "ok", "this key may")


def _line(client: "Ringback") -> Finding:
    from ringback_client import errors

    try:
        client.check_line()
    except errors.NotConfigured as error:
        return Finding("live line", "note", f"{error} Until then, waiting asks now and then.")
    except errors.RingbackError as error:
        told = f"compare RINGBACK_LIVE_URL with the output LiveApiUrl, and look at proxies. {error}"
        return Finding("live line", "failed", told)
    return Finding("live line", "ok", "follows your jobs")
