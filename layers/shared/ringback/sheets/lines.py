"""Split a file in any supported encoding into lines of UTF-8."""

from codecs import getincrementaldecoder
from collections.abc import Iterator
from typing import Final, NamedTuple

# A longer line comes in pieces of this size, and of at most one part of the file more.
MAX_LINE_BYTES: Final = 64 * 1024


class Line(NamedTuple):
    """``content`` is UTF-8, with the line end; ``size`` is its length in the file, in bytes."""

    content: bytes
    size: int


def lines(parts: Iterator[bytes], encoding: str, *, end: bytes = b"\n") -> Iterator[Line]:
    """Yield the lines of a file, or of the rest of one from any line on.

    ``end`` is what ends a line, a line feed or a carriage return. Raises ``UnicodeDecodeError``.
    """
    decoder = getincrementaldecoder(encoding)()
    if encoding.startswith("utf-16"):
        # Its code units may contain the byte of a line end, so it is decoded first.
        text = (decoder.decode(part).encode() for part in parts)
        for line in _split(text, end):
            yield Line(line, len(line.decode().encode(encoding)))
        decoder.decode(b"", final=True)
    else:
        for line in _split(parts, end):
            yield Line(decoder.decode(line).encode(), len(line))
        decoder.decode(b"", final=True)


def _split(parts: Iterator[bytes], end: bytes) -> Iterator[bytes]:
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(end)
        yield from (line + end for line in whole)
        if len(rest) >= MAX_LINE_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest
