"""Reads the size of a JPEG and walks its segments and scans: ITU-T T.81, annex B."""

import re
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

MAGIC: Final = b"\xff\xd8\xff"
STARTS_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD8)})
NOT_HERE: Final = frozenset({0x00, 0xD8})
END, START_OF_SCAN, APP2, FILL = 0xD9, 0xDA, 0xE2, 0xFF
INDEX: Final = b"MPF\0"  # begins the APP2 of a multi-picture file: CIPA DC-007
MAX_PICTURES: Final = 256
MIN_FRAME: Final = 11

# In a scan, FF 00 is a byte FF and FF D0 to D7 are restarts; any other marker ends it.
SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Writers that work in disk blocks leave zeros after the end, and nothing can hide in zeros. Any
# other data there (an archive, a script, a second image) would make one file two, unless the first
# image announces more of them.
MAX_PADDING: Final = 4095


def read_jpeg(file: PictureFile) -> Picture:
    """Walk all images of the file; only a multi-picture file may have more than one."""
    parts = iter(range(MAX_PARTS))  # of all images together
    first, announces_more, end = _walk(file, 0, parts)
    for _ in range(MAX_PICTURES):
        start = _after_padding(file, end)
        # Even if the first image announces more: it is complete by itself.
        if start == file.size:
            return first
        following = file.at(start, min(len(MAGIC), file.size - start))
        if not (announces_more and MAGIC.startswith(following)):
            raise ImageRefused("JPEG has data after its end")
        _, _, end = _walk(file, start, parts)
    raise ImageRefused("JPEG has too many images")


def _walk(file: PictureFile, start: int, parts: Iterator[int]) -> tuple[Picture, bool, int]:
    """Walk from SOI to its own EOI, not to that of a thumbnail or an appended file.

    Returns the picture, whether it announces more of them, and the offset after EOI.
    """
    picture: Picture | None = None
    has_scan, announces_more, offset = False, False, start + 2
    for _ in parts:
        lead, marker = file.at(offset, 2)
        if lead != 0xFF or marker in NOT_HERE:
            raise ImageRefused("JPEG has a malformed segment")
        if marker == END:
            if picture is None or not has_scan:
                raise ImageRefused("JPEG has no image")
            return picture, announces_more, offset + 2
        if marker == FILL:
            offset += 1
        elif marker in WITHOUT_LENGTH:
            offset += 2
        else:
            picture = _frame(file, offset, marker, picture)
            has_scan = has_scan or marker == START_OF_SCAN
            announces_more = announces_more or _is_index(file, offset, marker)
            offset = _next_marker(file, offset, marker)
    raise ImageRefused("JPEG has too many segments")


def _frame(file: PictureFile, offset: int, marker: int, known: Picture | None) -> Picture | None:
    if marker == START_OF_SCAN and known is None:
        raise ImageRefused("JPEG has a scan before its frame")
    if marker not in STARTS_OF_FRAME:
        return known
    length, height, width = unpack(">HxHH", file.at(offset + 2, 7))
    if known is not None or length < MIN_FRAME:
        raise ImageRefused("JPEG has a malformed or second frame")
    return Picture(ImageFormat.JPEG, width, height)


def _next_marker(file: PictureFile, offset: int, marker: int) -> int:
    (length,) = unpack(">H", file.at(offset + 2, 2))
    if length < 2:
        raise ImageRefused("JPEG has a malformed segment")
    end: int = offset + 2 + length
    return _end_of_scan(file, end) if marker == START_OF_SCAN else end


def _end_of_scan(file: PictureFile, start: int) -> int:
    offset, reach = start, FIRST_READ
    while offset + 1 < file.size:
        part = file.at(offset, min(reach, file.size - offset))
        if found := SCAN_END.search(part):
            if offset + found.start() == start:
                raise ImageRefused("JPEG has an empty scan")
            return offset + found.start()
        offset += len(part) - 1  # a marker may lie across two parts
        reach = min(2 * reach, MAX_READ)
    raise truncated()


def _is_index(file: PictureFile, offset: int, marker: int) -> bool:
    if marker != APP2:
        return False
    (length,) = unpack(">H", file.at(offset + 2, 2))
    return length >= 2 + len(INDEX) and file.at(offset + 4, len(INDEX)) == INDEX


def _after_padding(file: PictureFile, end: int) -> int:
    following = file.at(end, min(MAX_PADDING + 1, file.size - end))
    zeros = len(following) - len(following.lstrip(b"\0"))
    if zeros > MAX_PADDING:
        raise ImageRefused("JPEG has data after its end")
    return end + zeros
