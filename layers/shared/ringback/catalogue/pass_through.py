"""Input of models outside the catalogue: only what applies to every model is checked."""

import re
from collections.abc import Iterator
from math import isfinite
from typing import Any, Final

from ringback.catalogue.image_urls import DroppedImages, checked_url
from ringback.catalogue.kie_input import KieInput
from ringback.catalogue.model_input import MAX_INT64, MIN_INT64, control_fault, is_blank
from ringback.catalogue.models import MODELS, is_mistyped
from ringback.catalogue.unknown_fields import callback_fault
from ringback.domain.errors import FieldError, InputImageRefused

MAX_MODEL_ID_LENGTH: Final = 100
MAX_DEPTH: Final = 8
MAX_VALUES: Final = 1000
MAX_TEXT_LENGTH: Final = 10_000
# Names are part of the path in each error below them.
MAX_NAME_LENGTH: Final = 100

_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
# How ids of other providers begin: they are no models of kie.ai.
_PREFIXES: Final = {
    (model.provider, f"{model_id.lower().partition('/')[0]}/") for model_id, model in MODELS.items()
}
_KIE_PREFIXES: Final = {prefix for provider, prefix in _PREFIXES if provider == KieInput.provider}
_OTHER_PREFIXES: Final = tuple({prefix for _, prefix in _PREFIXES} - _KIE_PREFIXES)

# URL parsers may skip white space before a URL, and line breaks and tabs anywhere in it.
_BLANKS: Final = r"[\x00-\x20\s\ufeff\u200b-\u200f\u2060]*"
_ANY_URL: Final = re.compile(_BLANKS + r"(([a-z][a-z0-9+.-]*:)?[/\\]{2}|data:)", re.IGNORECASE)
_USUAL_URL: Final = re.compile(_BLANKS + r"(https?|ftp|file|blob|data|s3):\S", re.IGNORECASE)
_LINE_BREAKS: Final = str.maketrans("", "", "\t\r\n")

# A field, or an item of a list, whose name says that it is a URL: image_url, imageUrls.
_URL_FIELD: Final = re.compile(r"(?:[._][Uu]|(?<=[a-z])U)(?:rl|RL)([sS](\.[0-9]+)?)?$")


def may_pass(model: str) -> bool:
    """Return whether this can be the id of a kie.ai model outside the catalogue."""
    lower = model.lower()
    return (
        len(model) <= MAX_MODEL_ID_LENGTH
        and _ID.fullmatch(model) is not None
        and not lower.startswith(_OTHER_PREFIXES)
        # Its input would not be checked.
        and not is_mistyped(model)
    )


def faults_of(given: dict[str, Any], *, within: str, dropped: DroppedImages) -> list[FieldError]:
    """Return every fault of an unchecked input that is one for any model.

    ``within`` is the path of the input in the request.
    """
    if _is_too_much(given):
        return [FieldError(within, f"must contain at most {MAX_VALUES} values in total")]
    faults = list(_faults(given, within, dropped, depth=1))
    prompt = given.get("prompt")
    # Some models take an empty one beside an image.
    if isinstance(prompt, str) and prompt and is_blank(prompt) and not faults:
        faults.append(FieldError(f"{within}.prompt", "must not be blank"))
    return faults


def as_found(value: Any, dropped: DroppedImages) -> Any:
    """Return the input with the URLs of dropped images as their objects' keys spell them."""
    if isinstance(value, dict):
        return {name: as_found(each, dropped) for name, each in value.items()}
    if isinstance(value, list):
        return [as_found(each, dropped) for each in value]
    return dropped.respelled.get(value, value) if isinstance(value, str) else value


def _is_too_much(given: dict[str, Any]) -> bool:
    seen, waiting = 0, [given]
    while waiting:
        inner = _inner(waiting.pop())
        seen += len(inner)
        if seen > MAX_VALUES:
            return True
        waiting += [value for _, value in inner]
    return False


def _faults(value: Any, place: str, dropped: DroppedImages, *, depth: int) -> Iterator[FieldError]:
    if isinstance(value, dict | list):
        if depth > MAX_DEPTH:
            yield FieldError(place, f"must not be nested deeper than {MAX_DEPTH} levels")
            return
        for name, each in _inner(value):
            if len(name) > MAX_NAME_LENGTH:
                yield FieldError(place, f"must have names of at most {MAX_NAME_LENGTH} characters")
                continue
            if isinstance(value, dict) and (fault := callback_fault(name)):
                yield FieldError(f"{place}.{name}", fault)
                continue
            yield from _faults(each, f"{place}.{name}", dropped, depth=depth + 1)
    elif fault := _fault_of(value, place, dropped):
        yield FieldError(place, fault)


def _fault_of(value: Any, place: str, dropped: DroppedImages) -> str:
    if not isinstance(value, str):
        return _number_fault(value)
    # Elsewhere a text such as /home/fox.png may be anything.
    must_be_url = bool(value) and _URL_FIELD.search(place) is not None
    if must_be_url or _looks_like_url(value):
        return _url_fault(value, dropped)
    if len(value) > MAX_TEXT_LENGTH:
        return f"must have at most {MAX_TEXT_LENGTH} characters; it has {len(value)}"
    return control_fault(value)


def _inner(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    items = value if isinstance(value, list) else []
    return [(str(index), each) for index, each in enumerate(items)]


def _looks_like_url(text: str) -> bool:
    return bool(_ANY_URL.match(text) or _USUAL_URL.match(text.translate(_LINE_BREAKS)))


def _url_fault(text: str, dropped: DroppedImages) -> str:
    try:
        checked_url(text, dropped)
    except InputImageRefused as error:
        return str(error)
    return ""


def _number_fault(value: Any) -> str:
    if isinstance(value, int) and not MIN_INT64 <= value <= MAX_INT64:
        return "must be an integer of at most 64 bits"
    return "must be a finite number" if isinstance(value, float) and not isfinite(value) else ""
