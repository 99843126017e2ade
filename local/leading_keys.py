"""Lets the local AWS evaluate ``dynamodb:LeadingKeys``, which is missing in every request to it.

The key has the partition keys that a request names. For a query of an index it has that of the
index: the value that the key condition compares first.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from types import ModuleType
from typing import Any, Final

LEADING_KEYS: Final = "dynamodb:LeadingKeys"
# The tables of Ringback have no other.
PARTITION_KEY: Final = "job_id"
_FIRST_VALUE: Final = re.compile(r"=\s*(:\w+)")

Context = dict[str, Any]


def check_leading_keys(actions: ModuleType) -> None:
    """Patch ``ministack.core.iam_actions``, which collects what conditions may refer to."""
    actions.dynamodb_service_context = _with_keys(actions.dynamodb_service_context)  # type: ignore[attr-defined]


def _with_keys(context_of: Callable[[bytes], Context]) -> Callable[[bytes], Context]:
    @wraps(context_of)
    def context_with_keys(body: bytes) -> Context:
        context = context_of(body)
        keys = leading_keys(body)
        return {**context, LEADING_KEYS: keys} if keys else context

    return context_with_keys


def leading_keys(body: bytes) -> list[str]:
    """Return the partition keys in a request; one that cannot be read has none."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return []
    return sorted(set(_keys_in(request))) if isinstance(request, dict) else []


def _keys_in(request: Mapping[str, Any]) -> Iterator[str]:
    condition = request.get("KeyConditionExpression")
    if isinstance(condition, str) and (found := _FIRST_VALUE.search(condition)):
        yield from request.get("ExpressionAttributeValues", {}).get(found[1], {}).values()
    for name, value in request.items():
        if name in ("Key", "Item"):
            yield from value.get(PARTITION_KEY, {}).values()
        elif name == "Keys":
            for key in value:
                yield from key.get(PARTITION_KEY, {}).values()
        elif name in ("RequestItems", "TransactItems"):
            yield from _nested(value)


def _nested(value: Any) -> Iterator[str]:
    for each in value.values() if isinstance(value, dict) else value:
        if isinstance(each, dict):
            yield from _keys_in(each)
            yield from _nested(each)
        elif isinstance(each, list):
            yield from _nested(each)
