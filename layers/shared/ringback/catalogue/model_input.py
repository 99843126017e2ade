"""The base of every model's input."""

from datetime import date
from typing import Annotated, Any, ClassVar, Final
from unicodedata import category

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError


class ModelInput(BaseModel):
    """One model's input: exactly the provider's field names, limits and defaults.

    Strict: a number sent as text is a mistake, and cheaper to report before paying. What says the
    same as what would be sent anyway is accepted: 2.0 for 2, and ``sent_anyway``.
    ``checked_on`` is when the limits were compared with the page ``documentation``. ``filled_in``
    names the provider's fields that Ringback fills in and a caller need not send.
    """

    # Deferred: of 17 models, a request uses one.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, defer_build=True)

    model_id: ClassVar[str]
    provider: ClassVar[str]
    description: ClassVar[str]
    documentation: ClassVar[str]
    checked_on: ClassVar[date]
    filled_in: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def sent_anyway(cls) -> dict[str, Any]:
        """Return fields that are accepted with exactly these values, and add nothing."""
        return {}

    @model_validator(mode="before")
    @classmethod
    def _drop_what_is_sent_anyway(cls, given: Any) -> Any:
        if not isinstance(given, dict):
            return given
        same = [name for name, value in cls.sent_anyway().items() if given.get(name) == value]
        return {name: value for name, value in given.items() if name not in same}

    @field_validator("*", mode="before")
    @classmethod
    def _refuse_null(cls, value: object) -> object:
        if value is None:
            raise PydanticCustomError("null", "must not be null; omit the field instead")
        # Languages without integers write 2.0 for 2.
        return int(value) if isinstance(value, float) and value.is_integer() else value


# Not `str.isprintable`: these are printable, and show nothing.
_INVISIBLE: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0\ufffd")
_VISIBLE: Final = ("L", "N", "P", "S")  # the first letters of Unicode's categories
_MAY_CONTROL: Final = frozenset("\t\n\r")


def control_fault(text: str) -> str:
    """Return which control character is in the text, empty if there is none."""
    found = next((each for each in text if category(each) == "Cc" and each not in _MAY_CONTROL), "")
    return f"must not contain the control character U+{ord(found):04X}" if found else ""


def is_blank(text: str) -> bool:
    """Tell whether nothing of the text can be seen."""
    return not any(each not in _INVISIBLE and category(each)[0] in _VISIBLE for each in text)


def not_blank(text: str) -> str:
    fault = control_fault(text) or ("must not be blank" if is_blank(text) else "")
    if fault:
        raise PydanticCustomError("prompt", "{fault}", {"fault": fault})
    return text


# For prompts, after the limits of their length: a blank one would be paid for.
NOT_BLANK: Final = AfterValidator(not_blank)


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
