"""JSON that others wrote: clients, providers, queues and secrets. Nothing else may parse it."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, islice
from math import isfinite
from typing import Any, Final

from ringback.domain.errors import MAX_ERRORS, FieldError, InvalidRequest, PayloadTooLarge

# The request and the input made from it are both stored, in an item of at most 400 KB.
MAX_REQUEST_BYTES: Final = 128 * 1024
# Levels of objects and lists. S3's events have six, and no provider's answer has more than ten.
MAX_DEPTH: Final = 64
# Digits of an integer. No other parser is sure to read more than 19.
MAX_DIGITS: Final = 100
# Characters of a name in a path.
MAX_NAME: Final = 100
_NO_FORM: Final = ", not a form"
REPEATED: Final = "is given more than once; give it once"

_STRING: Final = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_BRACKET: Final = re.compile(r"[][{}]")
_HALF_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
# Each escape as a whole, so that the `u` in `\\ud83d` is none; a pair is one character.
_ESCAPE: Final = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|\\.",
    re.DOTALL,
)
_HALF: Final = re.compile(r"[\ud800-\udfff]")
_AROUND: Final = "\ufeff \t\r\n"


class NotJson(ValueError):
    """JSON that is malformed or over a limit. The message begins with a verb and quotes nothing."""


class _Repeating(dict[str, Any]):
    """An object in which ``names`` are given more than once."""

    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Json:
    """``repeated`` are the dotted paths of the names that an object has more than once.

    They are at most ``MAX_ERRORS``, with at most ``MAX_NAME`` characters of each name. Such a name
    has the value that it is given each time. If the values differ, it has none.
    """

    value: Any
    repeated: tuple[str, ...] = ()


def parse_json(body: bytes | str, *, unreadable_numbers: bool = False) -> Json:
    """Parse JSON of a provider or a queue: whatever is harmless in it costs nothing.

    A byte order mark is skipped, and half a surrogate pair or a byte that is not UTF-8 becomes
    U+FFFD. Raises ``NotJson``, also for what is nested too deeply, NaN, infinities and numbers that
    are too large; with ``unreadable_numbers`` those are ``None`` instead.
    """
    text = body if isinstance(body, str) else body.decode("utf-8", "replace")
    return _parse(text, strict=False, unreadable_numbers=unreadable_numbers)


def without_halves(text: str) -> str:
    """Return the text with U+FFFD for half a surrogate pair: no UTF-8 has one, nor any answer."""
    return text if text.isascii() else _HALF.sub("\ufffd", text)


def repeats(parsed: Json) -> bool:
    """Tell whether a name is given more than once, also in JSON that is a string in this JSON."""
    if parsed.repeated:
        return True
    waiting = [parsed.value]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict | list):
            waiting += value.values() if isinstance(value, dict) else value
        elif isinstance(value, str) and value.lstrip(_AROUND)[:1] in ("{", "["):
            with suppress(NotJson):
                inner = parse_json(value)
                if inner.repeated:
                    return True
                waiting.append(inner.value)
    return False


def json_object(
    body: bytes, *, content_type: str = "", most: int = MAX_REQUEST_BYTES
) -> dict[str, Any]:
    """Return the JSON object that a client sent: UTF-8, with or without a byte order mark.

    ``content_type`` is what the body is said to be; it matters only if it is not JSON. Raises
    ``InvalidRequest``, which names each key that is given more than once, or ``PayloadTooLarge``.
    """
    if len(body) > most:
        raise PayloadTooLarge(
            f"the body has {len(body)} bytes; the maximum is {most} ({most // 1024} KiB)"
        )
    try:
        # API Gateway may pass half a surrogate pair on, as no UTF-8 can.
        text = body.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        why = _why_not_json(body, content_type) or "is not UTF-8"
        raise InvalidRequest([FieldError("", f"the body {why}")]) from None
    try:
        parsed = _parse(text, strict=True)
    except NotJson as error:
        why = _why_not_json(body, content_type) or str(error)
        raise InvalidRequest([FieldError("", f"the body {why}")]) from None
    if not isinstance(parsed.value, dict):
        raise InvalidRequest([FieldError("", _not_an_object(parsed.value))])
    if parsed.repeated:
        raise InvalidRequest([FieldError(path, REPEATED) for path in parsed.repeated])
    return parsed.value


def _why_not_json(body: bytes, content_type: str) -> str:
    """Return what was sent instead of JSON, empty if it is JSON with a mistake in it."""
    if body.startswith(b"\x1f\x8b"):
        return "is compressed (gzip); send it uncompressed"
    kind = content_type.partition(";")[0].strip().lower()
    # `curl -d` calls everything a form.
    is_json = not body or body.lstrip()[:1] in (b"{", b"[")
    if not is_json and kind not in ("", "application/json"):
        return f"is not JSON; send a JSON object as application/json{_NO_FORM * ('form' in kind)}"
    return ""


def _not_an_object(value: Any) -> str:
    twice = isinstance(value, str) and value.lstrip(_AROUND).startswith("{")
    instead = ", not a list" if isinstance(value, list) else ", not text that contains one" * twice
    return f"the body must be a JSON object{instead}"


def _parse(text: str, *, strict: bool, unreadable_numbers: bool = False) -> Json:
    """Parse the text; ``strict`` refuses control characters in strings."""
    text = without_halves(text).strip(_AROUND)
    if _HALF_ESCAPE.search(text):
        text = _ESCAPE.sub(_whole, text)
    if not text:
        raise NotJson("is empty")
    # No text is nested deeper than it has brackets.
    if text.count("[") + text.count("{") > MAX_DEPTH and _depth(text) > MAX_DEPTH:
        raise NotJson(f"is nested deeper than {MAX_DEPTH} levels")
    repeating: list[_Repeating] = []

    def as_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        repeating.append(_without_contradictions(pairs))
        return repeating[-1]

    try:
        value = json.loads(
            text,
            strict=strict,
            object_pairs_hook=as_object,
            parse_float=_or_none(_finite) if unreadable_numbers else _finite,
            parse_int=_or_none(_bounded) if unreadable_numbers else _bounded,
            parse_constant=_or_none(_refused) if unreadable_numbers else _refused,
        )
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        raise NotJson(f"is not JSON: {_in_words(error.msg)} ({place})") from None
    found = islice(_repeated(value), MAX_ERRORS) if repeating else ()
    return Json(value, tuple(sorted(set(found))))


def _whole(escape: re.Match[str]) -> str:
    return r"\ufffd" if escape["half"] else escape[0]


def _depth(text: str) -> int:
    steps = (1 if each in "[{" else -1 for each in _BRACKET.findall(_STRING.sub("", text)))
    return max(accumulate(steps), default=0)


def _without_contradictions(pairs: Sequence[tuple[str, Any]]) -> _Repeating:
    found, seen = _Repeating(), dict[str, Any]()
    for name, value in pairs:
        if name not in seen:
            seen[name] = found[name] = value
        elif seen[name] != value:
            found.pop(name, None)
    times = Counter(name for name, _ in pairs)
    found.names = frozenset(name for name in seen if times[name] > 1)
    return found


def _repeated(value: Any, path: str = "") -> Iterator[str]:
    """Yield the paths of repeated names; the depth is bounded already."""
    within = f"{path}." if path else ""
    if isinstance(value, _Repeating):
        yield from (f"{within}{_shown(name)}" for name in sorted(value.names))
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for name, each in inner:
        if isinstance(each, dict | list):
            yield from _repeated(each, f"{within}{_shown(name)}")


def _shown(name: str | int) -> str:
    """Return a name as it stands in paths: many may begin with the same one, however long."""
    text = str(name)
    return text if len(text) <= MAX_NAME else f"{text[:MAX_NAME]}..."


def _or_none(read: Callable[[str], float]) -> Callable[[str], float | None]:
    def read_or_none(digits: str) -> float | None:
        try:
            return read(digits)
        except NotJson:
            return None

    return read_or_none


def _finite(digits: str) -> float:
    number = float(digits)
    if not isfinite(number):
        raise NotJson("has a number that is too large")
    return number


def _bounded(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise NotJson(f"has a number of more than {MAX_DIGITS} digits")
    return int(digits)


def _refused(constant: str) -> float:
    raise NotJson(f"is not JSON: {constant} is not a JSON number")


def _in_words(message: str) -> str:
    if message.startswith("Invalid control character"):
        return r"a line break or tab inside a text must be written as \n or \t"
    if message == "Extra data":
        return "there is more text after its end"
    return message[:1].lower() + message[1:]
