"""What every model's input has in common."""

from datetime import date
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError


class ModelInput(BaseModel):
    """One model's input: the provider's own field names, limits and defaults, nothing else.

    Strict, because a number sent as text is a mistake that is cheaper to hear of before paying.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    model_id: ClassVar[str]
    provider: ClassVar[str]
    documentation: ClassVar[str]
    checked_on: ClassVar[date]

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("null", "null is not a value: leave the field out")
        return value


def _https_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        usable = parts.scheme == "https" and parts.hostname and parts.port != 0
    except ValueError:
        usable = False
    plain = url.isascii() and url.isprintable() and not set(" \\").intersection(url)
    if not usable or "@" in parts.netloc or not plain:
        raise PydanticCustomError(
            "image_url", "must be an https:// URL without a user name, percent-encoded"
        )
    return url


ImageUrl = Annotated[str, Field(max_length=2048), AfterValidator(_https_url)]

# No range is documented; 64 bits are what a JSON reader elsewhere can be trusted to take.
Seed = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
