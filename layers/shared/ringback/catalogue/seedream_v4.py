"""Seedream 4.0 on kie.ai."""

from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.image_urls import TenImages
from ringback.catalogue.kie_input import KieInput
from ringback.catalogue.model_input import NOT_BLANK, NsfwChecker, Seed


class SeedreamV4TextToImage(KieInput):
    model_id = "bytedance/seedream-v4-text-to-image"
    description = "Seedream 4.0: up to six images from a text."
    documentation = "https://docs.kie.ai/market/seedream/seedream-v4-text-to-image"

    prompt: Annotated[
        str, Field(min_length=1, max_length=5000, description="What to draw."), NOT_BLANK
    ]
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
        Field(description="The shape of the image."),
    ] = "square_hd"
    image_resolution: Annotated[
        Literal["1K", "2K", "4K"], Field(description="The long side of the image.")
    ] = "1K"
    max_images: Annotated[
        int,
        Field(ge=1, le=6, description="The maximum; the prompt must ask for the number as well."),
    ] = 1
    seed: Seed | None = None
    nsfw_checker: NsfwChecker | None = None


class SeedreamV4Edit(SeedreamV4TextToImage):
    model_id = "bytedance/seedream-v4-edit"
    description = "Seedream 4.0: up to six images from a text and up to ten images."
    documentation = "https://docs.kie.ai/market/seedream/seedream-v4-edit"

    image_urls: TenImages
