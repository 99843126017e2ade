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
from ringback.sheets.columns import INPUT, MODEL, column_faults
from ringback.sheets.records import MAX_RECORD_BYTES, Record, UnclosedQuote, records

# From a model's id to the kind of each field of its input: list, integer, number, boolean or
# string. Empty for a model that is not in the catalogue.
Kinds = Callable[[str], Mapping[str, str]]

# Between two rows: spreadsheets may write all rows that were ever edited, and a reader checks its
# time limit only once a row.
MAX_BLANK_ROWS: Final = 100_000

# "surrogateescape" decodes bytes that are not UTF-8 to lone surrogates, which no UTF-8 encodes.
_BAD: Final = re.compile(r"[\x00\udc80-\udcff]")
_NO_NUL: Final = "must not contain a NUL byte"
_NOT_UTF8: Final = "must be UTF-8"
_TOO_LONG: Final = FieldError("", f"must have at most {MAX_RECORD_BYTES} bytes")
_NOT_CSV: Final = FieldError("", "has text after a closing quote, or a line break outside quotes")
_NOT_CLOSED: Final = (
    "a quote is not closed, or its cell is too large for a request; this row and all that follow"
    " were skipped"
)
_OTHER_ENCODING: Final = "the file is not UTF-8; save it as UTF-8, with or without a BOM"


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The columns of a CSV file; ``end`` is the offset in bytes at which the data begins."""

    columns: tuple[str, ...]
    delimiter: str
    end: int


# The request and the faults of a row; None for a blank one.
_Read = tuple[bytes, tuple[FieldError, ...]] | None


def read_header(lines: Iterator[bytes]) -> Header:
    """Read the first line of a CSV file, and nothing after it.

    Raises ``SheetRefused``, which names every invalid column.
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

    ``lines`` are the file from there on, with their line ends; a line longer than
    ``MAX_LINE_BYTES`` comes in pieces. ``header`` is for CSV only. A row that cannot be read has
    faults, and reading continues. Raises ``SheetRefused`` where it cannot continue.
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
                raise SheetRefused(f"more than {MAX_BLANK_ROWS} blank rows after row {number - 1}")
            if read:
                request, faults = read
                yield Row(number=number, end=record.end, request=request, faults=faults)
                number += 1
    except UnclosedQuote:
        raise SheetRefused(f"row {number}: {_NOT_CLOSED}") from None
    if not start and number == first:
        raise SheetRefused("the file is empty")


def _from_the_start(found: Iterator[Record]) -> Iterator[Record]:
    """Check the encoding, and remove the byte order mark that spreadsheets put before UTF-8."""
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
    # Where the comma is the decimal separator, spreadsheets put semicolons between cells.
    delimiter = "," if "," in line or ";" not in line else ";"
    try:
        columns = tuple(name.strip() for name in _cells(line, delimiter))
    except csv.Error:
        raise SheetRefused(
            "the header is not valid CSV: check its quotes and line breaks"
        ) from None
    faults = column_faults(columns)
    if faults:
        raise SheetRefused(f"the header is invalid: {'; '.join(faults)}")
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
    # The rest of the row is read all the same, so that all of its errors are reported at once.
    unreadable = {fault.field for fault in faults}
    return to_json(_request(header.columns, cells, kinds, unreadable)), faults


def _cell_faults(
    cells: list[str], columns: tuple[str, ...], *, sound: bool
) -> Iterator[FieldError]:
    extra = len(cells) - len(columns)
    if extra > 0:
        yield FieldError("", f"has {len(cells)} cells, but the header has {len(columns)} columns")
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
