"""What is wrong with a value, in words for people. None of them quotes the value."""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic_core import ErrorDetails

from ringback.domain.suggestions import close_to, did_you_mean, listed

_QUOTED: Final = ", without quotes"
_DIGITS: Final = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?", re.ASCII)
_URL: Final = re.compile(r"\s*(https?|s3)://", re.IGNORECASE)
_WHOLE: Final = "must be a whole number"
_NUMBER: Final = "must be a number"


def message_of(error: ErrorDetails) -> str:
    """Return pydantic's error in our words; its own are for programmers."""
    write = _MESSAGES.get(error["type"])
    return write(error["input"], error.get("ctx", {})) if write else error["msg"]


def _number(needed: str) -> Callable[[Any, Mapping[str, Any]], str]:
    def write(given: Any, _: Mapping[str, Any]) -> str:
        if isinstance(given, str):
            return f"{needed}{_QUOTED}" if _DIGITS.fullmatch(given.strip()) else needed
        return f"{needed}, without a fraction" if isinstance(given, float) else needed

    return write


def _boolean(given: Any, _: Mapping[str, Any]) -> str:
    is_quoted = isinstance(given, str) and given.strip().lower() in ("true", "false")
    return f"must be true or false{_QUOTED if is_quoted else ''}"


def _list(given: Any, _: Mapping[str, Any]) -> str:
    return "must be a list" + (', such as ["..."]' if isinstance(given, str) else "")


def _text(given: Any, _: Mapping[str, Any]) -> str:
    if isinstance(given, dict):
        has_url = any(isinstance(each, str) and _URL.match(each) for each in given.values())
        return f"must be text{'; send the URL itself, not an object with it' * has_url}"
    is_number = isinstance(given, int | float)
    return "must be text" + (", in quotes" if is_number else "")


def _choice(given: Any, context: Mapping[str, Any]) -> str:
    choices = [each.strip("'") for each in context["expected"].replace(" or ", ", ").split(", ")]
    needed = f"must be {listed(choices, 'or')}"
    if given in choices:
        return f"{needed}{_QUOTED}"
    return needed + (did_you_mean(close_to(given, choices)) if isinstance(given, str) else "")


def _too_short(given: Any, context: Mapping[str, Any]) -> str:
    least = context["min_length"]
    return f"must have at least {least} character{'s' * (least > 1)}"


def _too_long(given: Any, context: Mapping[str, Any]) -> str:
    return f"must have at most {context['max_length']} characters; it has {len(given)}"


def _too_few(_: Any, context: Mapping[str, Any]) -> str:
    least = context["min_length"]
    return f"must have at least {least} item{'s' * (least > 1)}"


def _too_many(given: Any, context: Mapping[str, Any]) -> str:
    most = context["max_length"]
    return f"must have at most {most} item{'s' * (most > 1)}; it has {len(given)}"


def _limit(number: float) -> str:
    return str(int(number) if number == int(number) else number)


# By pydantic's name of the error. Our own validators' messages are for people already.
_MESSAGES: Final[Mapping[str, Callable[[Any, Mapping[str, Any]], str]]] = {
    "missing": lambda _given, _: "required",
    "extra_forbidden": lambda _given, _: "unknown field",
    "dict_type": lambda _given, _: "must be a JSON object",
    "string_type": _text,
    "string_too_short": _too_short,
    "string_too_long": _too_long,
    "list_type": _list,
    "too_short": _too_few,
    "too_long": _too_many,
    "int_type": _number(_WHOLE),
    "int_from_float": _number(_WHOLE),
    "float_type": _number(_NUMBER),
    "bool_type": _boolean,
    "literal_error": _choice,
    "greater_than_equal": lambda _given, context: f"must be at least {_limit(context['ge'])}",
    "less_than_equal": lambda _given, context: f"must be at most {_limit(context['le'])}",
}
