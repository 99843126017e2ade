"""Reads which marks of its origin an image carries. Nothing is verified, and nothing is written.

C2PA 2.1, IPTC Photo Metadata 2023.2 (``DigitalSourceType``, which is in XMP only), GB 45438-2025.
"""

import zlib
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from ringback.domain.marks import LABEL, Marks
from ringback.images.pictures import Cut, Metadata, Picture, PictureFile, Place
from ringback.images.xmp import XmpMarks, label_of, read_xmp

# Bytes of one packet or text, unpacked; those after them are not read.
MAX_PACKET: Final = 1024 * 1024
MAX_MANIFEST_START: Final = 512  # a manifest's label is in its first box
LABEL_KEY: Final = LABEL.encode()
# The key of an XMP packet in a PNG, its own and ImageMagick's.
XMP_KEYS: Final = (b"XML:com.adobe.xmp", b"Raw profile type xmp")
LONGEST_KEY: Final = 79
GUID_BYTES: Final = 32  # before the length and offset of a part of extended XMP


def read_marks(content: BinaryIO, picture: Picture, *, size: int) -> Marks:
    """Read the metadata that the picture's reader found; anything unreadable counts as absent."""
    reader = _Reader(PictureFile(content, size))
    for place in picture.places:
        reader.read(place)
    reader.read_more_xmp(picture.places)
    found = reader.found
    return Marks(c2pa=reader.c2pa, iptc=found.source_type, aigc_label=found.label)


class _Reader:
    def __init__(self, file: PictureFile) -> None:
        self._file = file
        self.found = XmpMarks()
        self.c2pa = False

    def read(self, place: Place) -> None:
        match place.kind:
            case Metadata.C2PA:
                self.c2pa = True
            case Metadata.JUMBF:
                start = self._content(place, most=MAX_MANIFEST_START)
                self.c2pa = self.c2pa or b"c2pa" in start
            case Metadata.XMP:
                read_xmp(self._pieces(place), self.found)
            case Metadata.TEXT | Metadata.PACKED_TEXT | Metadata.LONG_TEXT:
                self._text(place)

    def read_more_xmp(self, places: Iterable[Place]) -> None:
        """Read a JPEG's extended XMP: parts of one packet, each with its offset."""
        parts = []
        for place in places:
            if place.kind is Metadata.MORE_XMP:
                head = self._file.up_to(place.start, GUID_BYTES + 8)
                offset = int.from_bytes(head[-4:], "big")
                parts.append((head[:GUID_BYTES], offset, place))
        parts.sort(key=lambda part: part[:2])
        for guid in dict.fromkeys(part[0] for part in parts):
            of_packet = (place for own, _, place in parts if own == guid)
            read_xmp(self._joined(of_packet), self.found)

    def _joined(self, places: Iterable[Place]) -> Iterator[bytes]:
        for place in places:
            yield from self._pieces(place._replace(start=place.start + GUID_BYTES + 8))

    def _content(self, place: Place, *, most: int = MAX_PACKET) -> bytes:
        try:
            return self._file.up_to(place.start, min(most, place.end - place.start))
        except Cut:
            return b""

    def _pieces(self, place: Place) -> Iterator[bytes]:
        yield from self._file.pieces(place.start, min(place.end, place.start + MAX_PACKET))

    def _text(self, place: Place) -> None:
        """Read a PNG's text: https://www.w3.org/TR/png-3/#11textinfo."""
        key, _, rest = self._content(place, most=LONGEST_KEY + 1).partition(b"\0")
        if key != LABEL_KEY and key not in XMP_KEYS:
            return
        rest = self._content(place)[len(key) + 1 :]
        is_packed = place.kind is Metadata.PACKED_TEXT
        if place.kind is Metadata.LONG_TEXT:
            is_packed, rest = rest[:1] == b"\1", rest[2:].partition(b"\0")[2].partition(b"\0")[2]
        elif is_packed:
            rest = rest[1:]
        if is_packed:
            rest = _unpacked(rest)
        if key == LABEL_KEY:
            self.found.label = self.found.label or label_of(_decoded(rest))
        else:
            read_xmp([_from_hex(rest) if key == XMP_KEYS[1] else rest], self.found)


def _unpacked(text: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(text, MAX_PACKET)
    except zlib.error:
        return b""


def _decoded(text: bytes) -> str:
    """Return the text, which should be Latin-1 and is UTF-8 as often."""
    try:
        return text.decode()
    except UnicodeDecodeError:
        return text.decode("latin-1")


def _from_hex(profile: bytes) -> bytes:
    """Return an ImageMagick profile: a name, a length and hexadecimal digits, one a line."""
    try:
        return bytes.fromhex(b"".join(profile.split()[2:]).decode())
    except ValueError:
        return b""
