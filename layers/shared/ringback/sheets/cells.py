"""Convert the text of a cell to JSON, by the kind of its field."""

import re
from collections.abc import Callable, Mapping
from math import isfinite
from typing import Any, Final

_SEPARATOR: Final = "|"
_LISTS: Final = ("_urls", "_input")

# Programs that fill gaps in a column of integers write the other values as 7.0.
_WHOLE: Final = re.compile(r"(-?[0-9]{1,40})(?:\.0{1,10})?")
_NUMBER: Final = re.compile(r"-?([0-9]{1,40}(\.[0-9]{0,40})?|\.[0-9]{1,40})([eE][+-]?[0-9]{1,3})?")
_CANONICAL_WHOLE: Final = re.compile(r"0|-?[1-9][0-9]{0,17}")
_CANONICAL_NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
_BOOLEANS: Final = {"true": True, "false": False}
# Spreadsheets write upper case, whatever was typed.
_CANONICAL_BOOLEANS: Final = _BOOLEANS | {"TRUE": True, "FALSE": False}


def value_of(cell: str, field: str, kinds: Mapping[str, str]) -> Any:
    """Return the value of a field; ``field`` is its dotted name within the input.

    A field that is not in ``kinds`` is converted by its name and by how the cell is written. What
    cannot be converted stays text, for the model's own validation to report.
    """
    return _READERS[kinds.get(field) or _guessed(field)](cell)


def _guessed(field: str) -> str:
    return "list" if field.endswith(_LISTS) else "unknown"


def _list(cell: str) -> list[str]:
    items = (item.strip() for item in cell.split(_SEPARATOR))
    return [item for item in items if item]


def _integer(cell: str) -> int | str:
    found = _WHOLE.fullmatch(cell.strip())
    return int(found[1]) if found else cell


def _number(cell: str) -> float | str:
    whole = _integer(cell)
    if isinstance(whole, int) or not _NUMBER.fullmatch(cell.strip()):
        return whole
    number = float(cell)
    return number if isfinite(number) else cell


def _boolean(cell: str) -> bool | str:
    return _BOOLEANS.get(cell.strip().lower(), cell)


def _unknown(cell: str) -> float | str:
    if _CANONICAL_WHOLE.fullmatch(cell):
        return int(cell)
    if _CANONICAL_NUMBER.fullmatch(cell):
        return float(cell)
    return _CANONICAL_BOOLEANS.get(cell, cell)


_READERS: Final[Mapping[str, Callable[[str], Any]]] = {
    "list": _list,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "string": str,
    "unknown": _unknown,
}
