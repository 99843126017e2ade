"""Cut a file into records: lines, or in CSV as many lines as a quoted cell goes over."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

MAX_RECORD_BYTES: Final = 128 * 1024
# A quote that is open for longer was forgotten: what follows it cannot be told apart.
MAX_QUOTED_BYTES: Final = 256 * 1024
_LINE_END: Final = len(b"\r\n")
_QUOTE: Final = ord('"')


class UnclosedQuote(Exception):
    """The record ends nowhere."""


@dataclass(frozen=True, slots=True)
class Record:
    """``content`` is without its line end; ``None`` if it is longer than we would hold."""

    content: bytes | None
    end: int


def records(
    lines: Iterator[bytes], *, start: int, delimiter: bytes | None = None
) -> Iterator[Record]:
    """Yield every record, blank ones too; without a delimiter every line is one.

    ``lines`` are the file from the offset ``start`` on. Raises ``UnclosedQuote``.
    """
    quotes = _Quotes(delimiter) if delimiter else None
    held, size, end = bytearray(), 0, start
    for piece in lines:
        size += len(piece)
        end += len(piece)
        if size <= MAX_RECORD_BYTES + _LINE_END:
            held += piece
        inside = quotes.are_open_after(piece) if quotes else False
        if piece.endswith(b"\n") and not inside:
            yield _record(held, size, end)
            held.clear()
            size = 0
    if quotes and quotes.are_open:
        raise UnclosedQuote
    if size:
        yield _record(held, size, end)


def _record(held: bytearray, size: int, end: int) -> Record:
    content = bytes(held).removesuffix(b"\n").removesuffix(b"\r")
    kept = size == len(held) and len(content) <= MAX_RECORD_BYTES
    return Record(content if kept else None, end)


class _Place(Enum):
    START = auto()  # of a cell: only here does a quote open
    PLAIN = auto()
    QUOTED = auto()
    CLOSED = auto()  # unless another quote follows: two stand for one


class _Quotes:
    """Follows the quotes from piece to piece, wherever the pieces are cut."""

    def __init__(self, delimiter: bytes) -> None:
        self._delimiter = delimiter
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
        """Go to the next cell that begins with a quote: in any other, quotes are text."""
        found = piece.find(self._opening, at)
        if found >= 0:
            self._place = _Place.START
            return found + len(self._delimiter)
        at_start = piece.endswith((self._delimiter, b"\n"))
        self._place = _Place.START if at_start else _Place.PLAIN
        return len(piece)
