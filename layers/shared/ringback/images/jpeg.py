"""Reads the size of a JPEG and walks its segments and scans: ITU-T T.81, annex B."""

import re
from struct import unpack
from typing import Final

from ringback.domain.errors import ImageRefused
from ringback.images.pictures import MOST_PARTS, Picture, PictureFile, cut_off

MAGIC: Final = b"\xff\xd8\xff"
STARTS_OF_FRAME: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD8)})
NOT_HERE: Final = frozenset({0x00, 0xD8})
END, START_OF_SCAN, FILL = 0xD9, 0xDA, 0xFF
SHORTEST_FRAME: Final = 11

# In a scan, FF 00 is a byte FF and FF D0 to D7 are restarts; any other marker ends it.
SCAN_END: Final = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
# Doubled from small to large: a hostile file may have a great many scans, all of them short.
FIRST_READ, LARGEST_READ = 256, 256 * 1024
# Writers that work in disk blocks leave zeros after the end. Nothing can hide in zeros; all else
# that follows an image (an archive, a script, a second picture) makes the file more than one.
LONGEST_PADDING: Final = 4095


def read_jpeg(file: PictureFile) -> Picture:
    """Walk from SOI to the EOI that belongs to it, not to a thumbnail's or an appended file's."""
    picture: Picture | None = None
    offset = 2
    for _ in range(MOST_PARTS):
        lead, marker = file.at(offset, 2)
        if lead != 0xFF or marker in NOT_HERE:
            raise ImageRefused("jpeg has a malformed segment")
        if marker == END:
            _check_padding(file, offset + 2)
            if picture is None:
                raise ImageRefused("jpeg without a picture")
            return picture
        if marker == FILL:
            offset += 1
        elif marker in WITHOUT_LENGTH:
            offset += 2
        else:
            picture = _frame(file, offset, marker, picture)
            offset = _next_marker(file, offset, marker)
    raise ImageRefused("jpeg has too many segments")


def _frame(file: PictureFile, offset: int, marker: int, known: Picture | None) -> Picture | None:
    if marker == START_OF_SCAN and known is None:
        raise ImageRefused("jpeg has a scan before its frame")
    if marker not in STARTS_OF_FRAME:
        return known
    length, height, width = unpack(">HxHH", file.at(offset + 2, 7))
    if known is not None or length < SHORTEST_FRAME:
        raise ImageRefused("jpeg has a malformed or second frame")
    return Picture("image/jpeg", "jpg", width, height)


def _next_marker(file: PictureFile, offset: int, marker: int) -> int:
    (length,) = unpack(">H", file.at(offset + 2, 2))
    if length < 2:
        raise ImageRefused("jpeg has a malformed segment")
    end: int = offset + 2 + length
    return _end_of_scan(file, end) if marker == START_OF_SCAN else end


def _end_of_scan(file: PictureFile, offset: int) -> int:
    reach = FIRST_READ
    while offset + 1 < file.size:
        part = file.at(offset, min(reach, file.size - offset))
        if found := SCAN_END.search(part):
            return offset + found.start()
        offset += len(part) - 1  # a marker may straddle two parts
        reach = min(2 * reach, LARGEST_READ)
    raise cut_off()


def _check_padding(file: PictureFile, end: int) -> None:
    count = file.size - end
    if count > LONGEST_PADDING or any(file.at(end, count)):
        raise ImageRefused("jpeg is followed by something else")
