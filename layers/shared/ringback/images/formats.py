"""The format and the size of an image, read from its own bytes without decoding it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO, Final

from ringback.domain.errors import NotAnImage
from ringback.domain.images import HEAD_BYTES, ImageFormat
from ringback.images import avif, gif, jpeg, png, webp
from ringback.images.pictures import Picture, PictureFile, truncated


@dataclass(frozen=True, slots=True)
class Signature:
    """What a format's files begin with: ``magic``, with a length field of any value in ``gap``.

    ``gap`` is the range of that field in bytes from the start of the file; empty for most formats.
    """

    format: ImageFormat
    magic: bytes
    read: Callable[[PictureFile], Picture]
    gap: tuple[int, int] = (0, 0)

    def part_of(self, head: bytes) -> bytes:
        """Return the bytes that are equal to ``magic`` if the file has this format."""
        start, end = self.gap
        return head[:start] + head[end : len(self.magic) + end - start]


SIGNATURES: Final = (
    Signature(ImageFormat.PNG, png.MAGIC, png.read_png),
    Signature(ImageFormat.JPEG, jpeg.MAGIC, jpeg.read_jpeg),
    Signature(ImageFormat.WEBP, webp.MAGIC, webp.read_webp, (4, 8)),
    Signature(ImageFormat.AVIF, avif.STILL, avif.read_avif, (3, 4)),
    Signature(ImageFormat.AVIF, avif.SEQUENCE, avif.read_avif, (3, 4)),
    Signature(ImageFormat.GIF, gif.OLDER, gif.read_gif),
    Signature(ImageFormat.GIF, gif.NEWER, gif.read_gif),
)


def format_of(head: bytes) -> ImageFormat | None:
    """Return the format that a file's first ``HEAD_BYTES`` bytes are of."""
    return next((each.format for each in SIGNATURES if each.part_of(head) == each.magic), None)


def read_picture(content: BinaryIO, *, size: int) -> Picture:
    """Read an image of ``size`` bytes and check that all of it is there.

    Raises ``TransferInterrupted`` for the beginning of an image, ``ImageRefused`` for all else.
    """
    file = PictureFile(content, size)
    head = file.at(0, min(size, HEAD_BYTES))
    for signature in SIGNATURES:
        found = signature.part_of(head)
        if found == signature.magic:
            return signature.read(file)
        if signature.magic.startswith(found):  # the empty file, too
            raise truncated()
    raise NotAnImage("not a PNG, JPEG, WebP, AVIF or GIF file")
