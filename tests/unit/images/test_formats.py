"""Images are recognized by their bytes, and a part of one is never taken for the whole."""

import zlib
from collections.abc import Callable
from io import BytesIO
from struct import pack
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from ringback.domain.errors import ImageRefused, TransferInterrupted
from ringback.domain.images import ImageFormat
from ringback.images.formats import SIGNATURES, read_picture
from ringback.images.pictures import Picture

from tests.support.image_files import (
    FRAME,
    FTYP,
    GIF_IMAGE,
    IDAT,
    IEND,
    INDEX,
    IPMA,
    IPRP,
    ISPE,
    MDAT,
    PITM,
    PIXELS,
    SCAN,
    WHOLE,
    CountingFile,
    animation,
    avif,
    box,
    full_box,
    gif,
    gif_comment,
    iloc,
    image,
    jpeg,
    meta,
    png,
    png_chunk,
    webp,
)

WAYS: list[tuple[str, str, dict[str, Any]]] = [
    ("PNG", "RGB", {}),
    ("PNG", "P", {}),
    ("PNG", "RGBA", {"compress_level": 0}),
    ("JPEG", "RGB", {}),
    ("JPEG", "L", {"quality": 100, "restart_marker_rows": 1}),
    ("JPEG", "RGB", {"progressive": True, "comment": b"\xff\xd9"}),
    ("JPEG", "CMYK", {"optimize": True}),
    ("WEBP", "RGB", {}),
    ("WEBP", "RGB", {"lossless": True}),
    ("WEBP", "RGBA", {"exif": b"Exif\0\0x"}),
    ("GIF", "RGB", {}),
    ("GIF", "L", {"interlace": 0, "comment": b";"}),
    ("AVIF", "RGB", {}),
    ("AVIF", "RGBA", {"exif": Image.Exif().tobytes()}),
    ("AVIF", "L", {"icc_profile": b"profile"}),
]


def read(content: bytes) -> Picture:
    return read_picture(BytesIO(content), size=len(content))


PNG, JPEG, WEBP, AVIF, GIF = WHOLE.values()


def test_every_format_has_a_reader() -> None:
    assert {signature.format for signature in SIGNATURES} == set(ImageFormat)
    assert [read(content).format for content in WHOLE.values()] == list(ImageFormat)


@pytest.mark.parametrize("kind", ImageFormat)
def test_extension_and_content_type_are_pillow_s(kind: ImageFormat) -> None:
    assert Image.registered_extensions()[f".{kind.extension}"] == kind.name
    assert Image.MIME[kind.name] == kind.content_type


@pytest.mark.parametrize(("kind", "mode", "how"), WAYS)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (640, 33), (300, 1000)])
def test_the_size_is_what_pillow_sees(
    kind: str, mode: str, how: dict[str, Any], size: tuple[int, int]
) -> None:
    content = image(kind, mode, size, **how)
    with Image.open(BytesIO(content)) as opened:
        expected = (Image.MIME[kind], *opened.size)
    picture = read(content)
    assert (picture.format.content_type, picture.width, picture.height) == expected
    assert picture.format is ImageFormat[kind]


@pytest.mark.parametrize("size", [(16383, 1), (1, 16383)])
@pytest.mark.parametrize("lossless", [False, True])
def test_the_largest_webp_sizes_are_read(size: tuple[int, int], *, lossless: bool) -> None:
    picture = read(image("WEBP", "L", size, lossless=lossless))
    assert (picture.width, picture.height) == size


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "GIF", "AVIF"])
def test_an_animation_has_the_size_of_its_canvas(kind: str) -> None:
    picture = read(animation(kind))
    assert (picture.width, picture.height) == (20, 10)
    assert picture.format is ImageFormat[kind]


