"""Walks the boxes of an ISO base media file: ISO/IEC 14496-12, section 4.2."""

from collections.abc import Iterable, Iterator
from io import BytesIO
from struct import unpack
from typing import Final, NamedTuple

from ringback.domain.errors import ImageRefused, TransferInterrupted
from ringback.images.pictures import MAX_PARTS, PictureFile

# With any other name, a truncated box could not be told from appended data.
OUTERMOST: Final = frozenset(
    {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"wide", b"uuid", b"udta"}
    | {b"moof", b"mfra", b"sidx", b"ssix", b"styp", b"emsg", b"prft", b"pdin"}
)
MAX_TABLE: Final = 256 * 1024  # bytes of a box read at once; ten thousand item locations fit


class Box(NamedTuple):
    name: bytes
    start: int  # of its content
    end: int


class BoxFile:
    """A file of boxes; no more than ``MAX_PARTS`` of them are read."""

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
        """Walk the boxes in ``outer``, which is complete and must end with its last box."""
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
        # A length of 0 means "to the end of the file": a truncated one could not be detected.
        if offset + length < start:
            raise malformed()
        return Box(name, start, offset + length)


class Numbers:
    """A box's content, read as big-endian numbers one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = BytesIO(content)

    def take(self, count: int) -> int:
        part = self._content.read(count)
        if len(part) < count:
            raise malformed()
        return int.from_bytes(part, "big")


def only(boxes: Iterable[Box], *names: bytes) -> dict[bytes, Box]:
    """Return the boxes with these names. Raises ``ImageRefused`` if any name occurs twice."""
    found: dict[bytes, Box] = {}
    for box in boxes:
        if box.name in found:
            raise malformed()
        if box.name in names:
            found[box.name] = box
    return found


def malformed() -> ImageRefused:
    return ImageRefused("AVIF has a malformed box")
