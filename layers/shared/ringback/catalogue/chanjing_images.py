"""The image models of Chanjing's one endpoint: Seedream, Kling and Wan.

Its page is about Seedream 4.0; of the others it is known how they differ from that. Where nothing
is stated, its limits are taken, and the provider has the last word: a refusal costs nothing.
"""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.model_input import ImageUrl, ModelInput


# How many is not stated; ten are what Seedream 4.0 takes elsewhere.
References = Annotated[
    list[ImageUrl], Field(min_length=1, max_length=10, description="Images to work on.")
]


class ChanjingImage(ModelInput):
    """What all of them take. ``model_code``, ``creation_type`` and ``callback`` are filled in."""

    provider = "chanjing"
    documentation = "https://doc.chanjing.cc"
    checked_on = date(2026, 8, 19)
    filled_in = frozenset({"model_code", "creation_type", "callback"})

    # No limit is stated; this one is ours.
    ref_prompt: Annotated[str, Field(min_length=1, max_length=5000, description="What to show.")]
    aspect_ratio: Annotated[
        Literal["1:1", "3:4", "4:3", "9:16", "16:9"], Field(description="Width to height.")
    ] = "1:1"
    # No default is stated; one image is what is paid least for.
    number_of_images: Annotated[int, Field(ge=1, le=4, description="How many images.")] = 1


class ChanjingSeedreamV3(ChanjingImage):
    model_id = "chanjing/doubao-seedream-3.0-t2i"
    description = "Seedream 3.0: images from text."

    clarity: Annotated[
        Literal[1024, 2048, 4096], Field(description="Length of the longer side, in pixels.")
    ] = 2048


class ChanjingSeedreamV4(ChanjingSeedreamV3):
    model_id = "chanjing/doubao-seedream-4.0"
    description = "Seedream 4.0: images from text, or from images and text."

    ref_img_url: References | None = None


class ChanjingSeedreamV45(ChanjingImage):
    model_id = "chanjing/doubao-seedream-4.5"
    description = "Seedream 4.5: images from text, or from images and text."

    clarity: Annotated[
        Literal[2048, 4096], Field(description="Length of the longer side, in pixels.")
    ] = 2048
    ref_img_url: References | None = None


class ChanjingKlingV2(ChanjingImage):
    model_id = "chanjing/kling-v2"
    description = "Kling 2: images from text, or from one image and text."

    clarity: Annotated[
        Literal[1024, 2048], Field(description="Length of the longer side, in pixels.")
    ] = 2048
    ref_img_url: Annotated[
        list[ImageUrl] | None,
        Field(min_length=1, max_length=1, description="The image to work on."),
    ] = None


class ChanjingKlingV21(ChanjingImage):
    model_id = "chanjing/kling-v2-1"
    description = "Kling 2.1: images from text."

    clarity: Annotated[
        Literal[1024, 2048], Field(description="Length of the longer side, in pixels.")
    ] = 2048


class ChanjingWan(ChanjingImage):
    model_id = "chanjing/wan2.2-t2i"
    description = "Wan 2.2: images from text."

    quality_mode: Annotated[
        Literal["std", "pro"] | None, Field(description="Standard or better; no default is stated.")
    ] = None
