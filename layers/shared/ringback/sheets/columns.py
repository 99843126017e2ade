"""Which columns a sheet may have."""

import re
from collections.abc import Sequence
from itertools import accumulate
from typing import Final

MODEL: Final = "model"
INPUT: Final = "input"
MAX_COLUMNS: Final = 200
# As deep as an input may be at all, and names as long.
_FIELD: Final = re.compile(rf"{INPUT}(\.[^\s.]{{1,100}}){{1,8}}")
_MAX_SHOWN: Final = 60


def faults_of(columns: Sequence[str]) -> list[str]:
    """Say of every column why it cannot be there, and which one is missing."""
    if len(columns) > MAX_COLUMNS:
        return [f"there are {len(columns)} columns; a sheet has at most {MAX_COLUMNS}"]
    faults = [] if MODEL in columns else [f"there is no column {MODEL!r}"]
    having_parts = {outer for column in columns if _is_field(column) for outer in _outer(column)}
    seen = set[str]()
    for place, column in enumerate(columns, start=1):
        fault = _fault(column, seen, having_parts)
        if fault:
            shown = f" {column[:_MAX_SHOWN]!r}" if column else ""
            faults.append(f"column {place}{shown} {fault}")
        seen.add(column)
    return faults


def _fault(column: str, before: set[str], having_parts: set[str]) -> str:
    if not column:
        return "has no name"
    if column != MODEL and not _is_field(column):
        return f"is neither {MODEL} nor {INPUT}.<field>"
    if column in before:
        return "is there already"
    return "is a field, and another column a part of it" if column in having_parts else ""


def _is_field(column: str) -> bool:
    return _FIELD.fullmatch(column) is not None and column.isprintable()


def _outer(column: str) -> list[str]:
    """Return what a column lies within: ``input`` and ``input.a`` for ``input.a.b``."""
    return list(accumulate(column.split("."), "{}.{}".format))[:-1]
