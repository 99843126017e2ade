import io
from dataclasses import replace

import pytest
from PIL import Image

from local.simulator.images import KINDS, Drawing, draw, kind_of

DRAWING = Drawing(
    task_id="task_1", index=0, seed=7, size=(1024, 683), kind="png", prompt="a red kite"
)


@pytest.mark.parametrize("kind", KINDS)
def test_an_image_has_its_format_and_size(kind: str) -> None:
    with Image.open(io.BytesIO(draw(replace(DRAWING, kind=kind)))) as image:
        image.load()
        assert (image.format, image.size) == (KINDS[kind].name, (1024, 683))


def test_the_same_drawing_gives_the_same_bytes() -> None:
    first = draw(DRAWING)
    draw.cache_clear()
    assert draw(DRAWING) == first


@pytest.mark.parametrize(
    "other",
    [
        replace(DRAWING, task_id="task_2"),
        replace(DRAWING, index=1),
        replace(DRAWING, seed=8),
        replace(DRAWING, prompt="a blue kite"),
    ],
)
def test_another_drawing_gives_other_bytes(other: Drawing) -> None:
    assert draw(other) != draw(DRAWING)


def test_any_prompt_can_be_written_on_an_image() -> None:
    assert draw(replace(DRAWING, prompt="\ud800 一只红色的风筝\x00 " + "x" * 5000))


def test_three_images_have_every_format() -> None:
    assert {kind_of(number) for number in range(5, 8)} == set(KINDS)
