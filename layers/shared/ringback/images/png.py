"""Reads the size of a PNG and checks its chunks: https://www.w3.org/TR/png-3/#5DataRep."""

import re
from collections.abc import Mapping
from functools import partial
from struct import unpack
from typing import Final, NamedTuple
from zlib import crc32

from ringback.domain.errors import NotAnImage
from ringback.domain.images import ImageFormat
from ringback.images.pictures import (
    MAX_PARTS,
    TOO_MANY,
    Cut,
    Findings,
    Metadata,
    Picture,
    PictureFile,
)
from ringback.images.png_pixels import Pass, PixelData, passes_of

MAGIC: Final = b"\x89PNG\r\n\x1a\n"
MAX_CHUNK: Final = 2**31 - 1  # and the largest width and height
NAME: Final = re.compile(rb"[A-Za-z]{4}")
HEADER_BYTES: Final = 13
# Apple's variant begins with another chunk, and its pixel data has no zlib header.
APPLE: Final = b"CgBI"
MAX_BEFORE_HEADER: Final = 8
PALETTE: Final = 3
# Samples per pixel and bits per sample, by colour type: table 8 of the standard.
SAMPLES: Final[Mapping[int, tuple[int, frozenset[int]]]] = {
    0: (1, frozenset({1, 2, 4, 8, 16})),
    2: (3, frozenset({8, 16})),
    PALETTE: (1, frozenset({1, 2, 4, 8})),
    4: (2, frozenset({8, 16})),
    6: (4, frozenset({8, 16})),
}
METADATA: Final = {
    b"caBX": Metadata.C2PA,
    b"eXIf": Metadata.EXIF,
    b"tEXt": Metadata.TEXT,
    b"zTXt": Metadata.PACKED_TEXT,
    b"iTXt": Metadata.LONG_TEXT,
}


class Header(NamedTuple):
    width: int
    height: int
    depth: int
    colour: int
    compression: int
    filter: int
    interlace: int

    @property
    def is_valid(self) -> bool:
        _, depths = SAMPLES.get(self.colour, (0, frozenset[int]()))
        methods = self.compression == self.filter == 0 and self.interlace in (0, 1)
        return self.depth in depths and methods and max(self[:2]) <= MAX_CHUNK

    @property
    def passes(self) -> list[Pass]:
        samples, _ = SAMPLES[self.colour]
        bits = samples * self.depth
        return passes_of(self.width, self.height, bits, interlaced=self.interlace == 1)


def read_png(file: PictureFile) -> Picture:
    """Check each chunk up to IEND, and that the pixel data unpacks to all the rows.

    Raises ``NotAnImage`` if there is no header to tell the size by.
    """
    header, is_apple, found = *_header(file), Findings()
    if not header.is_valid:
        found.flaw("the header (IHDR) is malformed")
    passes = header.passes if header.is_valid else []
    pixels = PixelData(passes, has_zlib_header=not is_apple)
    end = found.end(file, partial(_walk, file, header, pixels, found))
    found.flaw(pixels.flaw())
    return found.picture(ImageFormat.PNG, header[:2], end)


def _header(file: PictureFile) -> tuple[Header, bool]:
    """Return the header, and whether the file is Apple's variant."""
    offset, is_apple = len(MAGIC), False
    try:
        for _ in range(MAX_BEFORE_HEADER):
            length, name = unpack(">I4s", file.at(offset, 8))
            if name == b"IHDR" and length >= HEADER_BYTES:
                fields = unpack(">IIBBBBB", file.at(offset + 8, HEADER_BYTES))
                return Header(*fields), is_apple
            is_apple = is_apple or name == APPLE
            offset += 12 + length
    except Cut:
        pass
    raise NotAnImage("a PNG without a header (IHDR)")


def _walk(file: PictureFile, header: Header, pixels: PixelData, found: Findings) -> int:
    """Return the offset after IEND."""
    offset, before, has_palette = len(MAGIC), b"", False
    for _ in range(MAX_PARTS):
        length, name = unpack(">I4s", file.at(offset, 8))
        if length > MAX_CHUNK or not NAME.fullmatch(name):
            found.flaw("a chunk is malformed")
            return file.size
        start, end = offset + 8, offset + 8 + int(length)
        if not before and name not in (b"IHDR", APPLE):
            found.flaw("the header (IHDR) is not the first chunk")
        if name in METADATA:
            found.place(METADATA[name], start, end)
        has_palette = has_palette or (name == b"PLTE" and length > 0)
        if name == b"IDAT" and before != name:
            pixels.begin()
            found.flaw("" if has_palette or header.colour != PALETTE else "the palette is missing")
        if _checksum(file, name, start, end, pixels) != file.at(end, 4):
            found.flaw(f"the checksum (CRC) of a chunk {name.decode()} is wrong")
        if name == b"IEND":
            return end + 4
        offset, before = end + 4, name
    found.flaw(TOO_MANY)
    return file.size


def _checksum(file: PictureFile, name: bytes, start: int, end: int, pixels: PixelData) -> bytes:
    checksum = crc32(name)
    for piece in file.pieces(start, end):
        checksum = crc32(piece, checksum)
        if name == b"IDAT":
            pixels.add(piece)
    return checksum.to_bytes(4, "big")
