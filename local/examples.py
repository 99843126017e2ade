"""The jobs that `make run` runs: at least one of every family of models, and one that fails."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

# An image from the provider's documentation; the simulator does not download it.
PHOTO = "https://file.aiquickdraw.com/custom-page/akr/section-images/1757930552966e7f2on7s.png"


# Stands for the URL of an image in the drop bucket, whose name is not known beforehand.
DROPPED = "s3://the-drop-bucket/photos/kite.jpg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    model: str
    input: Mapping[str, Any]
    size: tuple[int, int]
    status: Literal["succeeded", "failed"] = "succeeded"

    @property
    def images(self) -> int:
        """The number of images requested."""
        count = self.input.get("max_images", self.input.get("number_of_images", 1))
        return int(count) if self.status == "succeeded" else 0

    def input_with(self, dropped: str) -> dict[str, Any]:
        """Return the input with ``DROPPED`` replaced by the URL of the dropped image."""
        urls = {
            name: [dropped if url == DROPPED else url for url in value]
            for name, value in self.input.items()
            if isinstance(value, list)
        }
        return {**self.input, **urls}


# Uploaded by `make run`: a recipe for a photo, and a sheet with an invalid row.
RECIPE = {
    "model": "bytedance/seedream-v4-edit",
    "input": {"prompt": "As a woodcut", "image_size": "square"},
}
SHEET = """\
model,input.prompt,input.image_size,input.max_images
bytedance/seedream-v4-text-to-image,A blue door,square,
bytedance/seedream-v4-text-to-image,A blue door,tall,
bytedance/seedream-v4-text-to-image,Two blue doors,portrait_4_3,2
"""

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
            "image_urls": [PHOTO, DROPPED],
            "aspect_ratio": "16:9",
            "quality": "basic",
        },
        size=(2048, 1152),
    ),
    Example(
        model="bytedance/seedream",
        input={"prompt": "A paper boat", "image_size": "portrait_16_9", "guidance_scale": 3.5},
        size=(576, 1024),
    ),
    Example(
        model="seedream/5-lite-text-to-image",
        input={"prompt": "A lighthouse at dawn", "aspect_ratio": "3:2", "output_format": "jpeg"},
        size=(2048, 1365),
    ),
    Example(
        model="seedream/5-pro-image-to-image",
        input={"prompt": "As a woodcut", "image_urls": [PHOTO], "quality": "high"},
        size=(2048, 2048),
    ),
    Example(
        model="seedream/5-flash-text-to-image",
        input={"prompt": "A green bicycle", "size": "1.5K"},
        size=(1536, 1536),
    ),
    Example(
        model="chanjing/doubao-seedream-4.0",
        input={
            "ref_prompt": "A red kite over a grey sea, two pictures",
            "ref_img_url": [PHOTO],
            "aspect_ratio": "9:16",
            "number_of_images": 2,
        },
        size=(1152, 2048),
    ),
    Example(
        model="chanjing/kling-v2-1",
        input={"ref_prompt": "A fox in the snow", "clarity": 1024},
        size=(1024, 1024),
    ),
    Example(
        model="chanjing/wan2.2-t2i",
        input={"ref_prompt": "A mountain hut", "quality_mode": "pro", "aspect_ratio": "4:3"},
        size=(2048, 1536),
    ),
    Example(
        model="bytedance/seedream-v4-text-to-image",
        input={"prompt": "A job that fails on purpose [simulate: fail]"},
        size=(1024, 1024),
        status="failed",
    ),
)
