"""Reads the size of a GIF and walks its blocks: the GIF89a specification of CompuServe."""

from collections.abc import Iterator
from struct import unpack
from typing import Final

from ringback.domain.errors import ImageRefused
from ringback.domain.images import ImageFormat
from ringback.images.pictures import (
    FIRST_READ,
    MAX_PARTS,
    MAX_READ,
    Picture,
    PictureFile,
    truncated,
)

OLDER: Final = b"GIF87a"
NEWER: Final = b"GIF89a"
SCREEN: Final = 6
IMAGE, EXTENSION, TRAILER = 0x2C, 0x21, 0x3B
IMAGE_HEAD, EXTENSION_HEAD = 10, 2
HAS_COLOURS, COLOURS = 0x80, 0x07
# A sub-block has at most 255 bytes; a GIF of 64 MiB in sub-blocks of 64 bytes stays below this.
MAX_SUB_BLOCKS: Final = 2**20


def read_gif(file: PictureFile) -> Picture:
    """Walk from the logical screen descriptor to the trailer, which must end the file."""
    width, height, flags = unpack("<HHB", file.at(SCREEN, 5))
    sub_blocks = iter(range(MAX_SUB_BLOCKS))  # of all blocks together
    offset, has_image = SCREEN + 7 + _colours(flags), False
    for _ in range(MAX_PARTS):
        (kind,) = file.at(offset, 1)
        if kind == TRAILER:
            if not has_image or offset + 1 != file.size:
                raise ImageRefused("GIF has no image, or data after its end")
            return Picture(ImageFormat.GIF, width, height)
        if kind == IMAGE:
            *_, flags = file.at(offset, IMAGE_HEAD)
            offset += IMAGE_HEAD + _colours(flags) + 1  # and the code size
            if file.at(offset, 1) == b"\0":
                raise ImageRefused("GIF has an image without data")
            has_image = True
        elif kind == EXTENSION:
            offset += EXTENSION_HEAD
        else:
            raise ImageRefused("GIF has a malformed block")
        offset = _end_of_sub_blocks(file, offset, sub_blocks)
    raise ImageRefused("GIF has too many blocks")


def _colours(flags: int) -> int:
    """Return the size in bytes of the colour table that follows."""
    return 3 << (flags & COLOURS) + 1 if flags & HAS_COLOURS else 0


def _end_of_sub_blocks(file: PictureFile, offset: int, sub_blocks: Iterator[int]) -> int:
    reach = FIRST_READ
    while offset < file.size:
        part, at = file.at(offset, min(reach, file.size - offset)), 0
        while at < len(part):
            if part[at] == 0:
                return offset + at + 1
            if next(sub_blocks, None) is None:
                raise ImageRefused("GIF has too many sub-blocks")
            at += 1 + part[at]
        offset += at
        reach = min(2 * reach, MAX_READ)
    raise truncated()
