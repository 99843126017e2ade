"""Seedream on Chanjing."""

from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.chanjing_input import ChanjingInput
from ringback.catalogue.image_urls import ImageUrl

Clarity = Annotated[Literal[1024, 2048, 4096], Field(description="The long side in pixels.")]
References = Annotated[
    list[ImageUrl],
    Field(
        min_length=1,
        max_length=10,
        description="Images to start from. No maximum is documented; ten is Ringback's.",
    ),
]


class ChanjingSeedreamV3(ChanjingInput):
    model_id = "chanjing/doubao-seedream-3.0-t2i"
    description = "Seedream 3.0 on Chanjing: up to four images from a text."
    documentation = "https://doc.chanjing.cc/api/ai-creation/pic-seedream-3.0.html"

    clarity: Clarity = 2048


class ChanjingSeedreamV4(ChanjingInput):
    model_id = "chanjing/doubao-seedream-4.0"
    description = "Seedream 4.0 on Chanjing: up to four images from a text and optionally images."
    documentation = "https://doc.chanjing.cc/api/ai-creation/pic-seedream-4.0.html"

    clarity: Clarity = 2048
    ref_img_url: References | None = None


class ChanjingSeedreamV45(ChanjingInput):
    model_id = "chanjing/doubao-seedream-4.5"
    description = "Seedream 4.5 on Chanjing: up to four images from a text and optionally images."
    documentation = "https://doc.chanjing.cc/api/ai-creation/pic-seedream-4.5.html"

    clarity: Annotated[
        Literal[2048, 4096],
        Field(description="The long side in pixels. No default is documented; 2048 is Ringback's."),
    ] = 2048
    ref_img_url: References | None = None
