"""What the bytes say an image is, and that a part of one is never taken for all of it."""

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
from ringback.images.formats import read_picture
from ringback.images.pictures import Picture

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
]


def image(kind: str, mode: str = "RGB", size: tuple[int, int] = (37, 23), **how: Any) -> bytes:
    noise = Image.effect_noise(size, 90).convert(mode)
    if mode == "RGBA":
        noise.putalpha(128)
    content = BytesIO()
    noise.save(content, kind, **how)
    return content.getvalue()


def read(content: bytes) -> Picture:
    return read_picture(BytesIO(content), size=len(content))


PNG, JPEG, WEBP = image("PNG"), image("JPEG"), image("WEBP")


@pytest.mark.parametrize(("kind", "mode", "how"), WAYS)
@pytest.mark.parametrize("size", [(1, 1), (2, 3), (640, 33), (300, 1000)])
def test_the_size_is_what_pillow_sees(
    kind: str, mode: str, how: dict[str, Any], size: tuple[int, int]
) -> None:
    content = image(kind, mode, size, **how)
    with Image.open(BytesIO(content)) as opened:
        expected = (Image.MIME[kind], *opened.size)
    picture = read(content)
    assert (picture.content_type, picture.width, picture.height) == expected
    assert picture.extension == {"PNG": "png", "JPEG": "jpg", "WEBP": "webp"}[kind]


@pytest.mark.parametrize("size", [(16383, 1), (1, 16383)])
@pytest.mark.parametrize("lossless", [False, True])
def test_the_largest_webp_sizes_are_read(size: tuple[int, int], *, lossless: bool) -> None:
    picture = read(image("WEBP", "L", size, lossless=lossless))
    assert (picture.width, picture.height) == size


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_an_animation_has_the_size_of_its_canvas(kind: str) -> None:
    frames = [Image.effect_noise((20, 10), 50) for _ in range(3)]
    content = BytesIO()
    frames[0].save(content, kind, save_all=True, append_images=frames[1:], loop=0)
    picture = read(content.getvalue())
    assert (picture.width, picture.height) == (20, 10)


