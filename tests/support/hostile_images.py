"""Broken and hostile variants of every stored format, and the expected verdict on each."""

from collections.abc import Iterator
from enum import Enum
from io import BytesIO
from itertools import chain
from struct import calcsize, pack, unpack_from
from typing import Final
from zipfile import ZipFile

from tests.support.image_files import (
    FRAME,
    GIF_IMAGE,
    IDAT,
    IEND,
    SCAN,
    WHOLE,
    animation,
    avif,
    box,
    gif,
    gif_comment,
    image,
    jpeg,
    png,
    png_chunk,
    webp,
)


class Verdict(Enum):
    """A part is a damaged image, or none if not even the size is there."""

    WHOLE = "a whole image"
    PART = "a part of an image"
    NO_IMAGE = "no image"


Hostile = tuple[str, bytes, Verdict]


def _archive() -> bytes:
    content = BytesIO()
    with ZipFile(content, "w") as archive:
        archive.writestr("META-INF/MANIFEST.MF", "Main-Class: Evil\n")
    return content.getvalue()


HTML: Final = b"<!doctype html><script>alert(1)</script>"
SCRIPT: Final = b"*/=1;alert(document.domain)//"
ARCHIVE: Final = _archive()
OTHERS: Final = {"html": HTML, "a script": SCRIPT, "an archive": ARCHIVE, "a pdf": b"%PDF-1.7\n"}

SMALL: Final = {
    "png": png(IDAT, IEND),
    "jpeg": jpeg(b"\xff\xe0\0\x04ab", FRAME, SCAN),
    "webp": webp((b"VP8L", b"\x2f\1\x40\0\0abcde")),
    "gif": gif(gif_comment(b"comment"), GIF_IMAGE),
    "avif": avif(),
}

# Archive readers search from the end of a file and find these; browsers that sniff content may find
# markup. Both are in places where the formats allow any bytes, so the file is an image. The stored
# content type is what protects its readers.
CARRIERS: Final = {
    "a png with html in its text": png(png_chunk(b"tEXt", b"Comment\0" + HTML), IDAT, IEND),
    "a jpeg with html in its comment": image("JPEG", comment=HTML),
    "a jpeg with an archive in its comment": image("JPEG", comment=ARCHIVE),
    "a webp with html as its metadata": image("WEBP", xmp=HTML),
    "a gif with an archive in its comment": gif(GIF_IMAGE, gif_comment(ARCHIVE)),
    "a gif that is a script": gif(gif_comment(SCRIPT), GIF_IMAGE, width=0x2A2F),
    "an avif with an archive in a free box": WHOLE["AVIF"] + box(b"free", ARCHIVE),
}

NOT_KEPT: Final = {
    "svg": b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
    **OTHERS,
    "bmp": image("BMP"),
    "tiff": image("TIFF"),
    "ico": image("ICO"),
    "heic": box(b"ftyp", b"heic", bytes(4), b"mif1heic") + WHOLE["AVIF"][32:],
    "mp4": box(b"ftyp", b"isom", bytes(4), b"isomavc1") + box(b"mdat", bytes(40)),
    "jpeg xl": b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(40),
    "bare jpeg xl": b"\xff\x0a" + bytes(40),
}

# The position of a length field, and its format.
LENGTHS: Final = [
    *(("png", SMALL["png"], offset, ">I") for offset in (8, 33, len(SMALL["png"]) - 12)),
    *(("jpeg", SMALL["jpeg"], offset, ">H") for offset in (4, 10)),
    *(("webp", SMALL["webp"], offset, "<I") for offset in (4, 16)),
    *(("gif", SMALL["gif"], offset, "B") for offset in (15, 23, 35)),
]


def box_offsets(content: bytes, start: int = 0, end: int | None = None) -> Iterator[int]:
    """Return the offsets of all boxes of a valid file, nested ones included."""
    while start < (len(content) if end is None else end):
        length, name = unpack_from(">I4s", content, start)
        yield start
        if name in (b"meta", b"iprp", b"ipco"):
            yield from box_offsets(content, start + (12 if name == b"meta" else 8), start + length)
        start += length


def _lengths() -> Iterator[tuple[str, bytes, int, str]]:
    yield from LENGTHS
    for content in (SMALL["avif"], WHOLE["AVIF"], animation("AVIF")):
        for offset in box_offsets(content):
            yield "avif", content, offset, ">I"


def wrong_lengths() -> Iterator[tuple[str, bytes]]:
    for kind, content, offset, how in _lengths():
        (right,) = unpack_from(how, content, offset)
        size = calcsize(how)
        highest = 2 ** (8 * size) - 1
        # By two: a WebP is padded to an even length, so one byte makes no difference.
        wrong = {0, 1, right - 2, right + 2, highest // 2, highest} - {right}
        if kind == "avif" and content[offset + 4 : offset + 8] in (b"meta", b"mdat", b"moov"):
            wrong = {highest // 2, highest}  # with a shorter one, the rest is data behind the image
        for length in wrong:
            if 0 <= length <= highest:
                broken = content[:offset] + pack(how, length) + content[offset + size :]
                yield f"{kind}: {length} for {right} at {offset}", broken


def corpus() -> Iterator[Hostile]:
    """Yield the name, content and expected verdict of each file.

    What lies behind an image's end does not matter: it is inert, and the file is stored as an
    image.
    """
    for name, content in NOT_KEPT.items():
        yield name, content, Verdict.NO_IMAGE
    for kind, content in WHOLE.items():
        for name, other in chain(OTHERS.items(), WHOLE.items()):
            yield f"{kind} and {name}", content + other, Verdict.WHOLE
            yield f"{kind} and zeros and {name}", content + bytes(16) + other, Verdict.WHOLE
        for name, other in OTHERS.items():
            yield f"{name} and {kind}", other + content, Verdict.NO_IMAGE
    for kind, content in chain(WHOLE.items(), [("several jpegs", animation("MPO", (120, 90)))]):
        for percent in range(100):
            part = content[: len(content) * percent // 100]
            yield f"{percent} % of {kind}", part, Verdict.PART
