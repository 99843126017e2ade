"""Reads a PNG's texts: https://www.w3.org/TR/png-3/#11textinfo."""

import re
import zlib
from enum import Enum, auto
from typing import Final, NamedTuple

from ringback.images.pictures import Metadata

LONGEST_KEY: Final = 79
XAP: Final = b"http://ns.adobe.com/xap/1.0/\0"  # begins XMP in a JPEG's APP1 segment
PROFILE: Final = b"raw profile type "  # ImageMagick's, of the metadata of other formats
_PROFILE_HEAD: Final = re.compile(rb"\s*[^\n]{0,80}\n\s*[0-9]{1,10}\s*\n")


class Content(Enum):
    """What a text is."""

    XMP = auto()
    EXIF = auto()
    LABEL = auto()
    COMMENT = auto()  # anything; perhaps with a label in it


# By key, in lower case; ExifTool's and Pillow's names of EXIF's texts are among them.
KEYS: Final = {
    b"xml:com.adobe.xmp": Content.XMP,
    b"aigc": Content.LABEL,
    b"tc260:aigc": Content.LABEL,
    **dict.fromkeys([b"comment", b"description", b"usercomment"], Content.COMMENT),
    **dict.fromkeys([b"exif:usercomment", b"exif:imagedescription"], Content.COMMENT),
    b"imagedescription": Content.COMMENT,
}


class Text(NamedTuple):
    content: Content
    body: bytes


def is_read(start: bytes) -> bool:
    """Tell by the start of a chunk, of ``LONGEST_KEY`` + 1 bytes, whether its text may say much."""
    key = start.partition(b"\0")[0].lower()
    return key in KEYS or key.startswith(PROFILE)


def read_text(kind: Metadata, chunk: bytes, *, most: int) -> Text:
    """Return the text of a chunk for which ``is_read`` holds, ``most`` bytes of it unpacked."""
    key, _, body = chunk.partition(b"\0")
    is_packed = kind is Metadata.PACKED_TEXT
    if kind is Metadata.LONG_TEXT:
        is_packed, body = body[:1] == b"\1", body[2:].partition(b"\0")[2].partition(b"\0")[2]
    elif is_packed:
        body = body[1:]
    if is_packed:
        body = _unpacked(body, most)
    content = KEYS.get(key.lower())
    return Text(content, body) if content else _profile(_from_hex(body))


def _profile(body: bytes) -> Text:
    if body.startswith(XAP):
        return Text(Content.XMP, body[len(XAP) :])
    if body.startswith((b"Exif\0", b"II*\0", b"MM\0*")):
        return Text(Content.EXIF, body)
    return Text(Content.XMP, body)  # anything else is searched like an XMP packet that is malformed


def _unpacked(text: bytes, most: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(text, most)
    except zlib.error:
        return b""


def _from_hex(profile: bytes) -> bytes:
    """Return an ImageMagick profile: a name, a length and hexadecimal digits, one a line."""
    head = _PROFILE_HEAD.match(profile)
    try:
        return bytes.fromhex(profile[head.end() :].decode("latin-1")) if head else b""
    except ValueError:
        return b""
