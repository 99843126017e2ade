"""Seedream 5 on kie.ai: lite, pro and flash."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.model_input import ImageUrl, ModelInput, NsfwChecker
from ringback.catalogue.seedream_v4_5 import AspectRatio

OutputFormat = Annotated[Literal["png", "jpeg"], Field(description="Kind of the image file.")]
UpTo10Images = Annotated[
    list[ImageUrl],
    Field(min_length=1, max_length=10, description="Images to work on, 10 MB each at most."),
]


class SeedreamV5LiteTextToImage(ModelInput):
    model_id = "seedream/5-lite-text-to-image"
    provider = "kie"
    description = "Seedream 5 lite: an image from text."
    documentation = "https://docs.kie.ai/market/seedream/5-lite-text-to-image"
    checked_on = date(2026, 8, 19)

    prompt: Annotated[str, Field(min_length=3, max_length=3000, description="What to show.")]
    aspect_ratio: AspectRatio = "1:1"
    quality: Annotated[
        Literal["basic", "high", "ultra"],
        Field(description="basic is 2K, high is 3K, ultra is 4K."),
    ] = "basic"
    output_format: OutputFormat = "png"
    nsfw_checker: NsfwChecker | None = None


class SeedreamV5LiteImageToImage(SeedreamV5LiteTextToImage):
    model_id = "seedream/5-lite-image-to-image"
    description = "Seedream 5 lite: an image from images and text."
    documentation = "https://docs.kie.ai/market/seedream-5-lite-image-to-image"

    image_urls: Annotated[
        list[ImageUrl],
        Field(min_length=1, max_length=14, description="Images to work on, 10 MB each at most."),
    ]


class SeedreamV5ProTextToImage(ModelInput):
    model_id = "seedream/5-pro-text-to-image"
    provider = "kie"
    description = "Seedream 5 pro: an image from text."
    documentation = "https://docs.kie.ai/market/seedream/5-pro-text-to-image"
    checked_on = date(2026, 8, 19)

    prompt: Annotated[str, Field(min_length=3, max_length=5000, description="What to show.")]
    aspect_ratio: AspectRatio = "1:1"
    quality: Annotated[
        Literal["basic", "high"], Field(description="basic is 1K, high is 2K and twice the price.")
    ] = "basic"
    output_format: OutputFormat = "png"
    nsfw_checker: NsfwChecker | None = None


class SeedreamV5ProImageToImage(SeedreamV5ProTextToImage):
    model_id = "seedream/5-pro-image-to-image"
    description = "Seedream 5 pro: an image from images and text."
    documentation = "https://docs.kie.ai/market/seedream/5-pro-image-to-image"

    image_urls: UpTo10Images


class SeedreamV5FlashTextToImage(ModelInput):
    model_id = "seedream/5-flash-text-to-image"
    provider = "kie"
    description = "Seedream 5 flash: an image from text, quickly."
    documentation = "https://docs.kie.ai/market/seedream/5-flash-text-to-image"
    checked_on = date(2026, 8, 19)

    prompt: Annotated[str, Field(min_length=3, max_length=5000, description="What to show.")]
    aspect_ratio: AspectRatio = "1:1"
    size: Annotated[
        Literal["1K", "1.5K", "2K"], Field(description="Length of the longer side.")
    ] = "1K"
    # No default is stated for flash: nothing is sent, and the provider's own holds.
    output_format: OutputFormat | None = None
    nsfw_checker: NsfwChecker | None = None


class SeedreamV5FlashImageToImage(SeedreamV5FlashTextToImage):
    model_id = "seedream/5-flash-image-to-image"
    description = "Seedream 5 flash: an image from images and text, quickly."
    documentation = "https://docs.kie.ai/market/seedream/5-flash-image-to-image"

    image_urls: UpTo10Images
