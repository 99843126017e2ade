"""The fields that all of Chanjing's image models have."""

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field

from ringback.catalogue.model_input import NOT_BLANK, ModelInput


class ChanjingInput(ModelInput):
    """A model's id is ``chanjing/`` followed by the provider's own ``model_code``."""

    provider = "chanjing"
    checked_on = date(2026, 8, 19)
    filled_in = frozenset({"creation_type", "model_code", "callback"})

    @classmethod
    def sent_anyway(cls) -> dict[str, Any]:
        """Return what the provider's pages print in every example, and no references."""
        code = cls.model_id.partition("/")[2]
        return {"creation_type": 3, "model_code": code, "ref_img_url": []}

    ref_prompt: Annotated[
        str,
        Field(
            min_length=1,
            max_length=5000,
            description="What to draw. No maximum length is documented; 5000 is Ringback's.",
        ),
        NOT_BLANK,
    ]
    aspect_ratio: Annotated[
        Literal["1:1", "3:4", "4:3", "9:16", "16:9"],
        Field(description="The shape of the image, width first."),
    ] = "1:1"
    number_of_images: Annotated[
        int,
        Field(
            ge=1,
            le=4,
            description="How many images. No default is documented; 1 is Ringback's.",
        ),
    ] = 1
