"""Unpacks a PNG's pixel data, only to see whether all of it is there: RFC 1950 and 1951."""

import zlib
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

# Left, top, and the distances between pixels of each pass:
# https://www.w3.org/TR/png-3/#8InterlaceMethods
PASSES: Final = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
FILTERS: Final = bytes(range(5))  # https://www.w3.org/TR/png-3/#9Filter-types; no decoder has more
STEP: Final = 256 * 1024
# A small file may unpack to far more than any picture needs. Of more than this only the chunks'
# checksums are verified: it takes a second, and no memory.
MAX_UNPACKED: Final = 512 * 1024 * 1024


class Pass(NamedTuple):
    """Rows of equal length; the first byte of each names its filter."""

    row_bytes: int
    rows: int


def passes_of(width: int, height: int, bits: int, *, interlaced: bool) -> list[Pass]:
    """Return what the unpacked pixel data consists of; each row begins in a byte of its own.

    ``bits`` is the size of a pixel.
    """
    sizes: Iterator[tuple[int, int]] = iter([(width, height)])
    if interlaced:
        sizes = (
            (-(-(width - left) // across), -(-(height - top) // down))
            for left, top, across, down in PASSES
        )
    return [
        Pass(-(-columns * bits // 8) + 1, rows) for columns, rows in sizes if columns > 0 < rows
    ]


class PixelData:
    """The content of the first run of IDAT chunks; decoders read no other."""

    def __init__(self, passes: Sequence[Pass], *, has_zlib_header: bool) -> None:
        self._expected = sum(row_bytes * rows for row_bytes, rows in passes)
        self._passes = list(_places(passes))
        self._stream = zlib.decompressobj(zlib.MAX_WBITS if has_zlib_header else -zlib.MAX_WBITS)
        self._unpacked = self._runs = 0
        self._flaw = ""

    def begin(self) -> None:
        self._runs += 1

    @property
    def _is_decided(self) -> bool:
        return (
            self._runs != 1
            or bool(self._flaw)
            or self._stream.eof
            # More rows than the header announces are ignored by decoders.
            or self._unpacked > min(self._expected, MAX_UNPACKED)
        )

    def add(self, piece: bytes) -> None:
        while piece and not self._is_decided:
            self._unpack(piece)
            piece = self._stream.unconsumed_tail

    def _unpack(self, piece: bytes) -> None:
        try:
            part = self._stream.decompress(piece, STEP)
        except zlib.error:
            self._flaw = "the pixel data, or its checksum (Adler-32), is wrong"
            return
        start, self._unpacked = self._unpacked, self._unpacked + len(part)
        for first, end, row_bytes in self._passes:
            # The first row of this pass that begins in this part begins here.
            at = first + max(0, -(-(start - first) // row_bytes)) * row_bytes - start
            if part[at : max(0, end - start) : row_bytes].translate(None, FILTERS):
                self._flaw = "a row has a filter that does not exist"

    def flaw(self) -> str:
        """Return what is wrong, now that all of it was added; empty if nothing is."""
        if not self._runs:
            return "there is no pixel data (IDAT)"
        if not self._is_decided:
            self._unpack(b"")  # a few bytes that STEP held back
        is_short = self._unpacked < min(self._expected, MAX_UNPACKED)
        has_end = self._stream.eof or self._unpacked > min(self._expected, MAX_UNPACKED)
        return self._flaw or ("the pixel data ends too early" if is_short or not has_end else "")


def _places(passes: Sequence[Pass]) -> Iterator[tuple[int, int, int]]:
    """Yield where each pass begins and ends in the pixel data, and the length of its rows."""
    start = 0
    for row_bytes, rows in passes:
        end = start + row_bytes * rows
        yield start, end, row_bytes
        start = end
