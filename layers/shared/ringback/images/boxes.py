"""Walks the boxes of an ISO base media file: ISO/IEC 14496-12, section 4.2."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from struct import unpack
from typing import Final, NamedTuple

from ringback.domain.errors import ImageRefused, TransferInterrupted
from ringback.images.pictures import MAX_PARTS, PictureFile

# Of any other name we couldn't tell a box that is cut off from something that was appended.
OUTERMOST: Final = frozenset(
    {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"wide", b"uuid", b"udta"}
    | {b"moof", b"mfra", b"sidx", b"ssix", b"styp", b"emsg", b"prft", b"pdin"}
)
MAX_TABLE: Final = 256 * 1024  # of those read at once; the places of ten thousand items fit


class Box(NamedTuple):
    name: bytes
    start: int  # of what is in it
    end: int


class BoxFile:
    """A file of boxes, of which no more than ``MAX_PARTS`` are looked at."""

    def __init__(self, file: PictureFile) -> None:
        self._file = file
        self._parts = iter(range(MAX_PARTS))

    def outermost(self) -> Iterator[Box]:
        """Walk the file, which must end with its last box."""
        offset = 0
        while offset < self._file.size:
            box = self._at(offset)
            if box.name not in OUTERMOST:
                raise ImageRefused("AVIF has data after its end")
            self._file.must_reach(box.end)
            yield box
            offset = box.end

    def inside(self, outer: Box, *, skip: int = 0) -> Iterator[Box]:
        """Walk a box that is all there and must end with its last box."""
        offset = outer.start + skip
        while offset < outer.end:
            try:
                box = self._at(offset)
            except TransferInterrupted as error:
                raise malformed() from error
            if box.end > outer.end:
                raise malformed()
            yield box
            offset = box.end

    def numbers(self, box: Box) -> "Numbers":
        if box.end - box.start > MAX_TABLE:
            raise ImageRefused("AVIF has too many items")
        return Numbers(self._file.at(box.start, box.end - box.start))

    def _at(self, offset: int) -> Box:
        if next(self._parts, None) is None:
            raise ImageRefused("AVIF has too many boxes")
        length, name = unpack(">I4s", self._file.at(offset, 8))
        start = offset + 8
        if length == 1:
            (length,) = unpack(">Q", self._file.at(start, 8))
            start += 8
        # Also a length of 0, "to the end of the file": nobody could tell that such a file is cut.
        if offset + length < start:
            raise malformed()
        return Box(name, start, offset + length)


class Numbers:
    """What is in a box, read one number after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = BytesIO(content)

    def take(self, count: int) -> int:
        part = self._content.read(count)
        if len(part) < count:
            raise malformed()
        return int.from_bytes(part, "big")


def only(boxes: Iterable[Box], *names: bytes) -> dict[bytes, Box]:
    """Find boxes that may be there once."""
    found: dict[bytes, Box] = {}
    for box in boxes:
        if box.name in found:
            raise malformed()
        if box.name in names:
            found[box.name] = box
    return found


def malformed() -> ImageRefused:
    return ImageRefused("AVIF has a malformed box")
