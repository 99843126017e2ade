"""Makes thumbnails with Pillow: the only code that decodes images."""

import warnings
from io import BytesIO
from typing import BinaryIO, Final

from PIL import Image, ImageOps

from ringback.domain.errors import ThumbnailRefused
from ringback.domain.images import THUMBNAIL_FORMAT, ImageFacts
from ringback.use_cases.make_thumbnail import MAX_PIXELS

MAX_SIDE: Final = 512
# WebP's default; thumbnails are for screens, not for print.
QUALITY: Final = 80

# Pillow's own check of the size in a header; up to twice the limit it would only warn.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def shrink(content: BinaryIO, facts: ImageFacts) -> bytes:
    """Return a WebP of at most ``MAX_SIDE`` pixels a side, upright, without any metadata.

    Only the decoder of the recorded format runs. Raises ``ThumbnailRefused``.
    """
    try:
        with Image.open(content, formats=[facts.format.name]) as image:
            if image.size != (facts.width, facts.height):
                raise ThumbnailRefused(f"decoded size {image.size} differs from the recorded size")
            small = _even(image)
            small.thumbnail((MAX_SIDE, MAX_SIDE))
            small.load()
            small_file = BytesIO()
            _with_colours(_upright(small)).save(small_file, THUMBNAIL_FORMAT.name, quality=QUALITY)
    except ThumbnailRefused:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ThumbnailRefused("image has more pixels than recorded") from error
    except Exception as error:
        # Decoders raise all kinds of exceptions for damaged images.
        raise ThumbnailRefused(f"decoder failed: {type(error).__name__}") from error
    return small_file.getvalue()


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
