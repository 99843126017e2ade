"""An error that ends a command: words on standard error, with ``--json`` also a line of JSON."""

import dataclasses
from contextlib import suppress
from typing import Any, Final

import click

from ringback_cli.exits import ExitCode
from ringback_cli.printing import clean_lines, show_json

# Each is of some errors only.
FIELDS: Final = (
    *("status", "type", "errors", "retry_after", "idempotency_key", "may_be_done"),
    "job_ids",
)
# Their subclasses depend on the version of click, or the system.
KINDS: Final[tuple[type[Exception], ...]] = (click.UsageError, OSError)
HINTED: Final = frozenset({ExitCode.NOT_ALLOWED, ExitCode.UNAVAILABLE})


def tell(error: Exception, code: ExitCode, *, as_json: bool) -> None:
    words = _words(error)
    if as_json:
        with suppress(OSError):  # it may be standard output that can't be written to
            show_json({"error": _described(error, words), "exit_code": code})
    if isinstance(error, click.ClickException):
        error.show()
        return
    hint = " (`ringback doctor` says more)" if code in HINTED else ""
    click.echo(f"ringback: {clean_lines(words)}{hint}", err=True)


def _words(error: Exception) -> str:
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, OSError):
        told = error.strerror or "it can be neither read nor written"
        return f"{error.filename}: {told}" if error.filename else told
    return str(error)


def _described(error: Exception, words: str) -> dict[str, Any]:
    found = {name: getattr(error, name, None) for name in FIELDS}
    found["errors"] = [dataclasses.asdict(each) for each in found["errors"] or ()] or None
    told = {name: value for name, value in found.items() if value}
    kind = next((each for each in KINDS if isinstance(error, each)), type(error))
    return {"kind": kind.__name__, "message": words, **told}
