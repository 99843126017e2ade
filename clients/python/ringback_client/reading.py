"""JSON to records: strict about the fields a record has, silent about all others."""

import json
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

from ringback_client.errors import UnexpectedAnswer

T = TypeVar("T")


def parsed(text: str | bytes) -> Any:
    """Return what a text of JSON says. Raises ``ValueError``, also for ``NaN`` and many levels."""
    try:
        return json.loads(text, parse_constant=_no_number)
    except RecursionError as error:
        raise ValueError("too many levels") from error


def _no_number(text: str) -> None:
    raise ValueError(text)


def read(kind: type[T], value: object) -> T:
    """Return the record; raises ``UnexpectedAnswer`` naming the field that is wrong."""
    return _read(kind, value, kind.__name__)  # type: ignore[no-any-return]


def _read(kind: Any, value: Any, where: str) -> Any:
    if isinstance(kind, type) and is_dataclass(kind):
        return _read_record(kind, value, where)
    if get_origin(kind) is UnionType:
        return _read_optional(kind, value, where)
    if get_origin(kind) is tuple:
        _expect(isinstance(value, list), where)
        return tuple(_read(get_args(kind)[0], each, where) for each in value)
    if kind in _MOMENTS:
        _expect(isinstance(value, str), where)
        return _moment(_MOMENTS[kind], value, where)
    if get_origin(kind) is not None:  # a mapping of anything
        _expect(isinstance(value, dict), where)
        return value
    # JSON has one kind of number, and Python takes a boolean for an integer.
    accepted = (int, float) if kind is float else kind
    _expect(isinstance(value, accepted) and (kind is bool) == isinstance(value, bool), where)
    return value


def _read_record(kind: Any, value: Any, where: str) -> Any:
    _expect(isinstance(value, dict), where)
    given = {}
    for name, (annotation, is_required) in _fields_of(kind).items():
        if name in value:
            given[name] = _read(annotation, value[name], f"{where}.{name}")
        else:
            _expect(not is_required, f"{where}.{name}")
    return kind(**given)


def _read_optional(kind: Any, value: Any, where: str) -> Any:
    if value is None:
        return None
    (present,) = (each for each in get_args(kind) if each is not NoneType)
    return _read(present, value, where)


_MOMENTS: Mapping[Any, Callable[[str], Any]] = {
    datetime: datetime.fromisoformat,
    date: date.fromisoformat,
}


def _moment(parse: Callable[[str], Any], value: str, where: str) -> Any:
    try:
        return parse(value)
    except ValueError as error:
        raise UnexpectedAnswer(f"The answer's {where} is no date.") from error


@cache
def _fields_of(kind: Any) -> Mapping[str, tuple[Any, bool]]:
    """Return each field's type, and whether it is required."""
    types = get_type_hints(kind)
    return {each.name: (types[each.name], each.default is MISSING) for each in fields(kind)}


def _expect(is_so: bool, where: str) -> None:  # noqa: FBT001 one argument, as in `assert`
    if not is_so:
        told = "is missing or of another type; are client and stack of the same version?"
        raise UnexpectedAnswer(f"The answer's {where} {told}")
