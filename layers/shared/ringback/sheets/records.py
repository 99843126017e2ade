"""Split a file into records: lines, or in CSV as many lines as a quoted cell spans."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from ringback.json_bodies import MAX_REQUEST_BYTES
from ringback.sheets.lines import Line

MAX_RECORD_BYTES: Final = MAX_REQUEST_BYTES
# A quote that is open for longer is taken for a missing one: no row after it can be recognized.
MAX_QUOTED_BYTES: Final = 256 * 1024
_LINE_END: Final = len(b"\r\n")
# Programs that descend from DOS mark the end of a file with it. NULs may fill a block after it.
END_OF_FILE: Final = b"\x1a"
_QUOTE: Final = ord('"')


class UnclosedQuote(Exception):
    """A quote is not closed, so that the record has no end."""


@dataclass(frozen=True, slots=True)
class Record:
    """``content`` is UTF-8 without a line end; ``None`` if longer than ``MAX_RECORD_BYTES``.

    ``end`` is the offset in the file, in bytes, at which the next record begins.
    """

    content: bytes | None
    end: int


def records(
    lines: Iterator[Line], *, start: int, delimiter: bytes | None = None, line_end: bytes = b"\n"
) -> Iterator[Record]:
    """Yield every record, also blank ones. Without a ``delimiter`` every line is a record.

    ``lines`` are the file from the offset ``start`` on, each up to a ``line_end``. Raises
    ``UnclosedQuote``.
    """
    quotes = _Quotes(delimiter, line_end) if delimiter else None
    held, size, end = bytearray(), 0, start
    for piece, bytes_in_file in lines:
        size += len(piece)
        end += bytes_in_file
        if size <= MAX_RECORD_BYTES + _LINE_END:
            held += piece
        inside = quotes.are_open_after(piece) if quotes else False
        if piece.endswith(line_end) and not inside:
            yield _record(held, size, end, line_end)
            held.clear()
            size = 0
    if quotes and quotes.are_open:
        raise UnclosedQuote
    if size:
        marks = len(held) - len(until_end_mark(held))
        yield _record(held[: len(held) - marks], size - marks, end, line_end)


def until_end_mark(content: bytes | bytearray) -> bytes | bytearray:
    """Return the content without an end mark at its end, and what fills the block after it."""
    unfilled = content.rstrip(b"\0\r\n")
    return unfilled.rstrip(END_OF_FILE) if unfilled.endswith(END_OF_FILE) else content


def _record(held: bytearray, size: int, end: int, line_end: bytes) -> Record:
    content = bytes(held).removesuffix(line_end).rstrip(b"\r")
    kept = size == len(held) and len(content) <= MAX_RECORD_BYTES
    return Record(content if kept else None, end)


class _Place(Enum):
    START = auto()  # of a cell: a quote opens only here
    PLAIN = auto()
    QUOTED = auto()
    CLOSED = auto()  # unless another quote follows: a pair is an escaped quote


class _Quotes:
    """Tracks quotes from piece to piece, wherever the file is split."""

    def __init__(self, delimiter: bytes, line_end: bytes) -> None:
        self._delimiter = delimiter
        self._line_end = line_end
        self._opening = delimiter + b'"'
        self._place = _Place.START
        self._open_for = 0

    @property
    def are_open(self) -> bool:
        return self._place is _Place.QUOTED

    def are_open_after(self, piece: bytes) -> bool:
        at = 0
        while at < len(piece):
            if self._place is _Place.QUOTED:
                at = self._within_quotes(piece, at)
            elif piece[at] == _QUOTE and self._place is not _Place.PLAIN:
                self._open_for = 0 if self._place is _Place.START else self._open_for + 1
                self._place = _Place.QUOTED
                at += 1
            else:
                at = self._outside(piece, at)
        return self.are_open

    def _within_quotes(self, piece: bytes, at: int) -> int:
        closing = piece.find(b'"', at)
        following = len(piece) if closing < 0 else closing + 1
        self._open_for += following - at
        if self._open_for > MAX_QUOTED_BYTES:
            raise UnclosedQuote
        if closing >= 0:
            self._place = _Place.CLOSED
        return following

    def _outside(self, piece: bytes, at: int) -> int:
        """Skip to the next cell that begins with a quote; in all others, quotes are text."""
        found = piece.find(self._opening, at)
        if found >= 0:
            self._place = _Place.START
            return found + len(self._delimiter)
        at_start = piece.endswith((self._delimiter, self._line_end))
        self._place = _Place.START if at_start else _Place.PLAIN
        return len(piece)
