"""Seedream 4.0 on kie.ai."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.model_input import ImageUrl, ModelInput, NsfwChecker, Seed


class SeedreamV4TextToImage(ModelInput):
    model_id = "bytedance/seedream-v4-text-to-image"
    provider = "kie"
    description = "Seedream 4.0: images from text."
    documentation = "https://docs.kie.ai/market/seedream/seedream-v4-text-to-image"
    checked_on = date(2026, 8, 19)

    prompt: Annotated[str, Field(min_length=1, max_length=5000, description="What to show.")]
    image_size: Annotated[
        Literal[
            "square",
            "square_hd",
            "portrait_4_3",
            "portrait_3_2",
            "portrait_16_9",
            "landscape_4_3",
            "landscape_3_2",
            "landscape_16_9",
            "landscape_21_9",
        ],
        Field(description="Shape of the images."),
    ] = "square_hd"
    image_resolution: Annotated[
        Literal["1K", "2K", "4K"], Field(description="Length of the longer side.")
    ] = "1K"
    max_images: Annotated[
        int, Field(ge=1, le=6, description="A cap; the prompt must say the number too.")
    ] = 1
    seed: Seed | None = None
    nsfw_checker: NsfwChecker | None = None


class SeedreamV4Edit(SeedreamV4TextToImage):
    model_id = "bytedance/seedream-v4-edit"
    description = "Seedream 4.0: images from images and text."
    documentation = "https://docs.kie.ai/market/seedream/seedream-v4-edit"

    image_urls: Annotated[
        list[ImageUrl],
        Field(min_length=1, max_length=10, description="Images to work on, 10 MB each at most."),
    ]
