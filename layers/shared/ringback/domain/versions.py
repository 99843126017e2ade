"""Reads what another version of Ringback wrote: messages live for days, items for years.

A newer version's fields are ignored; those that an older one did not write have their defaults.
"""

from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from typing import Any, TypeVar

Kind = TypeVar("Kind")


def of_any_version(kind: type[Kind], written: Mapping[str, Any]) -> Kind:
    """Make a dataclass of the fields that it knows.

    Raises ``TypeError`` if one without a default is missing.
    """
    known = _names_of(kind)  # type: ignore[arg-type]
    return kind(**{name: value for name, value in written.items() if name in known})


@cache
def _names_of(kind: Any) -> frozenset[str]:
    return frozenset(field.name for field in fields(kind))
