"""Which columns a sheet may have."""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from ringback.catalogue.call_back_urls import CALL_BACK
from ringback.catalogue.pass_through import MAX_DEPTH, MAX_NAME_LENGTH
from ringback.catalogue.unknown_fields import is_callback
from ringback.domain.suggestions import did_you_mean

MODEL: Final = "model"
INPUT: Final = "input"
MAX_COLUMNS: Final = 200
_FIELD: Final = re.compile(rf"{INPUT}(\.[^\s.]{{1,{MAX_NAME_LENGTH}}}){{1,{MAX_DEPTH}}}")
_MAX_SHOWN: Final = 60
# No-width characters, such as a second byte order mark; str.strip() leaves them.
_INVISIBLE: Final = re.compile(r"[\ufeff\u200b-\u200f\u2060]")
_AROUND_DOT: Final = re.compile(r"\s*\.\s*")


def column_name(cell: str) -> str:
    """Return the column that a header cell names, however it is spaced, and in either case.

    The names of fields keep their case, for only the model knows it.
    """
    name = _AROUND_DOT.sub(".", _INVISIBLE.sub("", cell).strip())
    if name.lower() == CALL_BACK.lower():
        return CALL_BACK
    first, dot, rest = name.partition(".")
    return first.lower() + dot + rest if first.lower() in (MODEL, INPUT) else name


def column_faults(columns: Sequence[str]) -> list[str]:
    """Return why each invalid column is refused, and which column is missing."""
    if len(columns) > MAX_COLUMNS:
        return [f"there are {len(columns)} columns; the maximum is {MAX_COLUMNS}"]
    faults = [] if MODEL in columns else [f"column {MODEL!r} is missing"]
    having_parts = {outer for column in columns if _is_field(column) for outer in _outer(column)}
    seen = set[str]()
    for place, column in enumerate(columns, start=1):
        fault = _fault(column, seen, having_parts)
        if fault:
            shown = f" {column[:_MAX_SHOWN]!r}" if column else ""
            faults.append(f"column {place}{shown} {fault}")
        # Fields are found in either case, so these two would be one.
        seen.add(column.casefold())
    return faults


def _fault(column: str, before: set[str], having_parts: set[str]) -> str:
    if not column:
        return "has no name"
    if column not in (MODEL, CALL_BACK) and not _is_field(column):
        if is_callback(column):
            return f"is unknown{did_you_mean([CALL_BACK])}"
        meant = f"{INPUT}.{column}"
        hint = f"; is {meant} meant?" if _is_field(meant) and len(meant) <= _MAX_SHOWN else ""
        return f"is none of {MODEL}, {CALL_BACK} and {INPUT}.<field>{hint}"
    if column.casefold() in before:
        return "is a duplicate"
    return "is both a field and the parent of another column" if column in having_parts else ""


def _is_field(column: str) -> bool:
    return _FIELD.fullmatch(column) is not None and column.isprintable()


def _outer(column: str) -> list[str]:
    """Return the parents of a column: ``input`` and ``input.a`` for ``input.a.b``."""
    return list(accumulate(column.split("."), "{}.{}".format))[:-1]
