"""What clients send to Chanjing's own API: a task, or a request for a page of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ringback.domain.errors import FieldError, InvalidRequest
from ringback.providers.chanjing.tasks import IMAGE, MODEL_PREFIX

VIDEO: Final = 4
MAX_PAGE: Final = 50
# Jobs that a list without ids goes back, at most.
MAX_LISTED: Final = 1000
MODEL: Final = "model"
# What Chanjing calls the fields that stand beside ``input`` in ``POST /jobs``.
OWN_NAMES: Final = {MODEL: "model_code", "callBackUrl": "callback"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a request for a page asks for; without ``ids``, the newest tasks."""

    ids: Sequence[str]
    type: int
    page: int
    size: int
    successes_only: bool

    @property
    def start(self) -> int:
        return (self.page - 1) * self.size


def read_wanted(given: Mapping[str, Any]) -> Wanted:
    """Read the body of task/page. Raises ``InvalidRequest``, which names every wrong field."""
    ids, only = given.get("unique_ids") or [], given.get("is_success", False)
    checks = {
        "unique_ids": isinstance(ids, list)
        and len(ids) <= MAX_PAGE
        and all(isinstance(each, str) for each in ids),
        "type": given.get("type") in (IMAGE, VIDEO),
        "page": _is_within(given.get("page"), MAX_LISTED),
        "page_size": _is_within(given.get("page_size"), MAX_PAGE),
        "is_success": isinstance(only, bool),
    }
    if wrong := [name for name, is_right in checks.items() if not is_right]:
        raise InvalidRequest([FieldError(name, "missing or not as documented") for name in wrong])
    return Wanted(
        ids=ids,
        type=given["type"],
        page=given["page"],
        size=given["page_size"],
        successes_only=only,
    )


def as_post(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the body of task/submit as that of ``POST /jobs``."""
    beside = {field: given[own] for field, own in OWN_NAMES.items() if given.get(own)}
    if isinstance(code := beside.get(MODEL), str):
        beside[MODEL] = f"{MODEL_PREFIX}{code}"
    names = given.keys() - set(OWN_NAMES.values())
    return {**beside, "input": {name: value for name, value in given.items() if name in names}}


def own_name(field: str) -> str:
    return OWN_NAMES.get(field, field.removeprefix("input."))


def _is_within(value: Any, maximum: int) -> bool:
    return type(value) is int and 1 <= value <= maximum
