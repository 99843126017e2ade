"""Walks the boxes of an ISO base media file: ISO/IEC 14496-12, section 4.2."""

import re
from collections.abc import Iterable, Iterator
from io import BytesIO
from struct import unpack
from typing import Final, NamedTuple

from ringback.images.pictures import CUT, MAX_PARTS, Cut, Findings, PictureFile

# A box with such a name that is longer than the rest of the file is cut; with any other name, it
# is data behind the image.
OUTERMOST: Final = frozenset(
    {b"ftyp", b"meta", b"mdat", b"moov", b"free", b"skip", b"wide", b"uuid", b"udta"}
    | {b"moof", b"mfra", b"sidx", b"ssix", b"styp", b"emsg", b"prft", b"pdin"}
)
NAME: Final = re.compile(rb"[ -~]{4}|\xa9[ -~]{3}")
MAX_TABLE: Final = 256 * 1024  # bytes of a box read at once; ten thousand item locations fit


class Malformed(Exception):
    """The boxes contradict each other; the message says how."""


class Box(NamedTuple):
    name: bytes
    start: int  # of its content
    end: int

    def without(self, count: int) -> "Box":
        """Return the box without the first bytes of its content."""
        return self._replace(start=self.start + count)


class BoxFile:
    """A file of boxes; no more than ``MAX_PARTS`` of them are read."""

    def __init__(self, file: PictureFile) -> None:
        self.file = file
        self._parts = iter(range(MAX_PARTS))

    def outermost(self) -> Iterator[Box]:
        """Walk the file up to its end, or to data that is no box; the last box may be cut."""
        offset, has_type = 0, False
        while offset + 8 <= self.file.size:
            box = self._at(offset, self.file.size)
            if box is None or not (box.name in OUTERMOST or self._is_unknown_box(box)):
                return
            if box.name == b"ftyp" and has_type:
                return  # another file
            has_type = True
            yield box
            offset = box.end

    def _is_unknown_box(self, box: Box) -> bool:
        return box.end <= self.file.size and NAME.fullmatch(box.name) is not None

    def inside(self, outer: Box) -> Iterator[Box]:
        """Walk the boxes in ``outer``. Raises ``Malformed`` after those that are complete."""
        offset = outer.start
        while offset < outer.end:
            box = self._at(offset, 0)
            if box is None or box.end > outer.end:
                raise Malformed("a box is malformed")
            if box.end > self.file.size:
                raise Cut
            yield box
            offset = box.end

    def numbers(self, box: Box) -> "Numbers":
        if box.end - box.start > MAX_TABLE:
            raise Malformed(f"the box {box.name.decode('latin-1')} is too long to check")
        return Numbers(self.file.at(box.start, box.end - box.start))

    def _at(self, offset: int, end: int) -> Box | None:
        if next(self._parts, None) is None:
            raise Malformed("there are too many boxes to check")
        length, name = unpack(">I4s", self.file.at(offset, 8))
        start = offset + 8
        if length == 1:
            try:
                (length,) = unpack(">Q", self.file.at(start, 8))
            except Cut:
                return None
            start += 8
        if length == 0:  # to the end of the file; an inner box has no such length
            length = end - offset
        if offset + length < start:
            return None
        return Box(name, start, offset + length)


class Numbers:
    """A box's content, read as big-endian numbers one after the other."""

    def __init__(self, content: bytes) -> None:
        self._content = BytesIO(content)

    def take(self, count: int) -> int:
        part = self._content.read(count)
        if len(part) < count:
            raise Malformed("a box is too short")
        return int.from_bytes(part, "big")

    def rest(self) -> bytes:
        return self._content.read()


def first(boxes: Iterable[Box], findings: Findings) -> dict[bytes, Box]:
    """Return the first box of each name, up to one that is malformed or cut."""
    found: dict[bytes, Box] = {}
    try:
        for box in boxes:
            found.setdefault(box.name, box)
    except Malformed as malformed:
        findings.flaw(str(malformed))
    except Cut:
        findings.flaw(CUT)
    return found
