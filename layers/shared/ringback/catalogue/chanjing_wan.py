"""Wan on Chanjing."""

from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.chanjing_input import ChanjingInput


class ChanjingWanV22(ChanjingInput):
    # No clarity on its page. No default of aspect_ratio either: 1:1 is that of the other models.
    model_id = "chanjing/wan2.2-t2i"
    description = "Wan 2.2 on Chanjing: up to four images from a text."
    documentation = "https://doc.chanjing.cc/api/ai-creation/pic-wan2.2-t2i.html"

    quality_mode: Annotated[
        Literal["std", "pro"], Field(description="std is fast, pro is good.")
    ] = "std"
