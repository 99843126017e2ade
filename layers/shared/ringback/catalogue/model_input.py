"""The base of every model's input."""

from datetime import date
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError


class ModelInput(BaseModel):
    """One model's input: exactly the provider's field names, limits and defaults.

    Strict: a number sent as text is a mistake, and cheaper to report before paying.
    ``checked_on`` is when the limits were compared with the page ``documentation``. ``filled_in``
    names the provider's fields that Ringback fills in and a caller must not send.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    model_id: ClassVar[str]
    provider: ClassVar[str]
    description: ClassVar[str]
    documentation: ClassVar[str]
    checked_on: ClassVar[date]
    filled_in: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("null", "must not be null; omit the field instead")
        return value


def _not_a_float(value: object) -> object:
    # A Literal of integers compares by value, and 2048.0 equals 2048.
    if isinstance(value, float):
        raise PydanticCustomError("whole_number", "must be an integer, without a decimal point")
    return value


WholeNumber: Final = BeforeValidator(_not_a_float)

# No range is documented; other JSON parsers can be expected to accept 64 bits.
MIN_INT64: Final = -(2**63)
MAX_INT64: Final = 2**63 - 1
Seed = Annotated[
    int,
    Field(
        ge=MIN_INT64,
        le=MAX_INT64,
        description="The same seed and prompt give a similar image.",
    ),
]
NsfwChecker = Annotated[
    bool, Field(description="Whether the provider checks the result for nudity and violence.")
]
