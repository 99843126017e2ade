"""Reads the size of a PNG and walks its chunks: https://www.w3.org/TR/png-3/#5DataRep."""

from struct import unpack
from typing import Final

from ringback.domain.errors import ImageRefused
from ringback.images.pictures import MOST_PARTS, Picture, PictureFile

MAGIC: Final = b"\x89PNG\r\n\x1a\n"
LONGEST_CHUNK: Final = 2**31 - 1


def read_png(file: PictureFile) -> Picture:
    """Walk from IHDR to an IEND that ends the file."""
    length, name, width, height = unpack(">I4sII", file.at(len(MAGIC), 16))
    if (length, name) != (13, b"IHDR"):
        raise ImageRefused("png does not begin with IHDR")
    offset, has_data = len(MAGIC), False
    for _ in range(MOST_PARTS):
        length, name = unpack(">I4s", file.at(offset, 8))
        if length > LONGEST_CHUNK or not name.isalpha():
            raise ImageRefused("png has a malformed chunk")
        offset += length + 12
        file.must_reach(offset)
        has_data = has_data or name == b"IDAT"
        if name == b"IEND":
            if length or not has_data or offset != file.size:
                raise ImageRefused("png does not end with its image")
            return Picture("image/png", "png", width, height)
    raise ImageRefused("png has too many chunks")
