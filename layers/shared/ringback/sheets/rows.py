"""Read a sheet of jobs, CSV or JSON Lines, row by row, from its start or from any row on."""

import csv
import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from pydantic_core import to_json

from ringback.domain.drops import Row
from ringback.domain.errors import FieldError, SheetRefused
from ringback.sheets.cells import value_of
from ringback.sheets.columns import INPUT, MODEL, faults_of
from ringback.sheets.records import MAX_RECORD_BYTES, Record, UnclosedQuote, records

# From a model's id to what each field of its input wants: list, integer, number, boolean, string.
# Nothing is known of a model that it has no fields for.
Kinds = Callable[[str], Mapping[str, str]]

# Between two rows; spreadsheets may write all that were ever touched. Who reads looks at the clock
# at each row only.
MAX_BLANK_ROWS: Final = 100_000

# Bytes that are not UTF-8 are read as lone surrogates, which no UTF-8 gives.
_BAD: Final = re.compile(r"[\x00\udc80-\udcff]")
_NO_NUL: Final = "must not have a NUL byte"
_NOT_UTF8: Final = "must be UTF-8"
_TOO_LONG: Final = FieldError("", f"a row has at most {MAX_RECORD_BYTES} bytes")
_NOT_CSV: Final = FieldError("", "has text after a closing quote, or a line break outside quotes")
_NOT_CLOSED: Final = (
    "a quote is not closed, or its cell is larger than any request; nothing from there on was read"
)
_OTHER_ENCODING: Final = "the file is not UTF-8: save it as UTF-8, with or without a mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """``end`` is the offset at which the data begins."""

    columns: tuple[str, ...]
    delimiter: str
    end: int


# What a row reads as; None for a blank one.
_Read = tuple[bytes, tuple[FieldError, ...]] | None


def read_header(lines: Iterator[bytes]) -> Header:
    """Read the first line of a CSV file, and nothing after it.

    Raises ``SheetRefused``, which names every wrong column.
    """
    for record in _from_the_start(records(lines, start=0)):
        if record.content is None:
            raise SheetRefused(f"the header has more than {MAX_RECORD_BYTES} bytes")
        if record.content.strip():
            return _header(record.content, record.end)
    raise SheetRefused("the file is empty")


def read_sheet(
    kind: Literal["csv", "jsonl"],
    lines: Iterator[bytes],
    *,
    header: Header | None,
    kinds: Kinds,
    start: int = 0,
    first: int = 1,
) -> Iterator[Row]:
    """Yield the rows from the offset ``start`` on, at which row ``first`` begins.

    ``lines`` are the file from there on, with their line ends; a line of more than
    ``MAX_LINE_BYTES`` bytes comes in pieces. ``header`` is there for CSV only. A row that cannot be
    read has faults, and reading goes on. Raises ``SheetRefused`` where it cannot go on.
    """
    if (kind == "csv") != (header is not None) or (header and start < header.end):
        raise ValueError("a CSV file has a header, and its rows begin after it")
    delimiter = header.delimiter.encode() if header else None
    found = records(lines, start=start, delimiter=delimiter)
    number, blank = first, 0
    try:
        for record in found if start else _from_the_start(found):
            read = _read(record.content, header, kinds)
            blank = 0 if read else blank + 1
            if blank > MAX_BLANK_ROWS:
                raise SheetRefused(f"more than {MAX_BLANK_ROWS} blank rows follow row {number - 1}")
            if read:
                request, faults = read
                yield Row(number=number, end=record.end, request=request, faults=faults)
                number += 1
    except UnclosedQuote:
        raise SheetRefused(f"row {number}: {_NOT_CLOSED}") from None
    if not start and number == first:
        raise SheetRefused("the file is empty")


def _from_the_start(found: Iterator[Record]) -> Iterator[Record]:
    """Look at the encoding, and take away the mark that spreadsheets put before UTF-8."""
    for record in found:
        content = record.content
        if content is not None:
            if content.startswith((BOM_UTF16_LE, BOM_UTF16_BE)) or b"\0" in content[:4]:
                raise SheetRefused(_OTHER_ENCODING)
            content = content.removeprefix(BOM_UTF8)
        yield Record(content, record.end)
        break
    yield from found


def _header(content: bytes, end: int) -> Header:
    try:
        line = content.decode()
    except UnicodeDecodeError:
        raise SheetRefused(_OTHER_ENCODING) from None
    if "\0" in line:
        raise SheetRefused(_OTHER_ENCODING)
    # Where a comma is the decimal point, spreadsheets put semicolons between cells.
    delimiter = "," if "," in line or ";" not in line else ";"
    try:
        columns = tuple(name.strip() for name in _cells(line, delimiter))
    except csv.Error:
        raise SheetRefused("the header is not CSV: a quote or a line break is wrong") from None
    faults = faults_of(columns)
    if faults:
        raise SheetRefused(f"the header is wrong: {'; '.join(faults)}")
    return Header(columns=columns, delimiter=delimiter, end=end)


def _cells(text: str, delimiter: str) -> list[str]:
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def _read(content: bytes | None, header: Header | None, kinds: Kinds) -> _Read:
    if content is None:
        return b"", (_TOO_LONG,)
    if not content.strip():
        return None
    return _csv_row(content, header, kinds) if header else _json_row(content)


def _json_row(content: bytes) -> _Read:
    fault = _fault_of(content.decode(errors="surrogateescape"))
    return (b"", (FieldError("", fault),)) if fault else (content, ())


def _csv_row(content: bytes, header: Header, kinds: Kinds) -> _Read:
    text = content.decode(errors="surrogateescape")
    try:
        cells = _cells(text, header.delimiter)
    except csv.Error:
        return b"", (_NOT_CSV,)
    if not any(map(str.strip, cells)):
        return None
    faults = tuple(_cell_faults(cells, header.columns, sound=not _fault_of(text)))
    # Its other errors are to be found, too, and named with these.
    unreadable = {fault.field for fault in faults}
    return to_json(_request(header.columns, cells, kinds, unreadable)), faults


def _cell_faults(
    cells: list[str], columns: tuple[str, ...], *, sound: bool
) -> Iterator[FieldError]:
    extra = len(cells) - len(columns)
    if extra > 0:
        yield FieldError("", f"has {len(cells)} cells, and the header {len(columns)} columns")
    if not sound:
        for name, cell in zip(columns, cells, strict=False):
            if fault := _fault_of(cell):
                yield FieldError(name, fault)


def _fault_of(text: str) -> str:
    bad = _BAD.search(text)
    if not bad:
        return ""
    return _NO_NUL if bad[0] == "\0" else _NOT_UTF8


def _request(
    columns: tuple[str, ...], cells: list[str], kinds: Kinds, unreadable: set[str]
) -> dict[str, Any]:
    filled = {
        name: cell
        for name, cell in zip(columns, cells, strict=False)
        if cell and name not in unreadable
    }
    request: dict[str, Any] = {INPUT: {}}
    model = filled.pop(MODEL, "").strip()
    if model:
        request[MODEL] = model
    known = kinds(model)
    for name, cell in filled.items():
        *outer, last = name.split(".")
        place = request
        for step in outer:
            place = place.setdefault(step, {})
        place[last] = value_of(cell, name.removeprefix(f"{INPUT}."), known)
    return request
