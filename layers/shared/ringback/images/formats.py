"""What kind of image a file is and how large, told by its own bytes without decoding it."""

from typing import BinaryIO

from ringback.domain.errors import NotAnImage
from ringback.images import avif, gif, jpeg, png, webp
from ringback.images.pictures import Picture, PictureFile, cut_off


def read_picture(content: BinaryIO, *, size: int) -> Picture:
    """Tell what ``content`` is and that all of it is there.

    Raises ``TransferInterrupted`` for the beginning of an image, ``ImageRefused`` for all else.
    """
    file = PictureFile(content, size)
    head = file.at(0, min(size, 12))
    for magic, found, read in (
        (png.MAGIC, head[:8], png.read_png),
        (jpeg.MAGIC, head[:3], jpeg.read_jpeg),
        (webp.MAGIC, head[:4] + head[8:], webp.read_webp),
        (avif.STILL, head[:3] + head[4:], avif.read_avif),
        (avif.SEQUENCE, head[:3] + head[4:], avif.read_avif),
        (gif.OLDER, head[:6], gif.read_gif),
        (gif.NEWER, head[:6], gif.read_gif),
    ):
        if found == magic:
            return read(file)
        if magic.startswith(found):  # the empty file, too
            raise cut_off()
    raise NotAnImage("not a PNG, JPEG, WebP, AVIF or GIF file")
