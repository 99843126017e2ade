"""Reads the size of a GIF and walks its blocks: the GIF89a specification of CompuServe."""

import re
from struct import unpack
from typing import Final

from ringback.domain.images import ImageFormat
from ringback.images.pictures import (
    FIRST_READ,
    MAX_PARTS,
    MAX_READ,
    TOO_MANY,
    Cut,
    Findings,
    Metadata,
    Picture,
    PictureFile,
)

VERSIONS: Final = (b"GIF87a", b"GIF89a")
SCREEN: Final = 6
IMAGE, EXTENSION, TRAILER = 0x2C, 0x21, 0x3B
IMAGE_HEAD, EXTENSION_HEAD = 10, 2
HAS_COLOURS, COLOURS = 0x80, 0x07
MAX_CODE_SIZE: Final = 11  # a code has at most 12 bits
APPLICATION: Final = b"\x21\xff\x0b"
COMMENT: Final = b"\x21\xfe"
METADATA: Final = {b"XMP DataXMP": Metadata.XMP_IN_BLOCKS, b"C2PA_GIF\x01\0\0": Metadata.C2PA}
# Decoders skip what lies between two blocks; zeros are what some writers leave there.
BLOCK: Final = re.compile(rb"[\x2c\x21\x3b]")
# A sub-block has at most 255 bytes; a GIF of 200 MiB in sub-blocks of 100 bytes stays below this.
MAX_SUB_BLOCKS: Final = 2**21


def read_gif(file: PictureFile) -> Picture:
    """Walk from the logical screen descriptor to the trailer.

    Raises ``NotAnImage`` if neither the screen nor its first frame has a size.
    """
    walk = _Walk(file)
    end = walk.found.end(file, walk.end)
    if not walk.has_image:
        walk.found.flaw("there is no frame")
    return walk.found.picture(ImageFormat.GIF, walk.size, end)


class _Walk:
    def __init__(self, file: PictureFile) -> None:
        self._file = file
        self.found = Findings()
        self.size = (0, 0)
        self.has_image = False
        self._sub_blocks_left = MAX_SUB_BLOCKS

    def end(self) -> int:
        width, height, flags = unpack("<HHB", self._file.at(SCREEN, 5))
        self.size = width, height
        offset = SCREEN + 7 + _colours(flags)
        for _ in range(MAX_PARTS):
            kind, offset = self._next(offset)
            if kind == TRAILER:
                return offset + 1
            start = self._image(offset) if kind == IMAGE else offset + EXTENSION_HEAD
            offset = self._end_of_sub_blocks(start)
            if kind == EXTENSION:
                self._note(start, offset)
            if not self._sub_blocks_left:
                break
        self.found.flaw(TOO_MANY)
        return self._file.size

    def _next(self, offset: int) -> tuple[int, int]:
        """Return the kind of the next block, and its offset."""
        reach = 1  # the usual block begins here
        while part := self._file.up_to(offset, reach):
            found, reach = BLOCK.search(part), FIRST_READ
            if part[: found.start() if found else None].strip(b"\0"):
                self.found.flaw("there are bytes between two blocks")
            if found:
                return part[found.start()], offset + found.start()
            offset += len(part)
        raise Cut

    def _image(self, offset: int) -> int:
        """Return the offset of the frame's sub-blocks."""
        left, top, width, height, flags = unpack("<xHHHHB", self._file.at(offset, IMAGE_HEAD))
        if not self.has_image:
            # A first frame that is larger than the screen makes the screen larger.
            self.size = max(self.size[0], left + width), max(self.size[1], top + height)
        self.has_image = True
        data = offset + IMAGE_HEAD + _colours(flags)
        (code_size,) = self._file.at(data, 1)
        if code_size > MAX_CODE_SIZE:
            self.found.flaw("a frame's code size is wrong")
        if self._file.at(data + 1, 1) == b"\0":
            self.found.flaw("a frame has no data")
        return data + 1

    def _note(self, start: int, end: int) -> None:
        head = self._file.up_to(start - EXTENSION_HEAD, len(APPLICATION) + 11)
        kind = METADATA.get(head[len(APPLICATION) :])
        if kind and head.startswith(APPLICATION):
            self.found.place(kind, start + 12, end)
        elif head.startswith(COMMENT):
            self.found.place(Metadata.COMMENT_IN_BLOCKS, start, end)

    def _end_of_sub_blocks(self, offset: int) -> int:
        reach = FIRST_READ
        while part := self._file.up_to(offset, reach):
            at = 0
            while at < len(part) and self._sub_blocks_left:
                if part[at] == 0:
                    return offset + at + 1
                self._sub_blocks_left -= 1
                at += 1 + part[at]
            offset += at
            if not self._sub_blocks_left:
                return offset
            reach = min(2 * reach, MAX_READ)
        raise Cut


def _colours(flags: int) -> int:
    """Return the size in bytes of the colour table that follows."""
    return 3 << (flags & COLOURS) + 1 if flags & HAS_COLOURS else 0
