"""Reads which marks of its origin an image carries. Nothing is verified, and nothing is written.

C2PA 2.1, IPTC Photo Metadata 2023.2 (``DigitalSourceType``, which is in XMP only), GB 45438-2025.
"""

from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from ringback.domain.marks import LABEL, Marks
from ringback.images.exif import read_exif
from ringback.images.pictures import Cut, Metadata, Picture, PictureFile, Place
from ringback.images.png_texts import LONGEST_KEY, Content, is_read, read_text
from ringback.images.texts import decoded
from ringback.images.xmp import XmpMarks, read_xmp

# Bytes of one packet or text, unpacked; those after them are not read.
MAX_PACKET: Final = 1024 * 1024
MAX_COMMENT: Final = 64 * 1024
# Of one file, packed and unpacked: it takes up to two seconds.
MAX_METADATA: Final = 4 * 1024 * 1024
# A manifest's label, and its type, are in its first box; one that is empty has none.
MAX_MANIFEST_START, MANIFEST_LABEL = 512, b"c2pa"
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
        self._left = MAX_METADATA
        self.found = XmpMarks()
        self.c2pa = False

    def read(self, place: Place) -> None:
        if self._left <= 0:
            return
        match place.kind:
            case Metadata.C2PA:
                start = self._content(place, most=MAX_MANIFEST_START)
                self.c2pa = self.c2pa or MANIFEST_LABEL in start
            case Metadata.XMP:
                read_xmp(self._pieces(place), self.found)
            case Metadata.XMP_IN_BLOCKS:
                packet = self._content(place)
                # Adobe writes the packet as it is, ImageMagick in sub-blocks like any other data.
                is_bare = packet.startswith(b"<")
                read_xmp([packet if is_bare else _joined_blocks(packet)], self.found)
            case Metadata.EXIF:
                self._exif(self._content(place))
            case Metadata.COMMENT:
                self._comment(self._content(place, most=MAX_COMMENT))
            case Metadata.COMMENT_IN_BLOCKS:
                self._comment(_joined_blocks(self._content(place, most=MAX_COMMENT)))
            case Metadata.TEXT | Metadata.PACKED_TEXT | Metadata.LONG_TEXT:
                if is_read(self._content(place, most=LONGEST_KEY + 1)):
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
            content = self._file.up_to(place.start, min(most, place.end - place.start))
        except Cut:
            return b""
        self._left -= len(content)
        return content

    def _pieces(self, place: Place) -> Iterator[bytes]:
        most = min(MAX_PACKET, max(self._left, 0))
        for piece in self._file.pieces(place.start, min(place.end, place.start + most)):
            self._left -= len(piece)
            yield piece

    def _exif(self, content: bytes) -> None:
        texts = read_exif(content)
        for packet in texts.xmp:
            read_xmp([packet], self.found)
        for text in texts.others:
            self.found.add_from(text)

    def _comment(self, text: bytes) -> None:
        self.found.add_from(decoded(text[:MAX_COMMENT]))

    def _text(self, place: Place) -> None:
        content, body = read_text(place.kind, self._content(place), most=MAX_PACKET)
        self._left -= len(body)
        match content:
            case Content.XMP:
                read_xmp([body], self.found)
            case Content.EXIF:
                self._exif(body)
            case Content.LABEL:
                self.found.add(LABEL, decoded(body))
            case Content.COMMENT:
                self._comment(body)


def _joined_blocks(content: bytes) -> bytes:
    """Return what is in a GIF's sub-blocks."""
    joined, at = bytearray(), 0
    while at < len(content) and content[at]:
        joined += content[at + 1 : at + 1 + content[at]]
        at += 1 + content[at]
    return bytes(joined)
