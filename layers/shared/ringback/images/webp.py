"""Reads the size of a WebP and walks its chunks: RFC 9649."""

from struct import unpack
from typing import Final

from ringback.domain.errors import ImageRefused
from ringback.domain.images import ImageFormat
from ringback.images.pictures import MAX_PARTS, Picture, PictureFile

MAGIC: Final = b"RIFFWEBP"  # without the four bytes of length between the two words
HEADER: Final = 12
IMAGE_DATA: Final = frozenset({b"VP8 ", b"VP8L", b"ANMF"})
FRAME_STARTS: Final = frozenset({b"VP8 ", b"VP8L", b"ALPH"})
LOSSY_START: Final = b"\x9d\x01\x2a"
LOSSY_HEAD: Final = 10  # bytes of a key frame before its first partition
LOSSLESS_START: Final = 0x2F


def read_webp(file: PictureFile) -> Picture:
    """Check the RIFF length against the file, and every chunk length against the RIFF length."""
    (length,) = unpack("<I", file.at(4, 4))
    end = 8 + length
    file.must_reach(end)
    if file.size > end + length % 2:
        raise ImageRefused("WebP has data after its end")
    offset, has_data = HEADER, False
    for _ in range(MAX_PARTS):
        if offset >= end:
            break
        name, size = unpack("<4sI", _inside(file, offset, 8, end))
        has_data = has_data or name in IMAGE_DATA
        if name == b"ANMF" and not _has_image(_inside(file, offset + 8, min(size, 20), end)):
            raise ImageRefused("WebP has a frame without an image")
        if name == b"VP8 " and not _may_hold(size, _inside(file, offset + 8, min(size, 3), end)):
            raise ImageRefused("WebP has a frame larger than its chunk")
        offset += 8 + size + size % 2
    else:
        raise ImageRefused("WebP has too many chunks")
    # Some writers leave the pad byte of an odd last chunk out of the RIFF length.
    if offset > end + 1 or not has_data:
        raise ImageRefused("WebP has a malformed chunk or no image")
    width, height = _width_and_height(file, end)
    return Picture(ImageFormat.WEBP, width, height)


def _has_image(frame: bytes) -> bool:
    return frame[16:20] in FRAME_STARTS  # after the frame's position and duration


def _may_hold(size: int, tag: bytes) -> bool:
    """Check that a lossy frame's first partition fits into its chunk: RFC 6386, section 9.1."""
    return LOSSY_HEAD + (int.from_bytes(tag, "little") >> 5) <= size


def _inside(file: PictureFile, offset: int, count: int, end: int) -> bytes:
    if offset + count > end:
        raise ImageRefused("WebP has a malformed chunk")
    return file.at(offset, count)


def _width_and_height(file: PictureFile, end: int) -> tuple[int, int]:
    name, size = unpack("<4sI", _inside(file, HEADER, 8, end))
    body = _inside(file, HEADER + 8, min(size, 10), end)
    if name == b"VP8X" and size >= 10:
        wide, high = (int.from_bytes(body[at : at + 3], "little") for at in (4, 7))
        return wide + 1, high + 1
    if name == b"VP8L" and size >= 5 and body[0] == LOSSLESS_START and body[4] >> 5 == 0:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if name == b"VP8 " and size >= 10 and body[0] & 1 == 0 and body[3:6] == LOSSY_START:
        wide, high = unpack("<HH", body[6:10])
        return wide & 0x3FFF, high & 0x3FFF
    raise ImageRefused("WebP does not begin with an image")
