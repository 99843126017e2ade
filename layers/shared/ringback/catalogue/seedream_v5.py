"""Seedream 5 on kie.ai: lite, pro and flash."""

from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.image_urls import FourteenImages, TenImages
from ringback.catalogue.kie_input import KieInput
from ringback.catalogue.model_input import NOT_BLANK, NsfwChecker
from ringback.catalogue.seedream_v4_5 import AspectRatio

LongPrompt = Annotated[
    str, Field(min_length=3, max_length=5000, description="What to draw."), NOT_BLANK
]
OutputFormat = Annotated[Literal["png", "jpeg"], Field(description="The format of the file.")]


class SeedreamV5LiteTextToImage(KieInput):
    model_id = "seedream/5-lite-text-to-image"
    description = "Seedream 5 lite: one image from a text, at 2K, 3K or 4K."
    documentation = "https://docs.kie.ai/market/seedream/5-lite-text-to-image"

    prompt: Annotated[
        str, Field(min_length=3, max_length=3000, description="What to draw."), NOT_BLANK
    ]
    # Required, with a default, as in 4.5.
    aspect_ratio: AspectRatio = "1:1"
    quality: Annotated[
        Literal["basic", "high", "ultra"],
        Field(description="basic is 2K, high is 3K, ultra is 4K."),
    ] = "basic"
    output_format: OutputFormat = "png"
    nsfw_checker: NsfwChecker | None = None


class SeedreamV5LiteImageToImage(SeedreamV5LiteTextToImage):
    model_id = "seedream/5-lite-image-to-image"
    description = "Seedream 5 lite: one image from a text and up to 14 images, at 2K, 3K or 4K."
    documentation = "https://docs.kie.ai/market/seedream-5-lite-image-to-image"

    image_urls: FourteenImages


class SeedreamV5ProTextToImage(KieInput):
    model_id = "seedream/5-pro-text-to-image"
    description = "Seedream 5 pro: one image from a text, at 1K or 2K."
    documentation = "https://docs.kie.ai/market/seedream/5-pro-text-to-image"

    prompt: LongPrompt
    aspect_ratio: AspectRatio = "1:1"
    quality: Annotated[Literal["basic", "high"], Field(description="basic is 1K, high is 2K.")] = (
        "basic"
    )
    output_format: OutputFormat = "png"
    nsfw_checker: NsfwChecker | None = None


class SeedreamV5ProImageToImage(SeedreamV5ProTextToImage):
    model_id = "seedream/5-pro-image-to-image"
    description = "Seedream 5 pro: one image from a text and up to ten images, at 1K or 2K."
    documentation = "https://docs.kie.ai/market/seedream/5-pro-image-to-image"

    image_urls: TenImages


class SeedreamV5FlashTextToImage(KieInput):
    model_id = "seedream/5-flash-text-to-image"
    description = "Seedream 5 flash: one image from a text, at 1K, 1.5K or 2K."
    # No page about flash is known; this one links to all models.
    documentation = "https://docs.kie.ai/market/quickstart"

    prompt: LongPrompt
    aspect_ratio: AspectRatio = "1:1"
    size: Annotated[
        Literal["1K", "1.5K", "2K"], Field(description="The long side of the image.")
    ] = "1K"
    # No default is documented for flash; if omitted, the provider decides.
    output_format: OutputFormat | None = None
    nsfw_checker: NsfwChecker | None = None


class SeedreamV5FlashImageToImage(SeedreamV5FlashTextToImage):
    model_id = "seedream/5-flash-image-to-image"
    description = "Seedream 5 flash: one image from a text and up to ten images, 1K, 1.5K or 2K."

    image_urls: TenImages
