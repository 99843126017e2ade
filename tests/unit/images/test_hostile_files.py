"""Damaged and hostile files: each is read or refused, at little cost."""

import tracemalloc
from io import BytesIO
from struct import pack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringback.domain.errors import NotAnImage
from ringback.images.formats import read_picture
from ringback.images.marks import read_marks
from ringback.images.pictures import Picture

from tests.support.hostile_images import CARRIERS, SMALL, Verdict, corpus, wrong_lengths
from tests.support.image_files import (
    FRAME,
    FTYP,
    GIF_IMAGE,
    IDAT,
    IEND,
    INDEX,
    IPMA,
    MDAT,
    PITM,
    PIXELS,
    SCAN,
    WHOLE,
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

MAX_MEMORY = 2_000_000
# Decoders skip what is left of the segment, and take what is left of the chunk for another.
HARMLESS = ("jpeg: 2 for 4", "webp: 8 for 10 at 16")


def read(content: bytes) -> Picture | None:
    try:
        return read_picture(BytesIO(content), size=len(content))
    except NotAnImage:
        return None


def verdict(content: bytes) -> Verdict:
    picture = read(content)
    if picture is None:
        return Verdict.NO_IMAGE
    return Verdict.PART if picture.damage else Verdict.WHOLE


def test_the_whole_corpus_is_judged() -> None:
    assert [name for name, content, expected in corpus() if not fits(content, expected)] == []


def fits(content: bytes, expected: Verdict) -> bool:
    found = verdict(content)
    return found is expected or {found, expected} == {Verdict.NO_IMAGE, Verdict.PART}


@pytest.mark.parametrize("content", CARRIERS.values(), ids=CARRIERS)
def test_an_image_with_arbitrary_metadata_is_accepted(content: bytes) -> None:
    assert verdict(content) is Verdict.WHOLE


def test_a_wrong_length_is_noticed() -> None:
    whole = [name for name, content in wrong_lengths() if verdict(content) is Verdict.WHOLE]
    assert [name for name in whole if not name.startswith(HARMLESS)] == []


@pytest.mark.exhaustive
@pytest.mark.parametrize("content", SMALL.values(), ids=SMALL)
def test_every_changed_byte_is_judged(content: bytes) -> None:
    assert verdict(content) is Verdict.WHOLE
    for at in range(len(content)):
        for other in range(256):
            verdict(content[:at] + bytes([other]) + content[at + 1 :])


@pytest.mark.exhaustive
@pytest.mark.parametrize("content", [*WHOLE.values(), animation("AVIF"), animation("MPO")])
def test_every_flipped_bit_is_judged(content: bytes) -> None:
    for at in range(min(len(content), 700)):
        for bit in range(8):
            verdict(content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :])


IPRP_OF_BOMB = box(b"iprp", box(b"ipco", full_box(b"ispe", b"\xff" * 8)), IPMA)
CANVAS = (b"VP8X", bytes(4) + b"\xff" * 6)
BOMBS = {
    "png": (png(IDAT, IEND, width=2**31 - 1, height=2**31 - 1), 2**31 - 1),
    "jpeg": (jpeg(FRAME.replace(b"\0\2\0\2", b"\xff" * 4), SCAN), 2**16 - 1),
    "webp": (webp(CANVAS, (b"VP8L", b"\x2f" + bytes(9))), 2**24),
    "gif": (gif(GIF_IMAGE, width=2**16 - 1, height=2**16 - 1), 2**16 - 1),
    "avif": (avif(PITM, iloc((0, 8)), IPRP_OF_BOMB), 2**32 - 1),
}


def peak_of(content: bytes) -> tuple[int, Picture | None]:
    file = BytesIO(content)
    tracemalloc.start()
    try:
        picture = read_picture(file, size=len(content))
        read_marks(file, picture, size=len(content))
    except NotAnImage:
        return tracemalloc.get_traced_memory()[1], None
    else:
        return tracemalloc.get_traced_memory()[1], picture
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("content", "side"), BOMBS.values(), ids=BOMBS)
def test_a_huge_announced_size_uses_no_memory(content: bytes, side: int) -> None:
    peak, picture = peak_of(content)
    assert picture
    assert (picture.width, picture.height) == (side, side)
    assert peak < 100_000


