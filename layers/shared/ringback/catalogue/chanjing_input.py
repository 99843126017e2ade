"""What Chanjing's image models have in common."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.model_input import ModelInput


class ChanjingInput(ModelInput):
    """A model's id is ``chanjing/`` and the provider's own ``model_code``."""

    provider = "chanjing"
    checked_on = date(2026, 8, 19)
    filled_in = frozenset({"creation_type", "model_code", "callback"})

    ref_prompt: Annotated[
        str,
        Field(
            min_length=1,
            max_length=5000,
            description="What to draw. The provider states no length: 5000 is our limit.",
        ),
    ]
    aspect_ratio: Annotated[
        Literal["1:1", "3:4", "4:3", "9:16", "16:9"],
        Field(description="The shape of the image, width first."),
    ] = "1:1"
    number_of_images: Annotated[
        int,
        Field(ge=1, le=4, description="How many images. The provider has no default: 1 is ours."),
    ] = 1
