"""Unpacks a PNG's pixel data, only to see whether all of it is there: RFC 1950 and 1951."""

import zlib
from collections.abc import Iterator
from typing import Final

# Left, top, and the distances between pixels of each pass:
# https://www.w3.org/TR/png-3/#8InterlaceMethods
PASSES: Final = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
STEP: Final = 256 * 1024
# A small file may unpack to far more than any picture needs. Of more than this only the chunks'
# checksums are verified: it takes a second, and no memory.
MAX_UNPACKED: Final = 512 * 1024 * 1024


def bytes_of_rows(width: int, height: int, bits: int, *, interlaced: bool) -> int:
    """Return the size of the unpacked pixel data: rows of whole bytes, each after a filter byte."""
    sizes: Iterator[tuple[int, int]] = iter([(width, height)])
    if interlaced:
        sizes = (
            (-(-(width - left) // across), -(-(height - top) // down))
            for left, top, across, down in PASSES
        )
    return sum(
        (-(-columns * bits // 8) + 1) * rows for columns, rows in sizes if columns > 0 < rows
    )


class PixelData:
    """The content of the first run of IDAT chunks; decoders read no other."""

    def __init__(self, expected: int, *, has_zlib_header: bool) -> None:
        self._expected = expected
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
            try:
                self._unpacked += len(self._stream.decompress(piece, STEP))
            except zlib.error:
                self._flaw = "the pixel data, or its checksum (Adler-32), is wrong"
            piece = self._stream.unconsumed_tail

    def flaw(self) -> str:
        """Return what is wrong, now that all of it was added; empty if nothing is."""
        if not self._runs:
            return "there is no pixel data (IDAT)"
        if not self._is_decided:
            self._unpacked += len(self._stream.flush())  # a few bytes that STEP held back
        is_short = self._unpacked < min(self._expected, MAX_UNPACKED)
        has_end = self._stream.eof or self._unpacked > min(self._expected, MAX_UNPACKED)
        return self._flaw or ("the pixel data ends too early" if is_short or not has_end else "")
