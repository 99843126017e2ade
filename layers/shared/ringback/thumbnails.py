"""Makes thumbnails with Pillow: the only code that decodes images."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import SEEK_CUR, BytesIO
from struct import unpack
from tempfile import TemporaryFile
from typing import BinaryIO, Final

# Pillow loads all of its plugins when it looks for one that nobody has imported, such as WebP's.
from PIL import Image, ImageOps, WebPImagePlugin  # noqa: F401

from ringback.domain.errors import ThumbnailRefused
from ringback.domain.images import THUMBNAIL_FORMAT, ImageFacts, ImageFormat
from ringback.use_cases.make_thumbnail import MAX_PIXELS

MAX_SIDE: Final = 512
# WebP's default; thumbnails are for screens, not for print.
QUALITY: Final = 80
PNG_HEAD, CHECKSUM = 8, 4
READ_SIZE: Final = 256 * 1024
# What it takes to draw a PNG's first picture, upright. Of texts and profiles Pillow refuses more
# than a megabyte, and of every broken one the whole file.
PNG_CHUNKS: Final = frozenset({b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"eXIf", b"IEND"})
MAX_EXIF: Final = 64 * 1024

# Pillow's own check of the size in a header; up to twice the limit it would only warn.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def shrink(content: BinaryIO, facts: ImageFacts) -> bytes:
    """Return a WebP of at most ``MAX_SIDE`` pixels a side, upright.

    It says of its origin what the image does, and has no other metadata. Only the decoder of the
    recorded format runs. Raises ``ThumbnailRefused``.
    """
    try:
        with (
            _to_decode(content, facts.format) as file,
            Image.open(file, formats=[facts.format.name]) as image,
        ):
            if image.size != (facts.width, facts.height):
                raise ThumbnailRefused(f"decoded size {image.size} differs from the recorded size")
            small = _even(image)
            small.thumbnail((MAX_SIDE, MAX_SIDE))
            small.load()
            small_file = BytesIO()
            _with_colours(_upright(small)).save(
                small_file, THUMBNAIL_FORMAT.name, quality=QUALITY, xmp=_packet(facts)
            )
    except ThumbnailRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ThumbnailRefused("image has more pixels than recorded") from error
    except Exception as error:
        # Decoders raise all kinds of exceptions for damaged images.
        raise ThumbnailRefused(f"decoder failed: {type(error).__name__}") from error
    return small_file.getvalue()


@contextmanager
def _to_decode(content: BinaryIO, kind: ImageFormat) -> Iterator[BinaryIO]:
    if kind is not ImageFormat.PNG:
        yield content
        return
    with TemporaryFile() as bare:
        bare.write(content.read(PNG_HEAD))
        _copy_chunks(content, bare)
        bare.seek(0)
        yield bare


def _copy_chunks(png: BinaryIO, bare: BinaryIO) -> None:
    """Copy the chunks that are needed; Pillow judges what is malformed."""
    while len(head := png.read(8)) == 8:
        length, name = unpack(">I4s", head)
        if name in PNG_CHUNKS and (name != b"eXIf" or length <= MAX_EXIF):
            bare.write(head)
            for size in (*[READ_SIZE] * (length // READ_SIZE), length % READ_SIZE + CHECKSUM):
                bare.write(png.read(size))
        else:
            png.seek(length + CHECKSUM, SEEK_CUR)
        if name == b"IEND":
            return


def _packet(facts: ImageFacts) -> bytes:
    try:
        return facts.marks.as_xmp()
    except Exception:  # noqa: BLE001 - marks that cannot be written must not cost the thumbnail
        return b""


def _even(image: Image.Image) -> Image.Image:
    """Return the image in a mode that Pillow resamples instead of dropping pixels."""
    if image.mode.startswith("I"):
        # Pillow's own conversion clips 16-bit values to 255.
        return image.convert("I").point(lambda value: value / 257).convert("L")
    return _with_colours(image) if image.mode in ("1", "P", "PA") else image


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - an invalid EXIF tag must not cost the thumbnail
        return image


def _with_colours(image: Image.Image) -> Image.Image:
    """Return the image in a mode that WebP supports."""
    if image.mode in ("RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
