"""The jobs that `make run` runs: one of every model, and one that fails on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# An image from the provider's own documentation; the simulator takes its word for it.
PHOTO = "https://file.aiquickdraw.com/custom-page/akr/section-images/1757930552966e7f2on7s.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    model: str
    input: Mapping[str, Any]
    size: tuple[int, int]
    status: Literal["succeeded", "failed"] = "succeeded"


EXAMPLES = (
    Example(
        model="bytedance/seedream-v4-edit",
        input={
            "prompt": "Give the fox a red scarf",
            "image_urls": [PHOTO],
            "image_size": "landscape_4_3",
        },
        size=(1024, 768),
    ),
    Example(
        model="bytedance/seedream-v4-text-to-image",
        input={
            "prompt": "A red kite over a grey sea, two pictures",
            "image_size": "square_hd",
            "image_resolution": "2K",
            "max_images": 2,
        },
        size=(2048, 2048),
    ),
    Example(
        model="seedream/4.5-edit",
        input={
            "prompt": "The same street at night",
            "image_urls": [PHOTO],
            "aspect_ratio": "16:9",
            "quality": "basic",
        },
        size=(2048, 1152),
    ),
    Example(
        model="bytedance/seedream-v4-text-to-image",
        input={"prompt": "A job that fails on purpose [simulate: fail]"},
        size=(1024, 1024),
        status="failed",
    ),
)
