"""What every model's input has in common."""

from datetime import date
from typing import Annotated, Any, ClassVar, Final
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
    description: ClassVar[str]
    documentation: ClassVar[str]
    checked_on: ClassVar[date]
    filled_in: ClassVar[frozenset[str]] = frozenset()  # fields of the provider's that we send

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("null", "null is not a value: leave the field out")
        return value


LONGEST_URL: Final = 2048


def https_url(url: str) -> str:
    """Return the URL if it is one that a provider can be given. Raises ``PydanticCustomError``."""
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


def _say_https(schema: dict[str, Any]) -> None:
    schema |= {"format": "uri", "pattern": r"^https://[^/?#@\s]+([/?#]\S*)?$"}


ImageUrl = Annotated[
    str, Field(max_length=LONGEST_URL, json_schema_extra=_say_https), AfterValidator(https_url)
]

# No range is documented; 64 bits are what a JSON reader elsewhere can be trusted to take.
Seed = Annotated[
    int,
    Field(ge=-(2**63), le=2**63 - 1, description="The same seed gives similar images."),
]
NsfwChecker = Annotated[bool, Field(description="Whether the provider filters its results.")]