@pytest.mark.parametrize(("kind", "mode", "how"), WAYS)
@pytest.mark.parametrize("percent", range(0, 100, 5))
def test_a_part_of_an_image_is_cut_off(
    kind: str, mode: str, how: dict[str, Any], percent: int
) -> None:
    content = image(kind, mode, (120, 90), **how)
    with pytest.raises(TransferInterrupted, match="cut off"):
        read(content[: len(content) * percent // 100])


@pytest.mark.parametrize("content", [PNG, JPEG, WEBP], ids=["png", "jpeg", "webp"])
def test_every_prefix_is_cut_off(content: bytes) -> None:
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
        b"GIF89a" + bytes(40),
        b"BM" + bytes(60),
        b"%PDF-1.7",
        b"PK\x03\x04" + bytes(40),
        b"\0\0\0\x1cftypavif" + bytes(40),
        b"RIFF\x24\0\0\0WAVEfmt " + bytes(30),
        b"\0",
        b"\n" + PNG,
        b"\xef\xbb\xbf" + JPEG,
        image("GIF", "P"),
        image("BMP"),
        image("TIFF"),
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ImageRefused, match="not a PNG, JPEG or WebP"):
        read(content)


def png_chunk(name: bytes, body: bytes = b"") -> bytes:
    return pack(">I4s", len(body), name) + body + pack(">I", zlib.crc32(name + body))


def png(*chunks: bytes, width: int = 2, height: int = 2) -> bytes:
    header = png_chunk(b"IHDR", pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks)


def webp(*chunks: tuple[bytes, bytes]) -> bytes:
    body = b"WEBP" + b"".join(
        pack("<4sI", name, len(data)) + data + bytes(len(data) % 2) for name, data in chunks
    )
    return b"RIFF" + pack("<I", len(body)) + body


TOO_MANY = 70_000
DATA, END = png_chunk(b"IDAT", b"x"), png_chunk(b"IEND")
FRAME = bytes.fromhex("ffc0000b080002000201011100")
SCAN = bytes.fromhex("ffda0008010100003f00") + b"data"
CANVAS = (b"VP8X", bytes.fromhex("00000000010000010000"))

MALFORMED = {
    "png without IHDR": (b"\x89PNG\r\n\x1a\n" + DATA + END + END, "begin with IHDR"),
    "png of no width": (png(DATA, END, width=0), "without width"),
    "png of no height": (png(DATA, END, height=0), "without width"),
    "png without data": (png(END), "end with its image"),
    "png and a script": (png(DATA, END) + b"<script>", "end with its image"),
    "png and zeros": (png(DATA, END) + b"\0", "end with its image"),
    "png with a full IEND": (png(DATA, png_chunk(b"IEND", b"x")), "end with its image"),
    "png chunk of 2 GiB": (png(pack(">I4s", 2**31, b"IDAT")), "malformed chunk"),
    "png chunk without a name": (png(png_chunk(b"ID\0T")), "malformed chunk"),
    "png of too many chunks": (png(DATA * TOO_MANY, END), "too many chunks"),
    "jpeg with a scan first": (b"\xff\xd8" + SCAN + b"\xff\xd9", "scan before its frame"),
    "jpeg of two frames": (b"\xff\xd8" + FRAME * 2 + SCAN + b"\xff\xd9", "second frame"),
    "jpeg without a picture": (b"\xff\xd8\xff\xd9", "without a picture"),
    "jpeg of no height": (b"\xff\xd8" + FRAME.replace(b"\0\2", b"\0\0"), "without width"),
    "jpeg of a short frame": (b"\xff\xd8\xff\xc0\0\x07\x08\0\2\0\2" + SCAN, "malformed or second"),
    "jpeg segment of no length": (b"\xff\xd8\xff\xe0\0\1\xff\xd9", "malformed segment"),
    "jpeg between segments": (b"\xff\xd8" + FRAME + b"junk", "malformed segment"),
    "jpeg in a jpeg": (b"\xff\xd8" + FRAME + b"\xff\xd8", "malformed segment"),
    "jpeg of fill bytes": (b"\xff\xd8" + b"\xff" * (TOO_MANY), "too many segments"),
    "jpeg and an archive": (JPEG + b"PK\5\6" + bytes(18), "followed by something"),
    "jpeg and a jpeg": (JPEG + JPEG, "followed by something"),
    "jpeg and a later end": (JPEG + b"<script>\xff\xd9", "followed by something"),
    "jpeg and 4 KiB of zeros": (JPEG + bytes(4096), "followed by something"),
    "webp and a script": (WEBP + b"<script>", "followed by something"),
    "webp and a zero": (WEBP + b"\0", "followed by something"),
    "webp without chunks": (webp(), "no image"),
    "webp of metadata": (webp(CANVAS, (b"EXIF", b"x")), "no image"),
    "webp of another chunk first": (webp((b"EXIF", b"x"), (b"VP8L", b"\x2f" * 9)), "begin with"),
    "webp without a start code": (webp((b"VP8 ", bytes(10))), "begin with"),
    "webp of no size": (webp((b"VP8 ", bytes.fromhex("0000009d012a00000000"))), "without width"),
    "webp between key frames": (
        webp((b"VP8 ", bytes.fromhex("0100009d012a01000100"))),
        "begin with",
    ),
    "webp lossless of a later version": (webp((b"VP8L", b"\x2f\0\0\0\xe0")), "begin with"),
    "webp canvas cut short": (webp((b"VP8X", b"abc"), (b"VP8L", b"\x2f" * 9)), "begin with"),
    "webp chunk beyond the end": (
        webp((b"VP8L", b"\x2f" + bytes(9))).replace(b"\x0a\0\0\0\x2f", b"\xff\0\0\0\x2f"),
        "malformed chunk",
    ),
    "webp with a chunk's half head": (b"RIFF\x08\0\0\0WEBPVP8L", "malformed chunk"),
    "webp of too many chunks": (webp(*[(b"VP8L", b"")] * (TOO_MANY)), "too many chunks"),
}


@pytest.mark.parametrize(("content", "reason"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_image_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ImageRefused, match=reason):
        read(content)


ODD_WEBP = webp(CANVAS, (b"VP8L", b"\x2f" * 9))
WELL_FORMED = {
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
}


@pytest.mark.parametrize("content", WELL_FORMED.values(), ids=WELL_FORMED)
def test_what_is_rare_but_right_is_read(content: bytes) -> None:
    assert read(content).width > 0


@pytest.mark.parametrize("length", range(245, 260))
def test_an_end_may_straddle_two_reads(length: int) -> None:
    content = b"\xff\xd8" + FRAME + SCAN + b"x" * length + b"\xff\xd9"
    assert read(content).width == 2


def test_a_thumbnail_is_not_the_picture() -> None:
    thumbnail = image("JPEG", size=(5, 4))
    content = JPEG[:2] + b"\xff\xe1" + pack(">H", len(thumbnail) + 2) + thumbnail + JPEG[2:]
    assert (read(content).width, read(content).height) == (37, 23)


class CountingFile(BytesIO):
    bytes_read = reads = 0

    def read(self, size: int | None = -1, /) -> bytes:
        content = super().read(size)
        self.bytes_read += len(content)
        self.reads += 1
        return content


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8" + FRAME + (b"\xff\xda\0\2" * 400_000),
        b"\xff\xd8" + b"\xff" * 4_000_000,
        b"\xff\xd8" + FRAME + b"\xff\xda\0\2" + b"\xff" * 4_000_000,
        b"\xff\xd8" + FRAME + b"\xff\xda\0\2" + b"\xff\0" * 2_000_000,
        png(png_chunk(b"IDAT") * 300_000),
        webp(*[(b"VP8L", b"")] * 300_000),
    ],
    ids=["scans", "fill", "fill in a scan", "stuffing", "png chunks", "webp chunks"],
)
def test_a_hostile_file_is_soon_told(content: bytes) -> None:
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
)


@settings(deadline=None)
@given(ANYTHING)
def test_whatever_the_bytes_there_is_one_verdict(content: bytes) -> None:
    try:
        assert read(content).width > 0
    except (ImageRefused, TransferInterrupted):
        return


@settings(deadline=None)
@given(st.sampled_from([PNG, JPEG, WEBP]), st.integers(0, 120), st.binary(min_size=1, max_size=6))
def test_whatever_is_damaged_there_is_one_verdict(content: bytes, at: int, other: bytes) -> None:
    try:
        read(content[:at] + other + content[at + len(other) :])
    except (ImageRefused, TransferInterrupted):
        return
