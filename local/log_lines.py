"""What functions have logged, as CloudWatch Logs returns it."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from local.chosen_stack import Stack


def log_events(stack: Stack, group: str, **asked: Any) -> Iterator[Mapping[str, Any]]:
    """Yield a log group's events, the oldest first; ``asked`` narrows ``filter_log_events``."""
    pages = stack.client("logs").get_paginator("filter_log_events")
    for page in pages.paginate(logGroupName=group, **asked):
        yield from page["events"]


def entry_of(text: str) -> dict[str, Any]:
    """Return the fields of a function's own line, none of Lambda's."""
    try:
        entry = json.loads(text)
    except ValueError:
        return {}
    return entry if isinstance(entry, dict) else {}
