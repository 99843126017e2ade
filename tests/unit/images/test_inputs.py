"""Which files are accepted as input images."""

from io import BytesIO

import pytest
from PIL import Image
from ringback.domain.images import (
    HEAD_BYTES,
    INPUT_FORMATS,
    MAX_INPUT_IMAGE_BYTES,
    ImageFormat,
)
from ringback.images.inputs import damage_of, fault_of

from tests.support.image_files import image

NOT_AN_IMAGE = "the image is not a JPEG, PNG or WebP file"


def head(kind: str) -> bytes:
    content = BytesIO()
    Image.new("RGB", (8, 8)).save(content, kind)
    return content.getvalue()[:HEAD_BYTES]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_image_in_an_accepted_format_is_accepted(kind: str) -> None:
    assert fault_of(head(kind), 1000) == ""
    assert fault_of(head(kind), MAX_INPUT_IMAGE_BYTES) == ""


def test_a_large_or_empty_image_is_refused() -> None:
    assert fault_of(head("PNG"), MAX_INPUT_IMAGE_BYTES + 1) == (
        "the image has 10485761 bytes; the maximum is 10485760"
    )
    assert fault_of(b"", 0) == "the image is empty"


@pytest.mark.parametrize(
    "content",
    [
        head("GIF"),
        head("BMP"),
        head("TIFF"),
        head("AVIF"),
        b"<svg xmlns=",
        b"<!doctype html>",
        b"RIFF\0\0\0\0WAVE",
        b"%PDF-1.7",
        b"\x89PNG",
        b"{}",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    assert fault_of(content, 1000) == NOT_AN_IMAGE


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_an_image_is_whole_or_damaged(kind: str) -> None:
    whole = image(kind)
    assert damage_of(BytesIO(whole), len(whole)) == ""
    for size in (len(whole) // 2, len(whole) - 1, HEAD_BYTES):
        damage = damage_of(BytesIO(whole[:size]), size)
        assert damage.startswith("the image is damaged: ")


def test_the_message_names_the_accepted_formats() -> None:
    assert {kind for kind in ImageFormat if kind.name in NOT_AN_IMAGE.upper()} == INPUT_FORMATS
