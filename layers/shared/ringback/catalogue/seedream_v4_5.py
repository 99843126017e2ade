"""Seedream 4.5 on kie.ai."""

from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.image_urls import FourteenImages
from ringback.catalogue.kie_input import KieInput
from ringback.catalogue.model_input import NOT_BLANK, NsfwChecker

AspectRatio = Annotated[
    Literal["1:1", "4:3", "3:4", "16:9", "9:16", "2:3", "3:2", "21:9"],
    Field(description="The shape of the image, width first."),
]


class SeedreamV45TextToImage(KieInput):
    model_id = "seedream/4.5-text-to-image"
    description = "Seedream 4.5: one image from a text, at 2K or 4K."
    documentation = "https://docs.kie.ai/market/seedream/4-5-text-to-image"

    prompt: Annotated[
        str, Field(min_length=1, max_length=3000, description="What to draw."), NOT_BLANK
    ]
    # The provider's page calls these two required and also gives defaults: Ringback sends those.
    aspect_ratio: AspectRatio = "1:1"
    quality: Annotated[Literal["basic", "high"], Field(description="basic is 2K, high is 4K.")] = (
        "basic"
    )
    nsfw_checker: NsfwChecker | None = None


class SeedreamV45Edit(SeedreamV45TextToImage):
    model_id = "seedream/4.5-edit"
    description = "Seedream 4.5: one image from a text and up to 14 images, at 2K or 4K."
    documentation = "https://docs.kie.ai/market/seedream/4-5-edit"

    image_urls: FourteenImages
