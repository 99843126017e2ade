"""Input of a model that the catalogue does not have: only what holds for all is checked."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from pydantic_core import PydanticCustomError

from ringback.catalogue.model_input import LONGEST_URL, https_url
from ringback.domain.errors import FieldError

MODEL_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*){0,3}")
LONGEST_MODEL_ID: Final = 100
DEEPEST: Final = 8
MOST_VALUES: Final = 1000
LONGEST_TEXT: Final = 10_000
# A value that is a URL of any kind, or would be taken for one; a URL within a prompt is not.
_LIKE_A_URL: Final = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*:)?[/\\]{2}|\s*data:", re.IGNORECASE)


def may_pass_through(model: str) -> bool:
    """Tell whether an id may be another of kie.ai's; those of other providers have a prefix."""
    is_id = len(model) <= LONGEST_MODEL_ID and MODEL_ID.fullmatch(model)
    return bool(is_id) and not model.startswith("chanjing/")


def pass_through_errors(given: Mapping[str, Any]) -> list[FieldError]:
    errors, count = [], 0
    for path, value in _values(given, "input", 1):
        count += 1
        if problem := _problem(value):
            errors.append(FieldError(path, problem))
    if count > MOST_VALUES:
        errors = [FieldError("input", f"must have at most {MOST_VALUES} values")]
    return errors


class _TooDeep:
    pass


def _values(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict | list):
        if depth > DEEPEST:
            yield path, _TooDeep()
            return
        steps = value.items() if isinstance(value, dict) else enumerate(value)
        for step, inner in steps:
            yield from _values(inner, f"{path}.{step}", depth + 1)
    else:
        yield path, value


def _problem(value: Any) -> str:
    match value:
        case _TooDeep():
            return f"must not be nested more than {DEEPEST} deep"
        case bool() | None:
            return ""
        case str():
            return _text_problem(value)
        case int() if not -(2**63) <= value < 2**63:
            return "must fit into 64 bits"
        case float() if not math.isfinite(value):
            return "must be a finite number"
    return ""


def _text_problem(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        return f"must have at most {LONGEST_TEXT} characters"
    if not _LIKE_A_URL.match(text):
        return ""
    if len(text) > LONGEST_URL:
        return f"a URL must have at most {LONGEST_URL} characters"
    try:
        https_url(text)
    except PydanticCustomError as error:
        return error.message()
    return ""
