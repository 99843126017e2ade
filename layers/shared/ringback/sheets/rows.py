"""Read a sheet of jobs, CSV or JSON Lines, row by row, from its start or from any row on."""

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ringback.catalogue.call_back_urls import CALL_BACK
from ringback.domain.drops import Row
from ringback.domain.errors import FieldError, SheetRefused
from ringback.domain.tags import TAGS, tags_in
from ringback.sheets.cells import UnclearNumber, is_excel_error, value_of
from ringback.sheets.columns import INPUT, MODEL
from ringback.sheets.layout import Layout, cells_of
from ringback.sheets.lines import lines
from ringback.sheets.records import MAX_RECORD_BYTES, UnclosedQuote, records, until_end_mark

# From a model's id to the kind of each field of its input, as ``field_kinds`` returns it. Empty for
# a model that is not in the catalogue.
Kinds = Callable[[str], Mapping[str, str]]

# Between two rows: spreadsheets may write all rows that were ever edited, and a reader checks its
# time limit only once a row.
MAX_BLANK_ROWS: Final = 100_000

_NO_NUL: Final = "must not contain a NUL byte"
_EXCEL_ERROR: Final = "is an error that Excel shows instead of a value; correct the cell"
_CURLY: Final = (
    "begins with a curly quote that is closed in a later cell; only straight quotes hold a cell"
    " together"
)
# Opening and closing marks of several languages; German closes with the English opening one.
_OPENED: Final = re.compile(r"\s*[“„«][^”“»]*")
_CLOSED: Final = re.compile(r"[^“„«]*[”“»]\s*")
_TOO_LONG: Final = FieldError("", f"must have at most {MAX_RECORD_BYTES} bytes")
_NOT_CSV: Final = FieldError("", "has text after a closing quote, or a line break outside quotes")
_NOT_CLOSED: Final = (
    "a quote is not closed, or its cell is too large for a request; this row and all that follow"
    " were skipped"
)
# Where the semicolon separates cells, the comma is the decimal separator.
_DECIMALS: Final = {";": ","}

# The request and the faults of a row; None for a blank one.
_Read = tuple[bytes, tuple[FieldError, ...]] | None


def read_sheet(
    parts: Iterator[bytes], layout: Layout, *, kinds: Kinds, start: int = 0, first: int = 1
) -> Iterator[Row]:
    """Yield the rows from the offset ``start`` on, at which row ``first`` begins.

    ``parts`` are the file from there on; a smaller ``start`` than the layout's is its first row. A
    row that cannot be read has faults, and reading continues. Raises ``SheetRefused`` where it
    cannot continue.
    """
    if start < layout.start:
        raise ValueError("the rows begin after the header")
    found = records(
        lines(parts, layout.encoding, end=layout.line_end),
        start=start,
        delimiter=layout.delimiter.encode() or None,
        line_end=layout.line_end,
    )
    number, blank = first, 0
    try:
        for record in found:
            read = _read(record.content, layout, kinds)
            blank = 0 if read else blank + 1
            if blank > MAX_BLANK_ROWS:
                raise SheetRefused(f"more than {MAX_BLANK_ROWS} blank rows after row {number - 1}")
            if read:
                request, faults = read
                yield Row(number=number, end=record.end, request=request, faults=faults)
                number += 1
    except UnclosedQuote:
        raise SheetRefused(f"row {number}: {_NOT_CLOSED}") from None


def _read(content: bytes | None, layout: Layout, kinds: Kinds) -> _Read:
    if content is None:
        return b"", (_TOO_LONG,)
    if not until_end_mark(content).strip():
        return None
    return _csv_row(content.decode(), layout, kinds) if layout.columns else _json_row(content)


def _json_row(content: bytes) -> _Read:
    return (b"", (FieldError("", _NO_NUL),)) if b"\0" in content else (content, ())


def _csv_row(text: str, layout: Layout, kinds: Kinds) -> _Read:
    try:
        cells = cells_of(text, layout.delimiter)
    except csv.Error:
        return b"", (_NOT_CSV,)
    if not any(map(str.strip, cells)):
        return None
    filled = _Filled(layout, cells)
    # The rest of the row is read all the same, so that all of its errors are reported at once.
    request = json.dumps(filled.request(kinds), ensure_ascii=False, separators=(",", ":"))
    return request.encode(), tuple(filled.faults)


class _Filled:
    """The cells of one row that have a value, and ``faults``, what is wrong with the others."""

    def __init__(self, layout: Layout, cells: list[str]) -> None:
        columns, self._decimal = layout.columns, _DECIMALS.get(layout.delimiter, ".")
        self.faults = list[FieldError]()
        self._cells = dict[str, str]()
        # Spreadsheets write as many cells as the widest row nearby has.
        if any(map(str.strip, cells[len(columns) :])):
            width = max(at for at, cell in enumerate(cells, start=1) if cell.strip())
            words = f"has {width} cells, but the header has {len(columns)} columns"
            self.faults.append(FieldError("", words))
        for name, cell in zip(columns, cells, strict=False):
            if "\0" in cell:
                self.faults.append(FieldError(name, _NO_NUL))
            elif is_excel_error(cell):
                self.faults.append(FieldError(name, _EXCEL_ERROR))
            elif cell:
                self._cells[name] = cell
        if split := _split_at_a_curly_quote(cells[: len(columns)]):
            self.faults.append(FieldError(columns[split - 1], _CURLY))

    def request(self, kinds: Kinds) -> dict[str, Any]:
        request: dict[str, Any] = {INPUT: {}}
        model = self._cells.pop(MODEL, "").strip()
        if model:
            request[MODEL] = model
        call_back = self._cells.pop(CALL_BACK, "").strip()
        if call_back:
            request[CALL_BACK] = call_back
        if tags := tags_in(self._cells.pop(TAGS, "")):
            request[TAGS] = tags
        known = kinds(model)
        in_either_case = {name.casefold(): name for name in known}
        for column, cell in self._cells.items():
            field = column.removeprefix(f"{INPUT}.")
            field = in_either_case.get(field.casefold(), field)
            # A cell that looks empty is empty, but for text.
            if field in known and known[field] != "string" and not cell.strip():
                continue
            try:
                value = value_of(cell, field, known, decimal=self._decimal)
            except UnclearNumber as error:
                self.faults.append(FieldError(column, str(error)))
                continue
            *outer, last = field.split(".")
            place = request[INPUT]
            for step in outer:
                place = place.setdefault(step, {})
            place[last] = value
        return request


def _split_at_a_curly_quote(cells: list[str]) -> int:
    """Return the number, from 1, of a cell that was meant to go on in a later one; 0 if none."""
    for number, cell in enumerate(cells, start=1):
        if _OPENED.fullmatch(cell) and any(map(_CLOSED.fullmatch, cells[number:])):
            return number
    return 0
