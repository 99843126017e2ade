"""What the commands print: plain text, or JSON. Nothing in it can steer a terminal.

Prompts, messages and names are strangers' words: control characters are left out, and Rich gets
them as text without markup.
"""

import dataclasses
import json
import re
import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any, Final

import click

# Control characters and line ends; then what reverses the direction of the text after it.
_STEERING: Final = {"Cc", "Cs", "Zl", "Zp"}
_SPACE: Final = re.compile(r"[\t\n\v\f\r]+")
_DIRECTIONS: Final = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)


def clean(text: object) -> str:
    """Return one line without anything that a terminal obeys."""
    spaced = _SPACE.sub(" ", str(text))
    return "".join(
        each
        for each in spaced
        if unicodedata.category(each) not in _STEERING and each not in _DIRECTIONS
    )


def clean_lines(text: str) -> str:
    return "\n".join(f"  {clean(line)}" if line[:1] == " " else clean(line)
                     for line in text.split("\n"))  # fmt: skip


def say(text: str) -> None:
    """Print one line of what was asked for."""
    click.echo(clean(text))


def note(text: str) -> None:
    """Print one line beside it, on standard error."""
    click.echo(clean(text), err=True)


def show_json(value: Any) -> None:
    """Print one line of JSON in ASCII."""
    click.echo(json.dumps(value, default=_as_json))


def _as_json(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(type(value).__name__)
