"""What decoders accept is an image, whatever lies behind its end; the rest is told from it."""

from io import BytesIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringback.domain.errors import NotAnImage
from ringback.images.formats import read_picture
from ringback.images.pictures import Picture

from tests.support.image_cases import ACCEPTED, DAMAGED, NO_IMAGE, Case, loads
from tests.support.image_files import WHOLE, animation, image


def read(content: bytes) -> Picture:
    return read_picture(BytesIO(content), size=len(content))


def every(*tables: dict[str, Case]) -> pytest.MarkDecorator:
    cases = [pytest.param(case, id=name) for table in tables for name, case in table.items()]
    return pytest.mark.parametrize("case", cases)


def test_there_are_many_of_both_kinds() -> None:
    assert min(map(len, (ACCEPTED, DAMAGED, NO_IMAGE))) >= 60


@every(ACCEPTED)
def test_what_decoders_accept_is_a_whole_image(case: Case) -> None:
    picture = read(case.content)
    assert picture.damage == ""
    assert len(case.content) - picture.end == case.trailing


@every(DAMAGED)
def test_a_damaged_image_is_told_from_a_whole_one(case: Case) -> None:
    assert case.damage
    assert case.damage in read(case.content).damage


@every(NO_IMAGE)
def test_anything_else_is_no_image(case: Case) -> None:
    with pytest.raises(NotAnImage):
        read(case.content)


@every(ACCEPTED, DAMAGED, NO_IMAGE)
def test_what_pillow_decodes_is_an_image_of_that_size(case: Case) -> None:
    if size := loads(case.content):
        picture = read(case.content)
        assert (picture.width, picture.height) == size


SOURCES = [
    *WHOLE.values(),
    *(animation(kind) for kind in ("PNG", "WEBP", "GIF", "AVIF", "MPO")),
    image("PNG", "P"),
    image("PNG", "RGBA", (9, 7)),
    image("JPEG", progressive=True, restart_marker_rows=1),
    image("WEBP", "RGBA", lossless=True),
    image("WEBP", exif=b"Exif\0\0x"),
    image("AVIF", "RGBA"),
    image("GIF", "1", (5, 4)),
]
MUTATION = st.tuples(
    st.integers(0, 10_000), st.integers(0, 8), st.binary(max_size=8)
)  # where, how many bytes go, and what comes instead


@settings(deadline=None, max_examples=300)
@given(st.sampled_from(SOURCES), st.lists(MUTATION, min_size=1, max_size=3))
def test_whatever_pillow_decodes_of_a_changed_file_is_an_image(
    content: bytes, mutations: list[tuple[int, int, bytes]]
) -> None:
    for at, gone, instead in mutations:
        at %= len(content) + 1
        content = content[:at] + instead + content[at + gone :]
    size = loads(content)
    if size is None:
        return
    picture = read(content)
    if not picture.damage:
        assert (picture.width, picture.height) == size
