"""What the readers of the image formats have in common."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO, Final, NamedTuple

from ringback.domain.errors import NotAnImage
from ringback.domain.images import ImageFormat

# Chunks, segments, boxes and blocks of one file: bounds the work on a hostile one. A PNG of 64 MiB
# in chunks of 512 bytes stays below it.
MAX_PARTS: Final = 131_072
# Bytes read at once in search of an end, doubled from the first to the last: a hostile file may
# have a great many ends, close together.
FIRST_READ, MAX_READ = 256, 256 * 1024
CUT: Final = "the file is cut"
TOO_MANY: Final = "the file has too many parts to check"
# Of a kind, in one file; those after them are not read.
MAX_PLACES: Final = 64


class Metadata(Enum):
    """What a part of a file may say about the image's origin; ``marks.py`` reads it."""

    C2PA = "a C2PA manifest, or another JUMBF box"
    XMP = "an XMP packet"
    XMP_IN_BLOCKS = "a GIF's XMP packet, perhaps in sub-blocks"
    MORE_XMP = "a part of a JPEG's extended XMP"
    EXIF = "EXIF"
    COMMENT = "text, perhaps with a label in it"
    COMMENT_IN_BLOCKS = "a GIF's comment, in sub-blocks"
    TEXT = "a PNG's tEXt chunk"
    PACKED_TEXT = "a PNG's zTXt chunk"
    LONG_TEXT = "a PNG's iTXt chunk"


class Place(NamedTuple):
    """Where metadata lies in the file."""

    kind: Metadata
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Picture:
    """What a reader found: ``width`` and ``height`` are in pixels, both at least 1.

    Bytes from ``end`` on don't belong to the image. ``damage`` says what is wrong with it, and is
    empty if it is whole.
    """

    format: ImageFormat
    width: int
    height: int
    end: int
    damage: str = ""
    places: tuple[Place, ...] = ()

    def __post_init__(self) -> None:
        if self.width == 0 or self.height == 0:
            raise NotAnImage(f"the {self.format.name} has no width or height")


class Cut(Exception):
    """The file ends before the bytes that were asked for."""


class PictureFile:
    """A file of ``size`` bytes; reading past its end raises ``Cut``."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    def must_reach(self, offset: int) -> None:
        if offset > self.size:
            raise Cut

    def at(self, offset: int, count: int) -> bytes:
        self.must_reach(offset + count)
        self._file.seek(offset)
        return self._file.read(count)

    def up_to(self, offset: int, count: int) -> bytes:
        """Return ``count`` bytes, fewer at the end of the file."""
        return self.at(offset, max(0, min(count, self.size - offset)))

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """Yield the bytes from ``start`` to ``end``, or to the end of the file."""
        for offset in range(start, min(end, self.size), MAX_READ):
            yield self.up_to(offset, min(MAX_READ, end - offset))


class Findings:
    """What a reader has found so far; the first flaw is the one that counts."""

    def __init__(self) -> None:
        self.damage = ""
        self._places: list[Place] = []
        self._of_kind: Counter[Metadata] = Counter()

    def flaw(self, damage: str) -> None:
        self.damage = self.damage or damage

    def end(self, file: PictureFile, walk: Callable[[], int]) -> int:
        """Return where the image ends by ``walk``; one that is cut ends with the file."""
        try:
            return walk()
        except Cut:
            self.flaw(CUT)
            return file.size

    def place(self, kind: Metadata, start: int, end: int) -> None:
        self._of_kind[kind] += 1
        if self._of_kind[kind] <= MAX_PLACES:
            self._places.append(Place(kind, start, end))

    def picture(self, kind: ImageFormat, size: tuple[int, int], end: int) -> Picture:
        return Picture(kind, *size, end, self.damage, tuple(self._places))
