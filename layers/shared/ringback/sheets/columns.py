"""Which columns a sheet may have."""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final
from unicodedata import normalize

from ringback.catalogue.call_back_urls import CALL_BACK
from ringback.catalogue.models import MODELS
from ringback.catalogue.pass_through import MAX_DEPTH, MAX_NAME_LENGTH
from ringback.catalogue.unknown_fields import is_callback
from ringback.domain.suggestions import close_to, did_you_mean
from ringback.domain.tags import TAGS

MODEL: Final = "model"
INPUT: Final = "input"
MAX_COLUMNS: Final = 200
_BESIDE_MODEL: Final = {name.lower(): name for name in (CALL_BACK, TAGS)}
_FIELD: Final = re.compile(rf"{INPUT}(\.[^\s.]{{1,{MAX_NAME_LENGTH}}}){{1,{MAX_DEPTH}}}")
_NAME: Final = re.compile(r"\w+")
_MAX_SHOWN: Final = 60
# No-width characters, such as a second byte order mark; str.strip() leaves them.
_INVISIBLE: Final = re.compile(r"[\ufeff\u200b-\u200f\u2060]")
_AROUND_DOT: Final = re.compile(r"\s*\.\s*")


def column_name(cell: str) -> str:
    """Return the column that a header cell names, however it is spaced, and in either case.

    The names of fields keep their case, for only the model knows it.
    """
    name = _AROUND_DOT.sub(".", _INVISIBLE.sub("", cell).strip())
    if name.lower() in _BESIDE_MODEL:
        return _BESIDE_MODEL[name.lower()]
    first, dot, rest = name.partition(".")
    return first.lower() + dot + rest if first.lower() in (MODEL, INPUT) else name


def column_faults(columns: Sequence[str]) -> list[str]:
    """Return why each invalid column is refused, and which column is missing."""
    if len(columns) > MAX_COLUMNS:
        return [f"there are {len(columns)} columns; the maximum is {MAX_COLUMNS}"]
    faults = [] if MODEL in columns else [f"column {MODEL!r} is missing"]
    parents = {outer for column in columns if _is_field(column) for outer in _outer(column)}
    seen = set[str]()
    for place, column in enumerate(columns, start=1):
        fault = _fault(column, seen, parents)
        if fault:
            shown = f" {column[:_MAX_SHOWN]!r}" if column else ""
            faults.append(f"column {place}{shown} {fault}")
        # Fields are found in either case, so that two columns would be one.
        seen.add(column.casefold())
    return faults


def _fault(column: str, before: set[str], parents: set[str]) -> str:
    if not column:
        return "has no name"
    if column != MODEL and column not in _BESIDE_MODEL.values() and not _is_field(column):
        if is_callback(column):
            return f"is unknown{did_you_mean([CALL_BACK])}"
        names = ", ".join((MODEL, *_BESIDE_MODEL.values()))
        return f"is none of {names} and {INPUT}.<field>{_hint(column)}"
    if column.casefold() in before:
        return "is a duplicate"
    is_parent = column.casefold() in parents
    return "is both a field and the parent of another column" if is_parent else ""


def _hint(column: str) -> str:
    """Ask whether a known column is meant, or else a field that no known model has."""
    known = {MODEL: MODEL} | {
        name: f"{INPUT}.{name}" for model in MODELS.values() for name in model.model_fields
    }
    name = normalize("NFKC", column).rpartition(".")[2]
    if found := close_to(name, known):
        return did_you_mean([known[found[0]]])
    is_name = len(column) <= _MAX_SHOWN and _NAME.fullmatch(column)
    return did_you_mean([f"{INPUT}.{column}"]) if is_name and column != INPUT else ""


def _is_field(column: str) -> bool:
    return _FIELD.fullmatch(column) is not None and column.isprintable()


def _outer(column: str) -> list[str]:
    """Return the parents of a column: ``input`` and ``input.a`` for ``input.A.b``."""
    return list(accumulate(column.casefold().split("."), "{}.{}".format))[:-1]