@pytest.mark.parametrize(("kind", "mode", "how"), WAYS)
def test_a_part_of_an_image_is_truncated(kind: str, mode: str, how: dict[str, Any]) -> None:
    content = image(kind, mode, (120, 90), **how)
    for percent in range(100):
        with pytest.raises(TransferInterrupted, match="truncated"):
            read(content[: len(content) * percent // 100])


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_every_prefix_is_truncated(content: bytes) -> None:
    for length in range(len(content)):
        with pytest.raises(TransferInterrupted):
            read(content[:length])


@pytest.mark.parametrize(
    "content",
    [
        b"<!doctype html><html><body>Access denied</body></html>",
        b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
        b"<svg onload=alert(1)>",
        b'{"code":404}',
        b"GIF88a" + bytes(40),
        b"BM" + bytes(60),
        b"%PDF-1.7",
        b"PK\x03\x04" + bytes(40),
        b"II*\0" + bytes(40),
        b"MM\0*" + bytes(40),
        b"\0\0\1\0\1\0" + bytes(40),
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif",
        b"\0\0\0\x18ftypisom\0\0\0\0isomavc1",
        b"\0\0\1\x00ftypavif" + bytes(240),
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"\xff\x0a" + bytes(40),
        b"RIFF\x24\0\0\0WAVEfmt " + bytes(30),
        b"\1",
        b"\n" + PNG,
        b"\xef\xbb\xbf" + JPEG,
        image("BMP"),
        image("TIFF"),
        image("ICO"),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ImageRefused, match="not a PNG, JPEG, WebP, AVIF or GIF file"):
        read(content)


TOO_MANY = 70_000
CANVAS = (b"VP8X", bytes.fromhex("00000000010000010000"))

IPCO = box(b"ipco", ISPE)


def avif_of(ipco: bytes, ipma: bytes = IPMA) -> bytes:
    return avif(PITM, iloc((0, 8)), box(b"iprp", ipco, ipma))


def located(how: str, version: int = 1) -> bytes:
    """Return an iloc of one item of eight bytes; ``how`` is its method and file in hex."""
    item = bytes.fromhex(f"44 00 0001 0001 {how} 0001 00000000 00000008")
    return full_box(b"iloc", item, version=version)


ONE = jpeg(FRAME, SCAN)
SEVERAL = jpeg(INDEX, FRAME, SCAN)
MANY = SEVERAL + ONE * 2

NOTHING = zlib.compress(b"")
GIF_HEAD = b"," + pack("<HHHHB", 0, 0, 2, 2, 0)


def lossy(first_partition: int, data: bytes) -> bytes:
    """Return a visible key frame of one pixel whose header claims this first partition."""
    tag = first_partition << 5 | 1 << 4
    return tag.to_bytes(3, "little") + b"\x9d\x01\x2a" + pack("<HH", 1, 1) + data


WEBP_FRAME = bytes(16) + b"VP8L" + pack("<I", 5) + b"\x2f\0\0\0\0"

MALFORMED = {
    "png without IHDR": (b"\x89PNG\r\n\x1a\n" + IDAT + IEND + IEND, "begin with IHDR"),
    "png of no width": (png(IDAT, IEND, width=0), "no width"),
    "png of no height": (png(IDAT, IEND, height=0), "no width"),
    "png without data": (png(IEND), "or data after its end"),
    "png of empty data": (png(png_chunk(b"IDAT"), IEND), "or data after its end"),
    "png of a single byte of data": (
        png(png_chunk(b"IDAT", PIXELS[:1]), IEND),
        "or data after its end",
    ),
    "png of less than nothing": (
        png(png_chunk(b"IDAT", NOTHING[:-1]), IEND),
        "or data after its end",
    ),
    "png of less than nothing in pieces": (
        png(*[png_chunk(b"IDAT", NOTHING[at : at + 1]) for at in range(7)], IEND),
        "or data after its end",
    ),
    "png of a page": (png(png_chunk(b"IDAT", b"<html></html>"), IEND), "or data after its end"),
    "png of a page behind an x": (
        png(png_chunk(b"IDAT", b"x<html></html>"), IEND),
        "or data after its end",
    ),
    "png of zeros": (png(png_chunk(b"IDAT", bytes(99)), IEND), "or data after its end"),
    "png wider than any": (png(IDAT, IEND, width=2**31), "malformed header"),
    "png of 77 bits a sample": (png(IDAT, IEND, kind=(77, 2, 0, 0, 0)), "malformed header"),
    "png of 4 bits of red": (png(IDAT, IEND, kind=(4, 2, 0, 0, 0)), "malformed header"),
    "png of colour type 5": (png(IDAT, IEND, kind=(8, 5, 0, 0, 0)), "malformed header"),
    "png compressed otherwise": (png(IDAT, IEND, kind=(8, 2, 1, 0, 0)), "malformed header"),
    "png filtered otherwise": (png(IDAT, IEND, kind=(8, 2, 0, 1, 0)), "malformed header"),
    "png interlaced otherwise": (png(IDAT, IEND, kind=(8, 2, 0, 0, 2)), "malformed header"),
    "png whose header was changed": (
        png(IDAT, IEND).replace(b"\0\0\0\2", b"\0\0\0\3", 1),
        "malformed header",
    ),
    "png and a script": (png(IDAT, IEND) + b"<script>", "or data after its end"),
    "png and zeros": (png(IDAT, IEND) + b"\0", "or data after its end"),
    "png with a full IEND": (png(IDAT, png_chunk(b"IEND", b"x")), "or data after its end"),
    "png chunk of 2 GiB": (png(pack(">I4s", 2**31, b"IDAT")), "malformed chunk"),
    "png chunk without a name": (png(png_chunk(b"ID\0T")), "malformed chunk"),
    "png of too many chunks": (png(IDAT * TOO_MANY, IEND), "too many chunks"),
    "jpeg with a scan first": (b"\xff\xd8" + SCAN + b"\xff\xd9", "scan before its frame"),
    "jpeg of two frames": (b"\xff\xd8" + FRAME * 2 + SCAN + b"\xff\xd9", "second frame"),
    "jpeg without a picture": (b"\xff\xd8\xff\xd9", "JPEG has no image"),
    "jpeg without a scan": (jpeg(FRAME), "JPEG has no image"),
    "jpeg of an empty scan": (jpeg(FRAME, SCAN.removesuffix(b"data")), "empty scan"),
    "jpeg of no height": (b"\xff\xd8" + FRAME.replace(b"\0\2", b"\0\0"), "no width"),
    "jpeg of a short frame": (b"\xff\xd8\xff\xc0\0\x07\x08\0\2\0\2" + SCAN, "malformed or second"),
    "jpeg segment of no length": (b"\xff\xd8\xff\xe0\0\1\xff\xd9", "malformed segment"),
    "jpeg between segments": (b"\xff\xd8" + FRAME + b"junk", "malformed segment"),
    "jpeg in a jpeg": (b"\xff\xd8" + FRAME + b"\xff\xd8", "malformed segment"),
    "jpeg of fill bytes": (b"\xff\xd8" + b"\xff" * (TOO_MANY), "too many segments"),
    "jpeg and an archive": (JPEG + b"PK\5\6" + bytes(18), "data after its end"),
    "jpeg and a jpeg": (JPEG + JPEG, "data after its end"),
    "jpeg and a later end": (JPEG + b"<script>\xff\xd9", "data after its end"),
    "jpeg and 4 KiB of zeros": (JPEG + bytes(4096), "data after its end"),
    "jpeg and two more, not announced": (b"".join(MANY.split(INDEX)), "data after its end"),
    "jpeg of pictures and a script": (MANY + b"<script>", "data after its end"),
    "jpeg of pictures and 4 KiB of zeros": (MANY + bytes(4096), "data after its end"),
    "jpeg of pictures with a script between": (
        b"<script>".join([SEVERAL, ONE]),
        "data after its end",
    ),
    "jpeg of pictures, the second malformed": (SEVERAL + jpeg(SCAN), "scan before its frame"),
    "jpeg of pictures, announced by the second": (ONE + SEVERAL, "data after its end"),
    "jpeg of pictures in a thumbnail": (
        jpeg(b"\xff\xe1\0\x0a" + INDEX, FRAME, SCAN) + ONE,
        "data after its end",
    ),
    "jpeg with another APP2": (
        jpeg(b"\xff\xe2\0\x06ICC_", FRAME, SCAN) + ONE,
        "data after its end",
    ),
    "jpeg of too many pictures": (SEVERAL + ONE * 256, "too many images"),
    "jpeg of too many segments in all": (
        SEVERAL + jpeg(FRAME, b"\xff" * 300, SCAN) * 255,
        "too many segments",
    ),
    "webp and a script": (WEBP + b"<script>", "data after its end"),
    "webp and a zero": (WEBP + b"\0", "data after its end"),
    "webp without chunks": (webp(), "no image"),
    "webp of metadata": (webp(CANVAS, (b"EXIF", b"x")), "no image"),
    "webp of another chunk first": (webp((b"EXIF", b"x"), (b"VP8L", b"\x2f" * 9)), "begin with"),
    "webp of an empty frame": (webp(CANVAS, (b"ANMF", b"")), "frame without an image"),
    "webp of a frame of metadata": (
        webp(CANVAS, (b"ANMF", bytes(16) + b"EXIF" + bytes(4))),
        "frame without an image",
    ),
    "webp of a frame that is cut short": (
        webp(CANVAS, (b"ANMF", bytes(16) + b"VP8")),
        "frame without an image",
    ),
    "webp whose second frame is empty": (
        webp(CANVAS, (b"ANMF", WEBP_FRAME), (b"ANMF", bytes(24))),
        "frame without an image",
    ),
    "webp without a start code": (webp((b"VP8 ", bytes(10))), "begin with"),
    "webp of no size": (webp((b"VP8 ", bytes.fromhex("0000009d012a00000000"))), "no width"),
    "webp between key frames": (
        webp((b"VP8 ", bytes.fromhex("0100009d012a01000100"))),
        "begin with",
    ),
    "webp of more than there is": (webp((b"VP8 ", lossy(1, b""))), "larger than its chunk"),
    "webp of far more than there is": (
        webp((b"VP8 ", lossy(2**19 - 1, bytes(2**19 - 2)))),
        "larger than its chunk",
    ),
    "webp of more than there is, with a canvas": (
        webp(CANVAS, (b"ALPH", b"x"), (b"VP8 ", lossy(9, bytes(8)))),
        "larger than its chunk",
    ),
    "webp of more than there is before another chunk": (
        webp((b"VP8 ", lossy(9, bytes(8))), (b"EXIF", bytes(8))),
        "larger than its chunk",
    ),
    "webp of an empty chunk": (webp(CANVAS, (b"VP8 ", b"")), "larger than its chunk"),
    "webp lossless of a later version": (webp((b"VP8L", b"\x2f\0\0\0\xe0")), "begin with"),
    "webp canvas cut short": (webp((b"VP8X", b"abc"), (b"VP8L", b"\x2f" * 9)), "begin with"),
    "webp chunk beyond the end": (
        webp((b"VP8L", b"\x2f" + bytes(9))).replace(b"\x0a\0\0\0\x2f", b"\xff\0\0\0\x2f"),
        "malformed chunk",
    ),
    "webp with a chunk's half head": (b"RIFF\x08\0\0\0WEBPVP8L", "malformed chunk"),
    "webp of too many chunks": (webp(*[(b"VP8L", b"")] * (TOO_MANY)), "too many chunks"),
    "gif of no width": (gif(GIF_IMAGE, width=0), "no width"),
    "gif of no height": (gif(GIF_IMAGE, height=0), "no width"),
    "gif without an image": (gif(gif_comment(b"x")), "or data after its end"),
    "gif without data": (gif(GIF_HEAD + b"\2\0"), "image without data"),
    "gif without data behind its colours": (
        gif(GIF_HEAD[:-1] + b"\x81" + bytes(12) + b"\2\0"),
        "image without data",
    ),
    "gif whose second image is without data": (
        gif(GIF_IMAGE, GIF_HEAD + b"\2\0"),
        "image without data",
    ),
    "gif and a script": (GIF + b"<script>", "or data after its end"),
    "gif and a zero": (GIF + b"\0", "or data after its end"),
    "gif and a later end": (GIF + GIF_IMAGE + b";", "or data after its end"),
    "gif with zeros between blocks": (gif(GIF_IMAGE, b"\0\0"), "malformed block"),
    "gif of too many blocks": (gif(b"!\xfe\0" * TOO_MANY), "too many blocks"),
    "gif of too many sub-blocks": (
        gif(b"!\xfe" + b"\1x" * (2**20 + 1) + b"\0"),
        "too many sub-blocks",
    ),
    "avif and a script": (AVIF + b"<script>alert(1)</script>", "data after its end"),
    "avif and an avif": (AVIF + AVIF, "malformed box"),
    "avif and zeros": (AVIF + bytes(8), "malformed box"),
    "avif of an endless box": (AVIF + b"\0\0\0\0free", "malformed box"),
    "avif box of 7 bytes": (AVIF + b"\0\0\0\7free", "malformed box"),
    "avif box of 15 bytes": (AVIF + b"\0\0\0\1free" + pack(">Q", 15), "malformed box"),
    "avif with two metas": (avif() + meta(), "malformed box"),
    "avif without pitm": (avif(iloc((0, 8)), IPRP), "no primary image"),
    "avif without iloc": (avif(PITM, IPRP), "no primary image"),
    "avif without iprp": (avif(PITM, iloc((0, 8))), "no primary image"),
    "avif without ipco": (avif(PITM, iloc((0, 8)), box(b"iprp", IPMA)), "no width"),
    "avif without ipma": (avif(PITM, iloc((0, 8)), box(b"iprp", IPCO)), "no width"),
    "avif without ispe": (avif_of(box(b"ipco", box(b"pasp", bytes(8)))), "no width"),
    "avif whose ispe is another item's": (
        avif_of(IPCO, full_box(b"ipma", bytes.fromhex("00000001 0002 01 01"))),
        "no width",
    ),
    "avif whose ispe is another property": (
        avif_of(IPCO, full_box(b"ipma", bytes.fromhex("00000001 0001 01 02"))),
        "no width",
    ),
    "avif of two sizes": (
        avif_of(
            box(b"ipco", ISPE, ISPE), full_box(b"ipma", bytes.fromhex("00000001 0001 02 0102"))
        ),
        "malformed box",
    ),
    "avif of no width": (avif_of(box(b"ipco", full_box(b"ispe", pack(">II", 0, 2)))), "width"),
    "avif of no height": (avif_of(box(b"ipco", full_box(b"ispe", pack(">II", 2, 0)))), "width"),
    "avif of a short ispe": (avif_of(box(b"ipco", full_box(b"ispe", b"\0\0"))), "malformed box"),
    "avif of a short ipma": (avif_of(IPCO, full_box(b"ipma", b"\xff" * 4)), "malformed box"),
    "avif of a short pitm": (avif(full_box(b"pitm"), iloc((0, 8)), IPRP), "malformed box"),
    "avif of an empty pitm": (avif(box(b"pitm"), iloc((0, 8)), IPRP), "malformed box"),
    "avif of a short iloc": (avif(PITM, iloc((0, 8))[:-1] + PITM, IPRP), "malformed box"),
    "avif of a long iloc": (
        avif(PITM, full_box(b"iloc", bytes(256 * 1024)), IPRP),
        "too many items",
    ),
    "avif whose picture is nowhere": (avif(PITM, iloc(), IPRP), "no primary image"),
    "avif whose picture is another item": (avif(PITM, iloc((0, 8), item=2), IPRP), "no primary"),
    "avif of an endless item": (avif(PITM, iloc((0, 0)), IPRP), "malformed box"),
    "avif of an item in another file": (avif(PITM, located("0000 0001"), IPRP), "malformed"),
    "avif of an item in an item": (avif(PITM, located("0002 0000"), IPRP), "malformed box"),
    "avif of an item in an item, with an idat": (
        avif(PITM, located("0002 0000"), IPRP, box(b"idat", b"8 bytes.")),
        "malformed box",
    ),
    "avif of an item in no idat": (avif(PITM, located("0001 0000"), IPRP), "malformed box"),
    "avif of an item beyond its idat": (
        avif(PITM, located("0001 0000"), IPRP, box(b"idat", b"7 bytes")),
        "malformed box",
    ),
    "avif box beyond its outer box": (avif(PITM[:-2] + iloc((0, 8))), "malformed box"),
    "avif box beyond the end of file and outer box": (
        FTYP + MDAT + full_box(b"meta", b"\0\0\0\xff"),
        "malformed box",
    ),
    "avif box beyond its outer box, by far": (
        FTYP + MDAT + meta(b"\0\0\0\1pitm" + b"\xff" * 8),
        "malformed box",
    ),
    "avif of too many boxes": (AVIF + box(b"free") * TOO_MANY, "too many boxes"),
    "avif of too many inner boxes": (avif(box(b"free") * TOO_MANY), "too many boxes"),
    "avif of too many properties": (avif_of(box(b"ipco", box(b"free") * TOO_MANY)), "many boxes"),
}


@pytest.mark.parametrize(("content", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_image_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImageRefused, match=reason):
        read(content)


ODD_WEBP = webp(CANVAS, (b"VP8L", b"\x2f" * 9))
WELL_FORMED = {
    "a png whose data begins in pieces": png(
        png_chunk(b"IDAT"),
        png_chunk(b"IDAT", PIXELS[:1]),
        png_chunk(b"IDAT", PIXELS[1:]),
        IEND,
    ),
    "a png of the least data": png(png_chunk(b"IDAT", NOTHING), IEND),
    "a png of the least data in pieces": png(
        *[png_chunk(b"IDAT", NOTHING[at : at + 1]) for at in range(8)], IEND
    ),
    "a png of one bit, interlaced": png(IDAT, IEND, kind=(1, 0, 0, 0, 1)),
    "a png of 16 bits with alpha": png(IDAT, IEND, kind=(16, 6, 0, 0, 0)),
    "a lossy webp of its first partition": webp((b"VP8 ", lossy(8, bytes(8)))),
    "a lossy webp of the longest first partition": webp(
        (b"VP8 ", lossy(2**19 - 1, bytes(2**19 - 1)))
    ),
    "a webp of two frames": webp(CANVAS, (b"ANMF", WEBP_FRAME), (b"ANMF", WEBP_FRAME)),
    "a jpeg padded to its disk block": JPEG + bytes(4095),
    "a jpeg with fill bytes": b"\xff\xd8"
    + b"\xff" * 9
    + FRAME
    + b"\xff\xff"
    + SCAN
    + b"\xff\xff\xd9",
    "a jpeg with restarts and stuffed bytes": b"\xff\xd8"
    + FRAME
    + SCAN
    + b"\xff\0\xff\xd0\xff\xd7" * 9
    + b"\xff\xd9",
    "a webp whose pad byte is not counted": b"RIFF" + pack("<I", len(ODD_WEBP) - 9) + ODD_WEBP[8:],
    "a lossless webp of five bytes": webp((b"VP8L", b"\x2f\0\0\0\0")),
    "a jpeg with an empty APP2 at its end": jpeg(FRAME, SCAN, b"\xff\xe2\0\2"),
    "a jpeg of three pictures": MANY,
    "a jpeg of three pictures, padded": b"".join(one + bytes(4095) for one in (SEVERAL, ONE, ONE)),
    "a jpeg of pictures without the others": SEVERAL,
    "a gif of 1987": GIF.replace(b"89a", b"87a", 1),
    "a gif of one byte of data": gif(GIF_HEAD + b"\2\1x\0"),
    "a gif with tables of colours": gif(
        bytes(768), b"," + bytes(8) + b"\x81" + bytes(12) + b"\2\1x\0", flags=0x87
    ),
    "a gif of very many sub-blocks": gif(GIF_IMAGE, b"!\xfe" + b"\1x" * (2**20 - 1) + b"\0"),
    "an avif that ends with its meta": FTYP + MDAT + meta(PITM, iloc((0, 8)), IPRP),
    "an avif with a long length": FTYP
    + meta(PITM, iloc((0, 8)), IPRP)
    + b"\0\0\0\1mdat"
    + pack(">Q", 20)
    + b"data",
    "an avif of several mdats": avif() + MDAT * 2,
    "an avif whose item is in its idat": avif(
        PITM, located("0001 0000"), IPRP, box(b"idat", b"8 bytes.")
    ),
    "an avif of wide numbers": avif(
        full_box(b"pitm", b"\0\0\0\1", version=1),
        full_box(
            b"iloc",
            bytes.fromhex("8884 00000001 00000001 0000 0000") + pack(">QHIQQ", 0, 1, 0, 0, 8),
            version=2,
        ),
        box(
            b"iprp",
            IPCO,
            full_box(b"ipma", bytes.fromhex("00000001 00000001 01 8001"), version=1, flags=1),
        ),
    ),
    "an avif of several items": avif(
        PITM,
        full_box(
            b"iloc",
            bytes.fromhex("4400 0002 0002 0000 0000 0001 0000 0002 00000000 00000008"),
            bytes.fromhex("00000008 00000001"),
        ),
        IPRP,
    ),
}


@pytest.mark.parametrize("content", WELL_FORMED.values(), ids=WELL_FORMED)
def test_an_unusual_valid_file_is_read(content: bytes) -> None:
    assert read(content).width > 0


TRUNCATED = {
    "an avif with an item beyond the end": avif(PITM, iloc((0, 8), (9, 2**32 - 1)), IPRP),
    "an avif with another item beyond the end": avif(
        PITM,
        full_box(
            b"iloc",
            bytes.fromhex("4400 0002 0001 0000 0001 00000000 00000008"),
            bytes.fromhex("0002 0000 0001 00000000 7fffffff"),
        ),
        IPRP,
    ),
    "an avif with an item that its base puts beyond the end": avif(
        PITM,
        full_box(b"iloc", bytes.fromhex("4440 0001 0001 0000 7fffffff 0001 00000000 00000008")),
        IPRP,
    ),
    "an avif without its meta": FTYP + MDAT,
    "a sequence without its moov": avif().replace(b"ftypavif", b"ftypavis"),
    "a jpeg of pictures, cut in the second's first bytes": SEVERAL + b"\xff\xd8",
    "a gif without a trailer": gif(GIF_IMAGE, end=b""),
    "a gif whose last sub-block is one byte longer": GIF_IMAGE.join([gif(end=b""), b""])[:-2],
}


@pytest.mark.parametrize("content", TRUNCATED.values(), ids=TRUNCATED)
def test_a_file_that_announces_more_is_truncated(content: bytes) -> None:
    with pytest.raises(TransferInterrupted):
        read(content)


@pytest.mark.parametrize("length", range(245, 260))
def test_an_end_across_two_reads_is_found(length: int) -> None:
    content = b"\xff\xd8" + FRAME + SCAN + b"x" * length + b"\xff\xd9"
    assert read(content).width == 2


def test_an_embedded_thumbnail_is_ignored() -> None:
    thumbnail = image("JPEG", size=(5, 4))
    content = JPEG[:2] + b"\xff\xe1" + pack(">H", len(thumbnail) + 2) + thumbnail + JPEG[2:]
    assert (read(content).width, read(content).height) == (37, 23)


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + FRAME + (b"\xff\xda\0\2" * 400_000),
        b"\xff\xd8" + b"\xff" * 4_000_000,
        b"\xff\xd8" + FRAME + b"\xff\xda\0\2" + b"\xff" * 4_000_000,
        b"\xff\xd8" + FRAME + b"\xff\xda\0\2" + b"\xff\0" * 2_000_000,
        png(png_chunk(b"IDAT") * 300_000),
        webp(*[(b"VP8L", b"")] * 300_000),
        SEVERAL + (ONE + bytes(4095)) * 2_000,
        gif(b"!\xfe\0" * 1_000_000),
        gif(b"!\xfe" + b"\1x" * 2_000_000 + b"\0"),
        gif(b"!\xfe" + (b"\xff" + bytes(255)) * 20_000 + b"\0"),
        AVIF + box(b"free") * 500_000,
        avif(box(b"free") * 500_000),
        avif(PITM, full_box(b"iloc", b"\0\0\xff\xff" + bytes(200_000)), IPRP),
        avif_of(IPCO, full_box(b"ipma", b"\xff" * 4 + bytes(200_000))),
    ],
    ids=[
        *("scans", "fill", "fill in a scan", "stuffing", "png chunks", "webp chunks"),
        *("jpegs", "gif blocks", "gif sub-blocks", "gif without an image"),
        *("avif boxes", "avif inner boxes", "avif items", "avif properties"),
    ],
)
def test_a_hostile_file_is_read_quickly(content: bytes) -> None:
    file = CountingFile(content)
    with pytest.raises((ImageRefused, TransferInterrupted)):
        read_picture(file, size=len(content))
    assert file.reads < 300_000
    assert file.bytes_read < 30_000_000


def magic_and(start: bytes) -> Callable[[bytes], bytes]:
    return lambda rest: start + rest


ANYTHING = st.one_of(
    st.binary(max_size=200),
    st.binary(max_size=200).map(magic_and(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")),
    st.binary(max_size=200).map(magic_and(b"\xff\xd8\xff")),
    st.binary(max_size=200).map(magic_and(b"RIFF\x40\0\0\0WEBP")),
    st.binary(max_size=200).map(magic_and(b"RIFF\x40\0\0\0WEBPVP8X")),
    st.binary(max_size=200).map(magic_and(b"GIF89a")),
    st.binary(max_size=200).map(magic_and(gif(end=b","))),
    st.binary(max_size=200).map(magic_and(FTYP)),
    st.binary(max_size=200).map(lambda rest: FTYP + meta(rest)),
    st.binary(max_size=60).map(lambda rest: avif(PITM, full_box(b"iloc", rest), IPRP)),
    st.binary(max_size=60).map(lambda rest: avif_of(IPCO, full_box(b"ipma", rest))),
    st.binary(max_size=60).map(lambda rest: SEVERAL + rest),
)


@settings(deadline=None)
@given(ANYTHING)
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    try:
        assert read(content).width > 0
    except (ImageRefused, TransferInterrupted):
        return


@settings(deadline=None)
@given(
    st.sampled_from([*WHOLE.values(), MANY, avif()]),
    st.integers(0, 120),
    st.binary(min_size=1, max_size=6),
)
def test_any_damaged_image_is_read_or_refused(content: bytes, at: int, other: bytes) -> None:
    try:
        read(content[:at] + other + content[at + len(other) :])
    except (ImageRefused, TransferInterrupted):
        return
