"""What the readers of the image formats have in common."""

from dataclasses import dataclass
from typing import BinaryIO, Final

from ringback.domain.errors import ImageRefused, TransferInterrupted
from ringback.domain.images import ImageFormat

# Chunks, segments, boxes and fill bytes of one file: bounds the work on a hostile one. A PNG of
# 64 MiB in chunks of 1 KiB stays below it.
MAX_PARTS: Final = 65_536
# Bytes read at once in search of an end, doubled from the first to the last: a hostile file may
# have a great many ends, close together.
FIRST_READ, MAX_READ = 256, 256 * 1024


@dataclass(frozen=True, slots=True)
class Picture:
    """What a reader found: ``width`` and ``height`` are in pixels, both at least 1."""

    format: ImageFormat
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width == 0 or self.height == 0:
            raise ImageRefused("image has no width or height")


class PictureFile:
    """A file of ``size`` bytes; reading past its end raises ``TransferInterrupted``."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size

    def at(self, offset: int, count: int) -> bytes:
        self.must_reach(offset + count)
        self._file.seek(offset)
        return self._file.read(count)

    def must_reach(self, offset: int) -> None:
        if offset > self.size:
            raise truncated()


def truncated() -> TransferInterrupted:
    return TransferInterrupted("image is truncated")
