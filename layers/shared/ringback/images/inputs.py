"""What providers take as an input image, told by its first bytes."""

from typing import Final

from ringback.images import jpeg, png, webp

# "jpeg, png, webp, at most 10 MB each": kie.ai's model pages. Chanjing states nothing.
MAX_INPUT_IMAGE_BYTES: Final = 10 * 1024 * 1024
HEAD_BYTES: Final = 12


def fault_of(head: bytes, size: int) -> str:
    """Return why this is no input image, an empty text if it is one.

    ``head`` is the first ``HEAD_BYTES`` bytes of the file, ``size`` its length.
    """
    if size == 0:
        return "the image is empty"
    if size > MAX_INPUT_IMAGE_BYTES:
        return f"the image has {size} bytes; {MAX_INPUT_IMAGE_BYTES} are the most"
    known = (
        head.startswith(png.MAGIC)
        or head.startswith(jpeg.MAGIC)
        or head[:4] + head[8:12] == webp.MAGIC
    )
    return "" if known else "the image is not a JPEG, PNG or WebP file"
