"""The task ids that an answer or a callback names, whatever the spelling of the field."""

from collections.abc import Collection, Mapping
from typing import Any

from ringback.domain.jobs import ProviderTaskId, as_task_id
from ringback.providers.result_urls import plain_name


def named_ids(field: str, *places: Mapping[str, Any]) -> frozenset[str]:
    """Return the different ids in fields of that name, which is compared as ``plain_name``.

    They need not be readable: whoever names a task at all may have created it.
    """
    values = (
        value for place in places for name, value in place.items() if plain_name(name) == field
    )
    return frozenset(filter(None, map(id_text, values)))


def id_text(value: object) -> str:
    """Return an id that was given as text or as a positive integer; anything else is ``""``."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return str(value)
    return value if isinstance(value, str) else ""


def only_id(found: Collection[str]) -> ProviderTaskId | None:
    """Return the id if there is exactly one, and it is readable."""
    return as_task_id(next(iter(found))) if len(found) == 1 else None
