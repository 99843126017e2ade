"""Thumbnails of valid and of damaged images."""

import importlib
import struct
import warnings
import zlib
from dataclasses import replace
from io import BytesIO
from typing import Any, NoReturn

import pytest
from PIL import Image, ImageChops, ImageCms
from ringback import thumbnails
from ringback.domain.errors import ThumbnailRefused
from ringback.domain.images import ImageFacts, ImageFormat, Remains
from ringback.domain.marks import Marks
from ringback.images import download
from ringback.images.formats import read_picture
from ringback.images.marks import read_marks
from ringback.thumbnails import shrink

from tests.support.image_cases import ACCEPTED, loads

RED = (200, 30, 40)
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def saved(image: Image.Image, kind: str = "PNG", **how: Any) -> bytes:
    content = BytesIO()
    image.save(content, kind, **how)
    return content.getvalue()


def facts_of(content: bytes) -> ImageFacts:
    picture = read_picture(BytesIO(content), size=len(content))
    return ImageFacts(
        content_type=picture.format.content_type,
        extension=picture.format.extension,
        width=picture.width,
        height=picture.height,
        bytes=len(content),
        sha256="",
    )


def thumbnail(content: bytes) -> Image.Image:
    small = Image.open(BytesIO(shrink(BytesIO(content), facts_of(content))))
    assert small.format == "WEBP"
    return small


def test_marks_that_cannot_be_written_do_not_cost_the_thumbnail() -> None:
    content = saved(Image.new("RGB", (40, 30), RED))
    marked = replace(facts_of(content), marks=Marks(iptc="\ud83d"))
    assert Image.open(BytesIO(shrink(BytesIO(content), marked))).size == (40, 30)


@pytest.mark.parametrize("kind", ImageFormat.__members__)
@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((2048, 1024), (512, 256)),
        ((1000, 2000), (256, 512)),
        ((512, 512), (512, 512)),
        ((40, 30), (40, 30)),
        ((5000, 1), (512, 1)),
    ],
)
def test_a_thumbnail_fits_into_512_pixels(
    kind: str, size: tuple[int, int], expected: tuple[int, int]
) -> None:
    small = thumbnail(saved(Image.new("RGB", size, RED), kind))
    assert small.size == expected
    drawn = Image.new("RGB", expected, RED)
    extrema = ImageChops.difference(small.convert("RGB"), drawn).getextrema()
    assert all(high <= 8 for _, high in extrema)  # type: ignore[misc]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 128, (128, 128, 128, 255)),
        ("1", 1, (255, 255, 255, 255)),
        ("I;16", 128 * 257, (128, 128, 128, 255)),
        ("I;16", 200 * 257, (200, 200, 200, 255)),
        ("RGBA", (200, 30, 40, 128), (200, 30, 40, 128)),
        ("LA", (90, 128), (90, 90, 90, 128)),
        ("P", 0, (0, 0, 0, 255)),
    ],
)
@pytest.mark.parametrize("size", [(60, 40), (1200, 800)])
def test_a_thumbnail_has_the_colours_of_the_image(
    mode: str, colour: Any, expected: tuple[int, ...], size: tuple[int, int]
) -> None:
    small = thumbnail(saved(Image.new(mode, size, colour))).convert("RGBA")
    pixel = small.getpixel((30, 20))
    assert isinstance(pixel, tuple)
    assert all(abs(one - other) <= 8 for one, other in zip(pixel, expected, strict=True))


@pytest.mark.exhaustive
@pytest.mark.parametrize("kind", ["PNG", "GIF"])
@pytest.mark.parametrize("mode", ["1", "P"])
def test_fine_lines_are_resampled(kind: str, mode: str) -> None:
    lines = Image.new("L", (2048, 2048))
    lines.paste(255, (0, 0, 2048, 2048), Image.effect_noise((2048, 2048), 400))
    grey = thumbnail(saved(lines.convert(mode), kind)).convert("L")
    assert sum(64 < value < 192 for value in grey.tobytes()) > 0.9 * 512 * 512


def test_a_photo_is_upright_and_has_no_metadata() -> None:
    photo, notes = Image.new("RGB", (60, 40), RED), Image.Exif()
    notes[0x0112], notes[0x010E] = 6, "taken at home"
    small = thumbnail(saved(photo, "JPEG", exif=notes, icc_profile=SRGB))
    assert small.size == (40, 60)
    assert small.info.keys() == {"loop", "background"}


def test_invalid_exif_does_not_prevent_a_thumbnail() -> None:
    turned = struct.pack(">HHIHH", 0x0112, 3, 1, 6, 0)
    described_by_a_number = struct.pack(">HHII", 0x010E, 5, 1, 38)
    exif = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 2) + described_by_a_number + turned
    photo = saved(Image.new("RGB", (60, 40), RED), "JPEG", exif=exif + bytes(4) + bytes([0, 1] * 4))
    assert thumbnail(photo).size == (60, 40)


