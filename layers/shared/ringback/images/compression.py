"""Undoes gzip and zlib around an image that was stored or sent compressed."""

import zlib
from collections.abc import Iterator
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from ringback.domain.errors import ImageRefused
from ringback.images.formats import LONGEST_HEAD, format_of

READ_SIZE: Final = 256 * 1024
GZIP: Final = b"\x1f\x8b"
EITHER: Final = 32 + zlib.MAX_WBITS  # zlib finds out by the header which of the two it is


def unpack_image(content: BinaryIO, *, most: int) -> bool:
    """Replace the content with the image that is compressed in it; return whether there is one.

    What can be read of damaged content counts. Raises ``ImageRefused`` over ``most`` bytes.
    """
    content.seek(0)
    head = content.read(2)
    is_zlib = len(head) == 2 and head[0] & 0x8F == 8 and int.from_bytes(head, "big") % 31 == 0
    if not is_zlib and head != GZIP:
        return False
    with TemporaryFile() as image:
        size = 0
        for part in _unpacked(content):
            if not size and format_of(part[:LONGEST_HEAD]) is None:
                return False
            size += len(part)
            if size > most:
                raise ImageRefused(f"more than {most} bytes, unpacked")
            image.write(part)
        if not size:
            return False
        image.seek(0)
        content.seek(0)
        copyfileobj(image, content, READ_SIZE)
        content.truncate()
    return True


def _unpacked(content: BinaryIO) -> Iterator[bytes]:
    content.seek(0)
    stream = zlib.decompressobj(EITHER)
    while packed := content.read(READ_SIZE):
        while packed:
            try:
                part = stream.decompress(packed, READ_SIZE)
            except zlib.error:
                return
            if part:
                yield part
            packed = stream.unconsumed_tail
            if stream.eof:
                # A gzip file may have several members; anything else behind the first is ignored.
                packed, stream = stream.unused_data, zlib.decompressobj(EITHER)
                if not packed.startswith(GZIP):
                    return
