"""What every model's input has in common."""

from datetime import date
from typing import Annotated, ClassVar, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator
from pydantic_core import PydanticCustomError


class ModelInput(BaseModel):
    """One model's input: the provider's own field names, limits and defaults, nothing else.

    Strict, because a number sent as text is a mistake that is cheaper to hear of before paying.
    ``filled_in`` names what the provider asks for and a caller must not send.
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
            raise PydanticCustomError("null", "null is not a value: leave the field out")
        return value


def _not_a_float(value: object) -> object:
    # A choice among whole numbers compares, and 2048.0 is equal to 2048.
    if isinstance(value, float):
        raise PydanticCustomError("whole_number", "must be a whole number, without a point")
    return value


WholeNumber: Final = BeforeValidator(_not_a_float)

# No range is documented; 64 bits are what a JSON reader elsewhere can be trusted to take.
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
