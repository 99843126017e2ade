"""The format and the size of an image, read from its own bytes without decoding it."""

from collections.abc import Callable
from typing import BinaryIO, Final

from ringback.domain.errors import NotAnImage
from ringback.domain.images import ImageFormat
from ringback.images import avif, gif, jpeg, png, webp
from ringback.images.other_kinds import kind_of
from ringback.images.pictures import Picture, PictureFile

# As many of a file's first bytes as a file type box has, by far.
LONGEST_HEAD: Final = 4096


def _is_webp(head: bytes) -> bool:
    return head[:4] == b"RIFF" and head[8:12] == b"WEBP"


SIGNATURES: Final[tuple[tuple[ImageFormat, Callable[[bytes], bool]], ...]] = (
    (ImageFormat.PNG, lambda head: head.startswith(png.MAGIC)),
    (ImageFormat.JPEG, lambda head: head.startswith(jpeg.MAGIC)),
    (ImageFormat.WEBP, _is_webp),
    (ImageFormat.AVIF, avif.is_avif),
    (ImageFormat.GIF, lambda head: head.startswith(gif.VERSIONS)),
)
READERS: Final[dict[ImageFormat, Callable[[PictureFile], Picture]]] = {
    ImageFormat.PNG: png.read_png,
    ImageFormat.JPEG: jpeg.read_jpeg,
    ImageFormat.WEBP: webp.read_webp,
    ImageFormat.AVIF: avif.read_avif,
    ImageFormat.GIF: gif.read_gif,
}


def format_of(head: bytes) -> ImageFormat | None:
    """Return the format that a file's first bytes are of, at least ``HEAD_BYTES`` of them.

    An AVIF whose first brand is another one is recognized if its brands are among the bytes.
    """
    return next((kind for kind, matches in SIGNATURES if matches(head)), None)


def read_picture(content: BinaryIO, *, size: int) -> Picture:
    """Read an image of ``size`` bytes; ``damage`` says whether all of it is there.

    Raises ``NotAnImage`` for bytes that are of no format, or that don't even tell their size.
    """
    file = PictureFile(content, size)
    head = file.up_to(0, LONGEST_HEAD)
    kind = format_of(head)
    if kind is None:
        other = kind_of(head)
        raise NotAnImage(f"{f'{other}, ' if other else ''}not a PNG, JPEG, WebP, AVIF or GIF file")
    return READERS[kind](file)
