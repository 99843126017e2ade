"""Seedream 4.5 on kie.ai."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from ringback.catalogue.model_input import ImageUrl, ModelInput


class SeedreamV45Edit(ModelInput):
    model_id = "seedream/4.5-edit"
    provider = "kie"
    documentation = "https://docs.kie.ai/market/seedream/4-5-edit"
    checked_on = date(2026, 8, 19)

    prompt: Annotated[str, Field(min_length=1, max_length=3000)]
    image_urls: Annotated[list[ImageUrl], Field(min_length=1, max_length=14)]
    # The provider's page calls these two required and gives them a default: we send the default.
    aspect_ratio: Literal["1:1", "4:3", "3:4", "16:9", "9:16", "2:3", "3:2", "21:9"] = "1:1"
    quality: Literal["basic", "high"] = "basic"
    nsfw_checker: bool | None = None
