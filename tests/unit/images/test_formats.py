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
from ringback.domain.errors import NotAnImage
from ringback.domain.images import ImageFormat
from ringback.images.formats import READERS, SIGNATURES, read_picture
from ringback.images.pictures import MAX_PARTS, Picture

from tests.support.image_files import (
    FRAME,
    FTYP,
    INDEX,
    IPMA,
    IPRP,
    ISPE,
    PITM,
    SCAN,
    WHOLE,
    CountingFile,
    animation,
    avif,
    box,
    full_box,
    gif,
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


def is_whole(content: bytes) -> bool:
    return is_whole_file(BytesIO(content), len(content))


def is_whole_file(file: BytesIO, size: int) -> bool:
    try:
        return not read_picture(file, size=size).damage
    except NotAnImage:
        return False


PNG, JPEG, WEBP, AVIF, GIF = WHOLE.values()


def test_every_format_has_a_reader() -> None:
    assert {kind for kind, _ in SIGNATURES} == set(READERS) == set(ImageFormat)
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


# https://www.w3.org/TR/png-3/#8InterlaceMethods: the pass of each pixel in a square of eight.
EVEN, ODD = "56565656", "77777777"
ADAM7 = ("16462646", ODD, EVEN, ODD, "36463646", ODD, EVEN, ODD)
SAMPLES = {(0, 1): 1, (3, 4): 4, (0, 16): 16, (2, 8): 24, (4, 8): 16, (6, 16): 64}  # bits


def pixel_rows(width: int, height: int, bits: int, *, interlaced: bool) -> list[int]:
    """Return the bytes of each row, without its filter, as the pixels of the passes add up."""
    rows = []
    for number in "1234567" if interlaced else "":
        counts = [sum(ADAM7[y % 8][x % 8] == number for x in range(width)) for y in range(height)]
        rows += [-(-count * bits // 8) for count in counts if count]
    return rows or [-(-width * bits // 8)] * height


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(sorted(SAMPLES)),
    st.tuples(st.integers(1, 20), st.integers(1, 20)),
    st.sampled_from([0, 1]),
    st.data(),
)
def test_every_row_s_filter_is_checked_and_nothing_else(
    kind: tuple[int, int], size: tuple[int, int], interlace: int, data: st.DataObject
) -> None:
    rows = pixel_rows(*size, SAMPLES[kind], interlaced=interlace == 1)
    filters = data.draw(st.lists(st.integers(0, 4), min_size=len(rows), max_size=len(rows)))
    wrong = data.draw(st.none() | st.integers(0, len(rows) - 1))
    if wrong is not None:
        filters[wrong] = data.draw(st.integers(5, 255))
    pixels = b"".join(
        bytes([each]) + b"\xff" * count for each, count in zip(filters, rows, strict=True)
    )
    content = png(
        png_chunk(b"PLTE", bytes(48)),
        png_chunk(b"IDAT", zlib.compress(pixels)),
        png_chunk(b"IEND"),
        width=size[0],
        height=size[1],
        kind=(kind[1], kind[0], 0, 0, interlace),
    )
    assert ("filter" in read(content).damage) is (wrong is not None)
    assert bool(read(content).damage) is (wrong is not None)


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
def test_a_part_of_an_image_is_not_whole(kind: str, mode: str, how: dict[str, Any]) -> None:
    content = image(kind, mode, (120, 90), **how)
    assert [p for p in range(100) if is_whole(content[: len(content) * p // 100])] == []


@pytest.mark.parametrize("content", WHOLE.values(), ids=WHOLE)
def test_no_prefix_is_whole(content: bytes) -> None:
    assert [length for length in range(len(content)) if is_whole(content[:length])] == []


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"\n<!DOCTYPE html><title>Access denied</title>", "an HTML page, "),
        (b'<?xml version="1.0"?><svg/>', "an SVG image, "),
        (b'{"code": 404}', "JSON, "),
        (image("BMP"), "a BMP image, "),
        (image("TIFF"), "a TIFF image, "),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "a HEIF image, "),
        (b"wait a moment", "text, "),
        (b"\1\2\3", ""),
    ],
)
def test_the_reason_names_what_came_instead(content: bytes, kind: str) -> None:
    with pytest.raises(NotAnImage, match=f"^{kind}not a PNG, JPEG, WebP, AVIF or GIF file$"):
        read(content)


SEVERAL, ONE = jpeg(INDEX, FRAME, SCAN), jpeg(FRAME, SCAN)
IPCO = box(b"ipco", ISPE)


def avif_of(ipco: bytes, ipma: bytes = IPMA) -> bytes:
    return avif(PITM, iloc((0, 8)), box(b"iprp", ipco, ipma))


TOO_MANY = MAX_PARTS + 1
UNCHECKED = {
    "png": png(png_chunk(b"IDAT") * TOO_MANY),
    "jpeg": jpeg(FRAME, SCAN, b"\xff\xfe\0\2" * TOO_MANY),
    "webp": webp((b"VP8L", b"\x2f\1\x40\0\0a"), *[(b"ABCD", b"")] * TOO_MANY),
    "gif": gif(b"!\xfe\0" * TOO_MANY),
    "gif of many sub-blocks": gif(b"!\xfe" + b"\1x" * (2**21 + 1) + b"\0"),
    "avif": AVIF + box(b"free") * TOO_MANY,
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("content", UNCHECKED.values(), ids=UNCHECKED)
def test_an_image_of_too_many_parts_is_not_called_whole(content: bytes) -> None:
    assert "too many" in read(content).damage


@pytest.mark.parametrize("length", range(245, 260))
def test_an_end_across_two_reads_is_found(length: int) -> None:
    content = b"\xff\xd8" + FRAME + SCAN + b"x" * length + b"\xff\xd9"
    assert read(content).width == 2


def test_an_embedded_thumbnail_is_ignored() -> None:
    thumbnail = image("JPEG", size=(5, 4))
    content = JPEG[:2] + b"\xff\xe1" + pack(">H", len(thumbnail) + 2) + thumbnail + JPEG[2:]
    assert (read(content).width, read(content).height) == (37, 23)


@pytest.mark.exhaustive
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
    is_whole_file(file, len(content))
    assert file.reads < 400_000
    assert file.bytes_read < 40_000_000


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
        picture = read(content)
    except NotAnImage:
        return
    assert picture.width > 0
    assert 0 < picture.end <= len(content)


@settings(deadline=None)
@given(
    st.sampled_from([*WHOLE.values(), animation("MPO"), avif()]),
    st.integers(0, 120),
    st.binary(min_size=1, max_size=6),
)
def test_any_damaged_image_is_read_or_refused(content: bytes, at: int, other: bytes) -> None:
    is_whole(content[:at] + other + content[at + len(other) :])
