"""Undoes gzip, zlib and raw deflate around an image that was stored or sent compressed.

`Content-Encoding: deflate` means zlib (RFC 9110, section 8.4.1.2); some servers send raw deflate.
"""

import zlib
from collections.abc import Iterator
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import BinaryIO, Final

from ringback.domain.errors import ImageRefused
from ringback.images.formats import LONGEST_HEAD, format_of

READ_SIZE: Final = 256 * 1024
GZIP: Final = b"\x1f\x8b"
# zlib finds out by the header whether it is gzip or zlib; raw deflate has no header.
GZIP_OR_ZLIB, RAW = 32 + zlib.MAX_WBITS, -zlib.MAX_WBITS


def unpack_image(content: BinaryIO, *, most: int) -> bool:
    """Replace the content with the image that is compressed in it; return whether there is one.

    What can be read of damaged content counts. Raises ``ImageRefused`` over ``most`` bytes.
    """
    content.seek(0)
    if format_of(content.read(LONGEST_HEAD)) is not None:
        return False
    return any(_unpack(content, window, most=most) for window in (GZIP_OR_ZLIB, RAW))


def _unpack(content: BinaryIO, window: int, *, most: int) -> bool:
    with TemporaryFile() as image:
        size = 0
        for part in _unpacked(content, window):
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


def _unpacked(content: BinaryIO, window: int) -> Iterator[bytes]:
    content.seek(0)
    stream, packed = zlib.decompressobj(window), b"-"
    while packed:
        # The end of the file is handed over as well: zlib may hold back the last bytes until then.
        packed = waiting = content.read(READ_SIZE)
        while True:
            try:
                part = stream.decompress(waiting, READ_SIZE)
            except zlib.error:
                return
            if part:
                yield part
            waiting = stream.unconsumed_tail
            if stream.eof:
                # A gzip file may have several members; anything else behind the first is ignored.
                waiting, stream = stream.unused_data, zlib.decompressobj(window)
                if not waiting.startswith(GZIP):
                    return
            if not waiting:
                break
