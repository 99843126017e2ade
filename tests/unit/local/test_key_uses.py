"""The last use of each key, as the logs tell it."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, ClassVar

from local.key_uses import LOGS, KeyUses
from tests.support.template import resources

FIRST, LAST = datetime(2026, 11, 27, 9, tzinfo=UTC), datetime(2026, 11, 27, 10, tzinfo=UTC)


def line(at: datetime, **fields: str) -> dict[str, Any]:
    return {"timestamp": int(at.timestamp() * 1000), "message": json.dumps(fields)}


class FakeStack:
    """Two log groups of functions that check keys, and one of another function."""

    events: ClassVar = {
        "AuthorizeClientLogs": [
            line(FIRST, message="key used", key="abababab"),
            {"timestamp": 0, "message": 'START "key used"'},
            line(LAST, message="other", key="abababab", text="key used"),
        ],
        "FollowJobsLogs": [line(LAST, message="key used", key="abababab")],
        "QueryJobsLogs": [line(LAST, message="key used", key="cdcdcdcd")],
    }

    def resources_of(self, kind: str) -> Iterator[tuple[str, str]]:
        assert kind == "AWS::Logs::LogGroup"
        return iter((name, f"/{name}") for name in self.events)

    def client(self, _service: str) -> "FakeStack":
        return self

    def get_paginator(self, _operation: str) -> "FakeStack":
        return self

    def paginate(self, **given: str) -> list[dict[str, Any]]:
        assert given["filterPattern"] == '"key used"'
        return [{"events": [each]} for each in self.events[given["logGroupName"][1:]]]


def test_the_newest_line_of_each_key_counts() -> None:
    stack: Any = FakeStack()
    assert KeyUses(stack)() == {"abababab": LAST}


def test_the_template_has_these_logs() -> None:
    assert set(LOGS) <= resources("AWS::Logs::LogGroup").keys()