def png_announcing(width: int, height: int, data: bytes = zlib.compress(bytes(1000))) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        checksum = struct.pack(">I", zlib.crc32(name + body))
        return struct.pack(">I4s", len(body), name) + body + checksum

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = (chunk(b"IHDR", header), chunk(b"IDAT", data), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


BAD = {
    "more pixels than the decoder allows": (png_announcing(20_000, 20_000), "more pixels"),
    "a few more than it allows without a warning": (png_announcing(8_001, 8_000), "more pixels"),
    "pixels that are not there": (png_announcing(500, 400), "OSError"),
    "data that is not whole": (png_announcing(10, 10, zlib.compress(b"x" * 400)[:9]), "OSError"),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD)
def test_a_bad_image_is_refused(content: bytes, reason: str) -> None:
    with pytest.raises(ThumbnailRefused, match=reason):
        shrink(BytesIO(content), facts_of(content))


def test_whatever_a_decoder_raises_costs_the_thumbnail_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(*_: object) -> NoReturn:
        raise RuntimeError("Failed to decode image")

    content = saved(Image.new("RGB", (8, 8)))
    monkeypatch.setattr(Image.Image, "thumbnail", fails)
    with pytest.raises(ThumbnailRefused, match="RuntimeError"):
        shrink(BytesIO(content), facts_of(content))


def test_pillows_check_of_pixels_is_an_error() -> None:
    content = png_announcing(8_001, 8_000)
    with warnings.catch_warnings():
        warnings.resetwarnings()  # pytest's own filters make all of them errors
        importlib.reload(thumbnails)
        with pytest.raises(ThumbnailRefused, match="more pixels"):
            shrink(BytesIO(content), facts_of(content))


def test_only_the_decoder_of_the_recorded_format_runs() -> None:
    content = saved(Image.new("RGB", (8, 8)), "TIFF")
    facts = facts_of(saved(Image.new("RGB", (8, 8))))
    with pytest.raises(ThumbnailRefused, match="UnidentifiedImageError"):
        shrink(BytesIO(content), facts)


def test_an_image_of_another_size_than_recorded_is_refused() -> None:
    content = saved(Image.new("RGB", (8, 8)))
    with pytest.raises(ThumbnailRefused, match="differs from the recorded size"):
        shrink(BytesIO(content), facts_of(saved(Image.new("RGB", (8, 9)))))


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", len(body), name) + body + struct.pack(">I", zlib.crc32(name + body))


PICTURE = saved(Image.new("RGB", (60, 40), RED))
LARGE = b"x" * 70_000_000
UNUSUAL = {
    "text": chunk(b"tEXt", b"Comment\0" + LARGE[:2_000_000]),
    "packed text": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(LARGE)),
    "international text": chunk(b"iTXt", b"a\0\1\0\0\0" + zlib.compress(LARGE)),
    "profile": chunk(b"iCCP", b"a\0\0" + zlib.compress(LARGE[:3_000_000])),
    "broken text": chunk(b"tEXt", b"Comment\0x")[:-1] + b"?",
    "broken profile": chunk(b"iCCP", b"a\0\0not zlib"),
    "exif": chunk(b"eXIf", LARGE[:3_000_000]),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_metadata_of_any_size_does_not_prevent_a_thumbnail(name: str) -> None:
    at = PICTURE.index(b"IDAT") - 4
    assert thumbnail(PICTURE[:at] + UNUSUAL[name] + PICTURE[at:]).size == (60, 40)


def test_the_orientation_of_a_png_is_kept() -> None:
    notes = Image.Exif()
    notes[0x0112] = 6
    picture = saved(Image.new("RGB", (60, 40), RED), "PNG", exif=notes)
    assert thumbnail(picture).size == (40, 60)


@pytest.mark.parametrize("content", [case.content for case in ACCEPTED.values()], ids=ACCEPTED)
def test_whatever_pillow_decodes_gets_a_thumbnail(content: bytes) -> None:
    if loads(content):
        assert thumbnail(content).format == "WEBP"


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("png and 4 KiB of zeros", (37, 23)),
        ("jpeg with zeros between segments", (37, 23)),
        ("webp with a shorter RIFF length", (37, 23)),
        ("gif with a comment behind its trailer", (37, 23)),
        ("gif whose frame is larger than its screen", (4, 3)),
        ("gif whose second frame is larger than its screen", (2, 2)),
        ("avif whose last mdat is endless", (37, 23)),
    ],
)
def test_an_image_that_is_not_as_its_format_says_gets_a_thumbnail(
    name: str, size: tuple[int, int]
) -> None:
    assert thumbnail(ACCEPTED[name].content).size == size


def test_a_thumbnail_repeats_what_the_image_says_of_its_origin() -> None:
    marks = Marks(c2pa=True, iptc="trainedAlgorithmicMedia", aigc_label={"Label": "1", "a": "<&>"})
    small = shrink(BytesIO(PICTURE), replace(facts_of(PICTURE), marks=marks))
    picture = read_picture(BytesIO(small), size=len(small))
    assert read_marks(BytesIO(small), picture, size=len(small)) == replace(marks, c2pa=False)
    assert picture.damage == ""


def test_a_label_from_exif_is_in_the_thumbnail() -> None:
    notes = Image.Exif()
    notes[0x010E] = '{"AIGC": {"Label": "1", "ProduceID": "7"}}'
    content = saved(Image.new("RGB", (60, 40), RED), "JPEG", exif=notes)
    facts = download.facts_of(BytesIO(content), Remains(bytes=len(content), sha256=""))
    small = shrink(BytesIO(content), facts)
    picture = read_picture(BytesIO(small), size=len(small))
    marks = read_marks(BytesIO(small), picture, size=len(small))
    assert marks == facts.marks == Marks(aigc_label={"Label": "1", "ProduceID": "7"})
