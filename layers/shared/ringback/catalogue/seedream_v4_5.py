"""Seedream 4.5 on kie.ai."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.model_input import ImageUrl, ModelInput, NsfwChecker

# The provider's pages call ratio and quality required and give them a default: we send it.
AspectRatio = Annotated[
    Literal["1:1", "4:3", "3:4", "16:9", "9:16", "2:3", "3:2", "21:9"],
    Field(description="Width to height."),
]


class SeedreamV45TextToImage(ModelInput):
    model_id = "seedream/4.5-text-to-image"
    provider = "kie"
    description = "Seedream 4.5: an image from text."
    documentation = "https://docs.kie.ai/market/seedream/4-5-text-to-image"
    checked_on = date(2026, 8, 19)

    prompt: Annotated[str, Field(min_length=1, max_length=3000, description="What to show.")]
    aspect_ratio: AspectRatio = "1:1"
    quality: Annotated[Literal["basic", "high"], Field(description="basic is 2K, high is 4K.")] = (
        "basic"
    )
    nsfw_checker: NsfwChecker | None = None


class SeedreamV45Edit(SeedreamV45TextToImage):
    model_id = "seedream/4.5-edit"
    description = "Seedream 4.5: an image from images and text."
    documentation = "https://docs.kie.ai/market/seedream/4-5-edit"

    image_urls: Annotated[
        list[ImageUrl],
        Field(min_length=1, max_length=14, description="Images to work on, 10 MB each at most."),
    ]
