"""The kinds of input field in kie.ai's model pages, and their error messages."""

from collections.abc import Callable
from typing import Any, TypeAlias

Check: TypeAlias = Callable[[Any], str]
"""Returns the error of a value, or an empty string."""


def text(*, shortest: int, longest: int) -> Check:
    def check(value: Any) -> str:
        fits = isinstance(value, str) and shortest <= len(value) <= longest
        return "" if fits else f"must be a string of {shortest} to {longest} characters"

    return check


def urls(*, most: int) -> Check:
    def check(value: Any) -> str:
        fits = isinstance(value, list) and 1 <= len(value) <= most and all(map(_is_url, value))
        return "" if fits else f"must be an array of 1 to {most} URLs"

    return check


def one_of(*options: str) -> Check:
    def check(value: Any) -> str:
        return "" if value in options else f"must be one of {', '.join(options)}"

    return check


def whole(*, least: int, most: int) -> Check:
    def check(value: Any) -> str:
        # "number, step 1" in the page: 2.0 is as valid as 2.
        fits = _is_number(value) and value % 1 == 0 and least <= value <= most
        return "" if fits else f"must be a whole number from {least} to {most}"

    return check


def number(*, least: float, most: float) -> Check:
    def check(value: Any) -> str:
        fits = _is_number(value) and least <= value <= most
        return "" if fits else f"must be a number from {least:g} to {most:g}"

    return check


def integer(value: Any) -> str:
    return "" if type(value) is int else "must be an integer"


def boolean(value: Any) -> str:
    return "" if isinstance(value, bool) else "must be true or false"


def _is_url(value: Any) -> bool:
    return isinstance(value, str) and value.startswith(("https://", "http://"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
