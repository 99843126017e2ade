"""Reads the size of a PNG and walks its chunks: https://www.w3.org/TR/png-3/#5DataRep."""

from collections.abc import Mapping
from struct import unpack
from typing import Final
from zlib import crc32

from ringback.domain.errors import ImageRefused
from ringback.domain.images import ImageFormat
from ringback.images.pictures import MAX_PARTS, Picture, PictureFile

MAGIC: Final = b"\x89PNG\r\n\x1a\n"
MAX_CHUNK: Final = 2**31 - 1  # and the largest width and height
# Bytes of the shortest zlib stream: a header of 2, an empty deflate block of 2 (3 bits and a 7-bit
# end code), a checksum of 4.
MIN_DATA: Final = 8
# Bits per sample by colour type: table 8 of the standard.
DEPTHS: Final[Mapping[int, frozenset[int]]] = {
    0: frozenset({1, 2, 4, 8, 16}),
    2: frozenset({8, 16}),
    3: frozenset({1, 2, 4, 8}),
    4: frozenset({8, 16}),
    6: frozenset({8, 16}),
}


def read_png(file: PictureFile) -> Picture:
    """Walk from IHDR to an IEND that ends the file."""
    width, height = _width_and_height(file)
    offset, start_of_data = len(MAGIC), b""
    for _ in range(MAX_PARTS):
        length, name = unpack(">I4s", file.at(offset, 8))
        if length > MAX_CHUNK or not name.isalpha():
            raise ImageRefused("PNG has a malformed chunk")
        if name == b"IDAT" and len(start_of_data) < MIN_DATA:
            start_of_data += file.at(offset + 8, min(length, MIN_DATA))
        offset += length + 12
        file.must_reach(offset)
        if name == b"IEND":
            if length or not _is_zlib(start_of_data) or offset != file.size:
                raise ImageRefused("PNG has no image data, or data after its end")
            return Picture(ImageFormat.PNG, width, height)
    raise ImageRefused("PNG has too many chunks")


def _width_and_height(file: PictureFile) -> tuple[int, int]:
    header = file.at(len(MAGIC), 25)
    length, name, width, height, depth, colour, *methods = unpack(">I4sIIBBBBB", header[:21])
    if (length, name) != (13, b"IHDR"):
        raise ImageRefused("PNG does not begin with IHDR")
    known = depth in DEPTHS.get(colour, ()) and methods in ([0, 0, 0], [0, 0, 1])
    whole = crc32(header[4:21]) == int.from_bytes(header[21:], "big")
    if not (known and whole and max(width, height) <= MAX_CHUNK):
        raise ImageRefused("PNG has a malformed header")
    return width, height


def _is_zlib(start: bytes) -> bool:
    """Check the header of a zlib stream: RFC 1950, section 2.2."""
    if len(start) < MIN_DATA:
        return False
    return start[0] & 0x8F == 8 and int.from_bytes(start[:2], "big") % 31 == 0
