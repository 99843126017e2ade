"""Which images providers accept as input: by first bytes and size, and then as a whole."""

from typing import BinaryIO

from ringback.domain.errors import NotAnImage
from ringback.domain.images import INPUT_FORMATS, MAX_INPUT_IMAGE_BYTES


def fault_of(head: bytes, size: int) -> str:
    """Return why this is no input image, or an empty string if it is one.

    ``head`` is the first ``HEAD_BYTES`` bytes of the file, ``size`` its length in bytes.
    """
    # Few requests have such an image, and there are twenty modules behind this one.
    from ringback.images.formats import format_of

    if size == 0:
        return "the image is empty"
    if size > MAX_INPUT_IMAGE_BYTES:
        return f"the image has {size} bytes; the maximum is {MAX_INPUT_IMAGE_BYTES}"
    return "" if format_of(head) in INPUT_FORMATS else "the image is not a JPEG, PNG or WebP file"


def damage_of(content: BinaryIO, size: int) -> str:
    """Return what is wrong with an image of one of the formats, or an empty string if it is whole.

    The readers are those of results: what the archive would not take for a whole image isn't sent.
    """
    from ringback.images.formats import read_picture

    try:
        damage = read_picture(content, size=size).damage
    except NotAnImage as refused:
        damage = str(refused)
    return f"the image is damaged: {damage}" if damage else ""
