"""Makes images smaller with Pillow: the one place where an image is decoded."""

import warnings
from io import BytesIO
from typing import BinaryIO, Final

from PIL import Image, ImageOps

from ringback.domain.errors import ThumbnailRefused
from ringback.domain.images import THUMBNAIL_FORMAT, ImageFacts
from ringback.use_cases.make_thumbnail import MAX_PIXELS

MAX_SIDE: Final = 512
# WebP's default; thumbnails are looked at, not printed.
QUALITY: Final = 80

# Pillow's own check of what a header announces. It only warns until the double of it.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def shrink(content: BinaryIO, facts: ImageFacts) -> bytes:
    """Return a WebP of at most 512 pixels a side, upright, without the original's metadata.

    Only the one decoder runs that the bytes were recognized for. Raises ``ThumbnailRefused``.
    """
    try:
        with Image.open(content, formats=[facts.format.name]) as image:
            if image.size != (facts.width, facts.height):
                raise ThumbnailRefused(f"decoder sees {image.size}, not the size that is recorded")
            small = _even(image)
            small.thumbnail((MAX_SIDE, MAX_SIDE))
            small.load()
            small_file = BytesIO()
            _with_colours(_upright(small)).save(small_file, THUMBNAIL_FORMAT.name, quality=QUALITY)
    except ThumbnailRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ThumbnailRefused("decoder sees more pixels than are recorded") from error
    except Exception as error:
        # What decoders raise of broken images is no closed list.
        raise ThumbnailRefused(f"decoder says {type(error).__name__}") from error
    return small_file.getvalue()


def _even(image: Image.Image) -> Image.Image:
    """Return the image in a mode that Pillow makes smaller without leaving pixels out."""
    if image.mode.startswith("I"):
        # Of 16 bits Pillow itself would cut off the brighter ones.
        return image.convert("I").point(lambda value: value / 257).convert("L")
    return _with_colours(image) if image.mode in ("1", "P", "PA") else image


def _upright(image: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # noqa: BLE001 - a broken tag costs the turn and not the thumbnail
        return image


def _with_colours(image: Image.Image) -> Image.Image:
    """Return the image in a mode that WebP has."""
    if image.mode in ("RGB", "RGBA"):
        return image
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
