"""The rows of a batch: CSV with a header, or JSON Lines."""

import csv
import hashlib
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import click

from ringback_cli.inputs import json_of

JSON_LINES: Final = frozenset({".jsonl", ".ndjson"})
DELIMITERS: Final = (",", ";", "\t")
CALL_BACK_URL: Final = "callBackUrl"
TAGS: Final = "tags"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """``number`` counts from 1. ``cells`` are texts, ``fields`` values that have their type."""

    number: int
    model: str
    cells: Mapping[str, str]
    fields: Mapping[str, Any]
    call_back_url: str | None
    tags: Sequence[str] = ()


def read_rows(path: Path, model: str | None) -> tuple[str, list[Row]]:
    """Return the file's SHA-256 and its rows; raises ``click.UsageError`` for the first bad one."""
    content = path.read_bytes()
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path.name} is not UTF-8.") from error
    read = _json_lines if path.suffix.lower() in JSON_LINES else _csv
    rows = list(read(text, model))
    if not rows:
        raise click.UsageError(f"{path.name} has no rows.")
    return hashlib.sha256(content).hexdigest(), rows


def _json_lines(text: str, model: str | None) -> Iterator[Row]:
    # Not splitlines: a JSON text may have other line separators in it.
    lines = [line for line in text.split("\n") if line.strip()]
    for number, line in enumerate(lines, 1):
        try:
            found = json_of(line)
        except ValueError as error:
            raise click.UsageError(f"Row {number} is not JSON: {error}") from error
        if not isinstance(found, dict) or not isinstance(found.get("input"), dict):
            raise click.UsageError(f"Row {number} is no object with `model` and `input`.")
        if more := found.keys() - {"model", "input", CALL_BACK_URL, TAGS}:
            raise click.UsageError(f"Row {number} has unknown fields: {', '.join(sorted(more))}.")
        tags = found.get(TAGS) or ()
        if not isinstance(tags, (list, tuple)):
            raise click.UsageError(f"Row {number}: `tags` is no list.")
        yield Row(
            number=number,
            model=_model(found.get("model"), model, number),
            cells={},
            fields=found["input"],
            call_back_url=found.get(CALL_BACK_URL),
            tags=tags,
        )


def _csv(text: str, model: str | None) -> Iterator[Row]:
    first = text.partition("\n")[0]
    delimiter = max(DELIMITERS, key=first.count)
    # Not splitlines: a cell may have other line separators in it.
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 0
    try:
        names = [name.strip() for name in reader.fieldnames or () if name.strip()]
        if twice := {name for name in names if names.count(name) > 1}:
            raise click.UsageError(f"The header names {', '.join(sorted(twice))} twice.")
        for row in reader:
            number += 1
            if None in row or None in row.values():
                raise click.UsageError(f"Row {number} has more or fewer cells than the header.")
            cells = {name.strip(): cell for name, cell in row.items() if cell.strip()}
            call_back_url = cells.pop(CALL_BACK_URL, None)
            tags = [tag for each in cells.pop(TAGS, "").split(",") if (tag := each.strip())]
            yield Row(
                number=number,
                model=_model(cells.pop("model", None), model, number),
                cells=cells,
                fields={},
                call_back_url=call_back_url,
                tags=tags,
            )
    except csv.Error as error:
        raise click.UsageError(f"Row {number + 1}: {error}") from error


def _model(given: object, default: str | None, number: int) -> str:
    found = given or default
    if not isinstance(found, str):
        raise click.UsageError(f"Row {number} names no model; --model is for rows without one.")
    return found
