"""How a sheet is laid out: encoding, line ends, delimiter and columns, read from its beginning."""

import csv
import re
from codecs import getincrementaldecoder
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ringback.domain.errors import SheetRefused
from ringback.sheets.columns import MODEL, column_faults, column_name
from ringback.sheets.encodings import mark_of
from ringback.sheets.lines import MAX_LINE_BYTES, lines
from ringback.sheets.records import MAX_RECORD_BYTES, Record, UnclosedQuote, records

# As many bytes of a file as hold the longest header, also in UTF-16 and after some blank lines.
HEAD_BYTES: Final = 2 * MAX_RECORD_BYTES + 8 * 1024
# A comma comes first: a semicolon or a tab may be in the name of a column. Where the comma is the
# decimal separator, spreadsheets put semicolons between cells; "Unicode Text" has tabs.
DELIMITERS: Final = (",", ";", "\t")
# Some programs write CR CR LF: they turn each LF of CR LF into another CR LF.
_LINE_END: Final = re.compile("\r*\n|\r")
# Excel's own first line, which names the delimiter. The rest of the line may be empty cells.
_SEP: Final = re.compile(r'"?sep=([^"]?)"?[,;\t ]*', re.IGNORECASE)
ONE_A_LINE: Final = "write each object on one line, without brackets around and commas between them"
_EMPTY: Final = b' ,;\t\r\n\x0b\x0c\x1a"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """``start`` is the offset in bytes at which the first row begins.

    JSON Lines have neither columns nor a delimiter.
    """

    encoding: str
    line_end: bytes
    start: int
    columns: tuple[str, ...] = ()
    delimiter: str = ""


def json_lines_layout(head: bytes, encoding: str) -> Layout:
    """Lay out JSON Lines; white space is allowed in JSON, so a CR ends lines only without any LF.

    ``head`` is the file's beginning, up to ``HEAD_BYTES``. Raises ``SheetRefused`` for JSON that is
    not one object on each line.
    """
    text, _ = _text(head, encoding)
    first = text.lstrip("\ufeff \t\r\n").partition("\n")[0].strip()
    if first.startswith("["):
        raise SheetRefused(f"the file is a JSON list; {ONE_A_LINE}")
    if first == "{":
        raise SheetRefused(f"the first object has several lines; {ONE_A_LINE}")
    end = b"\r" if "\r" in text and "\n" not in text else b"\n"
    return Layout(encoding=encoding, line_end=end, start=len(mark_of(head)))


def csv_layout(head: bytes, encoding: str) -> Layout:
    """Lay out a CSV file. Raises ``SheetRefused``, which names every invalid column.

    ``head`` is the file's beginning, up to ``HEAD_BYTES``.
    """
    text, size = _text(head, encoding)
    first = _LINE_END.search(text)
    file = _Head(
        content=head[:size],
        is_all=len(head) < HEAD_BYTES,
        encoding=encoding,
        line_end=b"\r" if first and first[0] == "\r" else b"\n",
    )
    start = len(mark_of(head))
    record = file.first(start)
    sep = _SEP.fullmatch(_decoded(record).strip())
    if not sep:
        return file.laid_out(start, DELIMITERS)
    # The tab of ``sep=`` and a tab was stripped.
    delimiter = sep[1].strip() or "\t"
    if delimiter not in DELIMITERS:
        raise SheetRefused(f"sep={delimiter} is not supported; use a comma, a semicolon or a tab")
    return file.laid_out(record.end, (delimiter,))


def cells_of(text: str, delimiter: str) -> list[str]:
    """Split a record into its cells. Raises ``csv.Error``."""
    return next(csv.reader([text], delimiter=delimiter, strict=True), [])


def _text(head: bytes, encoding: str) -> tuple[str, int]:
    """Return the whole characters of ``head``, and their length in bytes."""
    decoder = getincrementaldecoder(encoding)()
    text = decoder.decode(head)
    return text, len(head) - len(decoder.getstate()[0])


def _decoded(record: Record) -> str:
    return (record.content or b"").decode().strip("\ufeff")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    """The beginning of a CSV file; ``is_all`` if the file has no more."""

    content: bytes
    is_all: bool
    encoding: str
    line_end: bytes

    def first(self, start: int, delimiter: str = "") -> Record:
        """Return the first record that is not blank."""
        for record in self._records(start, delimiter):
            is_cut = record.end == len(self.content) and not self.is_all
            if record.content is None or is_cut:
                raise SheetRefused(f"the header has more than {MAX_RECORD_BYTES} bytes")
            if record.content.replace(b"\xc2\xa0", b"").strip(_EMPTY):
                return record
        raise SheetRefused("the file is empty")

    def _records(self, start: int, delimiter: str) -> Iterator[Record]:
        return records(
            lines(self._parts(start), self.encoding, end=self.line_end),
            start=start,
            delimiter=delimiter.encode() or None,
            line_end=self.line_end,
        )

    def _parts(self, start: int) -> Iterator[bytes]:
        for at in range(start, len(self.content), MAX_LINE_BYTES):
            yield self.content[at : at + MAX_LINE_BYTES]

    def laid_out(self, start: int, delimiters: tuple[str, ...]) -> Layout:
        """Return the layout by the first delimiter that gives a column ``model``."""
        found = [layout for each in delimiters if (layout := self._by(each, start))]
        if not found:
            raise SheetRefused("the header is not valid CSV: check its quotes and line breaks")
        best = next((each for each in found if MODEL in each.columns), None)
        layout = best or max(found, key=lambda each: len(each.columns))
        if faults := column_faults(layout.columns):
            raise SheetRefused(f"the header is invalid: {'; '.join(faults)}")
        return layout

    def _by(self, delimiter: str, start: int) -> Layout | None:
        try:
            record = self.first(start, delimiter)
            cells = cells_of(_decoded(record), delimiter)
        except (UnclosedQuote, csv.Error):
            return None
        names = [column_name(cell) for cell in cells]
        # Spreadsheets write every column that was ever in use.
        while names and not names[-1]:
            names.pop()
        return Layout(
            encoding=self.encoding,
            line_end=self.line_end,
            start=record.end,
            columns=tuple(names),
            delimiter=delimiter,
        )
