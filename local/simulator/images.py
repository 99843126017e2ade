"""Real images, cheap to draw; the same drawing always gives the same bytes."""

import io
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final

from PIL import Image, ImageDraw, ImageFont


@dataclass(frozen=True, slots=True)
class Kind:
    """A file format; ``options`` are Pillow's, the fastest with an acceptable quality."""

    name: str
    extension: str
    content_type: str
    options: Mapping[str, Any]


KINDS: Final[Mapping[str, Kind]] = {
    "png": Kind("PNG", "png", "image/png", {"compress_level": 1}),
    "jpeg": Kind("JPEG", "jpg", "image/jpeg", {"quality": 80}),
    "webp": Kind("WEBP", "webp", "image/webp", {"quality": 50, "method": 0}),
}

# Flat tiles instead of a smooth gradient: WebP encodes them in a quarter of the time.
_TILES: Final = 16
_LABEL_WORDS: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """Everything that decides the bytes of a picture."""

    task_id: str
    index: int
    seed: int
    size: tuple[int, int]
    kind: str
    prompt: str


def kind_of(number: int) -> str:
    """Cycle through the formats, so that a few jobs have them all."""
    return tuple(KINDS)[number % len(KINDS)]


@lru_cache(maxsize=16)
def draw(drawing: Drawing) -> bytes:
    picture = _tiles(drawing)
    _write_label(picture, drawing)
    kind, file = KINDS[drawing.kind], io.BytesIO()
    picture.save(file, kind.name, **kind.options)
    return file.getvalue()


def _tiles(drawing: Drawing) -> Image.Image:
    digest = sha256(f"{drawing.task_id}:{drawing.index}:{drawing.seed}".encode()).digest()
    ramp = Image.linear_gradient("L").resize((_TILES, _TILES))
    across = ramp.transpose(Image.Transpose.ROTATE_90)
    flat = Image.new("L", ramp.size, digest[0])
    bands = [ramp, across, flat]
    turn = digest[1] % 3
    tiles = Image.merge("RGB", bands[turn:] + bands[:turn])
    return tiles.resize(drawing.size, Image.Resampling.NEAREST)


def _write_label(picture: Image.Image, drawing: Drawing) -> None:
    width, height = drawing.size
    callback = max(10, min(width, height) // 24)
    prompt = drawing.prompt.encode(errors="replace").decode()  # a lone surrogate has no glyph
    words = " ".join(prompt.split()[:_LABEL_WORDS])
    lines = [
        "SIMULATED IMAGE",
        *textwrap.wrap(words, width=max(8, int(width / callback * 1.4)))[:4],
        f"{drawing.task_id} #{drawing.index + 1}",
        f"{width} x {height}, seed {drawing.seed}",
    ]
    ImageDraw.Draw(picture).multiline_text(
        (callback, callback),
        "\n".join(lines),
        fill="white",
        font=ImageFont.load_default(size=callback),
        stroke_width=max(1, callback // 12),
        stroke_fill="black",
    )