SIXTEEN_MB = bytes(16_000_000)
HEAVY = {
    "png of one chunk": png(png_chunk(b"IDAT", PIXELS + SIXTEEN_MB), IEND),
    "png of many chunks": png(IDAT * 20_000, IEND),
    "jpeg of one scan": jpeg(FRAME, SCAN, SIXTEEN_MB),
    "jpeg of many segments": jpeg(b"\xff\xfe\0\2" * 20_000, FRAME, SCAN),
    "jpeg of many scans": jpeg(FRAME, SCAN * 20_000),
    "jpeg of many pictures": jpeg(INDEX, FRAME, SCAN) + jpeg(FRAME, SCAN) * 250,
    "webp of one chunk": webp((b"VP8L", b"\x2f\0\0\0\0" + SIXTEEN_MB)),
    "webp of many chunks": webp(*[(b"VP8L", b"\x2f\0\0\0\0")] * 20_000),
    "gif of one image": gif(GIF_IMAGE[:-1] + (b"\xff" + bytes(255)) * 20_000 + b"\0"),
    "gif of many images": gif(GIF_IMAGE * 20_000),
    "gif of many sub-blocks": gif(GIF_IMAGE[:-1] + b"\1x" * 100_000 + b"\0"),
    "avif of one mdat": avif() + box(b"mdat", SIXTEEN_MB),
    "avif of many boxes": avif() + box(b"free") * 20_000,
    "avif of many inner boxes": avif(*[box(b"free")] * 20_000),
    "avif of a large table": avif(PITM, full_box(b"iloc", bytes(16_000_000)), IPRP_OF_BOMB),
    "avif of many items": avif(
        PITM, full_box(b"iloc", pack(">HH", 0, 40_000), bytes(240_000)), IPRP_OF_BOMB
    ),
    "avif of a large meta": FTYP + meta(box(b"free", SIXTEEN_MB)) + MDAT,
    "avif of a large ispe": avif(
        PITM,
        iloc((0, 8)),
        box(b"iprp", box(b"ipco", full_box(b"ispe", SIXTEEN_MB)), IPMA),
    ),
}


@pytest.mark.exhaustive
@pytest.mark.parametrize("content", HEAVY.values(), ids=HEAVY)
def test_a_large_file_is_never_read_into_memory(content: bytes) -> None:
    peak, _ = peak_of(content)
    assert peak < MAX_MEMORY


MODES = {
    "PNG": ("1", "L", "LA", "P", "RGB", "RGBA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("L", "RGB", "RGBA"),
    "GIF": ("1", "L", "P", "RGB", "RGBA"),
    "AVIF": ("L", "RGB", "RGBA"),
}
KINDS_AND_MODES = [(kind, mode) for kind, modes in MODES.items() for mode in modes]
SIDES = st.integers(1, 70)


@settings(deadline=None)
@given(st.sampled_from(KINDS_AND_MODES), st.tuples(SIDES, SIDES), st.data())
def test_no_prefix_of_an_image_is_whole(
    how: tuple[str, str], size: tuple[int, int], data: st.DataObject
) -> None:
    content = image(*how, size)
    picture = read(content)
    assert picture
    assert (picture.width, picture.height, picture.damage) == (*size, "")
    assert picture.format.name == how[0]
    length = data.draw(st.integers(0, len(content) - 1))
    assert verdict(content[:length]) is not Verdict.WHOLE


@settings(deadline=None)
@given(
    st.sampled_from(["PNG", "WEBP", "GIF", "AVIF"]),
    st.tuples(SIDES, SIDES),
    st.integers(2, 4),
    st.data(),
)
def test_no_prefix_of_an_animation_is_whole(
    kind: str, size: tuple[int, int], frames: int, data: st.DataObject
) -> None:
    content = animation(kind, size, frames)
    assert verdict(content) is Verdict.WHOLE
    length = data.draw(st.integers(0, len(content) - 1))
    assert verdict(content[:length]) is not Verdict.WHOLE


def test_only_complete_jpegs_of_several_are_accepted() -> None:
    """The first one alone is accepted: it is what most programs show of the file."""
    content = animation("MPO")
    accepted = [n for n in range(len(content)) if verdict(content[:n]) is Verdict.WHOLE]
    first, second = (content.index(b"\xff\xd9\xff\xd8", cut) + 2 for cut in (0, accepted[0]))
    assert accepted == [first, second]
