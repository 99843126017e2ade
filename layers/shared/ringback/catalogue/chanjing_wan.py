"""Wan on Chanjing."""

from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.chanjing_input import ChanjingInput


class ChanjingWanV22(ChanjingInput):
    # Its page documents no clarity, and no default of aspect_ratio: 1:1 is the other models'.
    model_id = "chanjing/wan2.2-t2i"
    description = "Wan 2.2 on Chanjing: up to four images from a text."
    documentation = "https://doc.chanjing.cc/api/ai-creation/pic-wan2.2-t2i.html"

    quality_mode: Annotated[
        Literal["std", "pro"], Field(description="std is faster, pro has the better quality.")
    ] = "std"
