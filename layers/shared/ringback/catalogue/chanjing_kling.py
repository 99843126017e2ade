"""Kling on Chanjing."""

from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.chanjing_input import ChanjingInput
from ringback.catalogue.image_urls import ImageUrl


class ChanjingKlingV2(ChanjingInput):
    model_id = "chanjing/kling-v2"
    description = "Kling 2.0 on Chanjing: up to four images from a text and optionally one image."
    documentation = "https://doc.chanjing.cc/api/ai-creation/pic-kling-v2.html"

    clarity: Annotated[
        Literal[1024, 2048],
        Field(description="The long side in pixels. No default is documented; 2048 is Ringback's."),
    ] = 2048
    ref_img_url: (
        Annotated[
            list[ImageUrl],
            Field(min_length=1, max_length=1, description="One image to start from."),
        ]
        | None
    ) = None


class ChanjingKlingV21(ChanjingInput):
    # Its page lists ref_img_url and then says that the model does not accept it.
    model_id = "chanjing/kling-v2-1"
    description = "Kling 2.1 on Chanjing: up to four images from a text."
    documentation = "https://doc.chanjing.cc/api/ai-creation/pic-kling-v2-1.html"

    clarity: Annotated[Literal[1024, 2048], Field(description="The long side in pixels.")] = 1024
