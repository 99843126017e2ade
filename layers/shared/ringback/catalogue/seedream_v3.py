"""Seedream 3.0 on kie.ai."""

from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.kie_input import KieInput
from ringback.catalogue.model_input import NOT_BLANK, Seed


class SeedreamV3(KieInput):
    model_id = "bytedance/seedream"
    description = "Seedream 3.0: one image from a text."
    documentation = "https://docs.kie.ai/market/seedream/seedream"

    prompt: Annotated[
        str, Field(min_length=1, max_length=5000, description="What to draw."), NOT_BLANK
    ]
    image_size: Annotated[
        Literal[
            "square",
            "square_hd",
            "portrait_4_3",
            "portrait_16_9",
            "landscape_4_3",
            "landscape_16_9",
        ],
        Field(description="The shape of the image."),
    ] = "square_hd"
    guidance_scale: Annotated[
        float,
        Field(ge=1, le=10, description="How closely the image follows the prompt."),
    ] = 2.5
    seed: Seed | None = None
