"""Makes images smaller with Pillow: the one place where an image is decoded."""

import warnings
from io import BytesIO
from typing import BinaryIO, Final

from PIL import Image, ImageOps

from ringback.domain.errors import ThumbnailRefused
from ringback.domain.images import ImageFacts
from ringback.use_cases.make_thumbnail import MOST_PIXELS

LONGEST_SIDE: Final = 512
# WebP's default; thumbnails are looked at, not printed.
QUALITY: Final = 80

# Pillow's own check of what a header announces. It only warns until the double of it.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
warnings.simplefilter("error", Image.DecompressionBombWarning)


def shrink(content: BinaryIO, facts: ImageFacts) -> bytes:
    """Return a WebP of at most 512 pixels a side, upright, without the original's metadata.

    Only the one decoder runs that the bytes were recognized for. Raises ``ThumbnailRefused``.
    """
    try:
        with Image.open(content, formats=[facts.content_type.removeprefix("image/")]) as image:
            if image.size != (facts.width, facts.height):
                raise ThumbnailRefused(f"decoder sees {image.size}, not the size that is recorded")
            image.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
            upright = ImageOps.exif_transpose(image)
            small = BytesIO()
            _with_colours(upright).save(small, "WEBP", quality=QUALITY, exif=b"", xmp=b"")
    except (OSError, ValueError, SyntaxError, ArithmeticError, LookupError, MemoryError) as error:
        raise ThumbnailRefused(f"decoder says {type(error).__name__}") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ThumbnailRefused("decoder sees more pixels than are recorded") from error
    return small.getvalue()


def _with_colours(image: Image.Image) -> Image.Image:
    """Return the image in a mode that WebP has."""
    if image.mode in ("RGB", "RGBA"):
        return image
    if image.mode.startswith("I"):
        # 16 bits a pixel, of which Pillow itself would cut off the brighter ones.
        image = image.convert("I").point(lambda value: value / 257).convert("L")
    return image.convert("RGBA" if image.has_transparency_data else "RGB")
