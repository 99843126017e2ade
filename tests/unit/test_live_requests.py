"""What clients send over the WebSocket API."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from ringback.domain.errors import InvalidRequest
from ringback.domain.live import Connection
from ringback.live_requests import EXAMPLE, connection_of, follow_request, is_message

from tests.support.lambdas import an_event

OPENED = datetime.fromtimestamp(1_790_000_000, UTC)
CONNECTION = Connection(id="L0SM9cOFvHcCIhw=", opened_at=OPENED)


def message(body: Any) -> dict[str, Any]:
    text = body if isinstance(body, str) else json.dumps(body)
    return an_event("follow_jobs", "follow") | {"body": text}


def test_a_key_is_enough() -> None:
    read = follow_request(message({"key": "rb-key", "action": "follow"}))
    assert (read.connection, read.key, read.since) == (CONNECTION, "rb-key", None)
    assert connection_of(message("")) == CONNECTION


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-09-21T12:00:00.5+00:00", datetime(2026, 9, 21, 12, 0, 0, 500_000, UTC)),
        ("2026-09-21T12:00:00Z", datetime(2026, 9, 21, 12, tzinfo=UTC)),
        ("2026-09-21T12:00:00", datetime(2026, 9, 21, 12, tzinfo=UTC)),
        (
            "2026-09-21T12:00:00+02:00",
            datetime(2026, 9, 21, 12, tzinfo=timezone(timedelta(hours=2))),
        ),
    ],
)
def test_the_time_of_the_last_event_is_read(text: str, moment: datetime) -> None:
    assert follow_request(message({"key": "k", "since": text})).since == moment
    assert follow_request(message({"key": "k", "since": None})).since is None


@pytest.mark.parametrize(
    "body",
    ["", "hello", "[]", "7", "{}", {"key": ""}, {"key": 7}, {"key": None}, ["key"], "\ud83e", "["],
)
def test_anything_else_is_answered_with_an_example(body: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        follow_request(message(body))
    assert refused.value.errors[0].message == EXAMPLE


@pytest.mark.parametrize("since", ["", "yesterday", 7, True, [], "job_1:succeeded:4", "9" * 5000])
def test_a_time_that_is_none_is_refused(since: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        follow_request(message({"key": "k", "since": since}))
    assert refused.value.errors[0].field == "since"


@pytest.mark.parametrize("kind", ["CONNECT", "DISCONNECT", "MESSAGE"])
def test_only_messages_are_answered(kind: str) -> None:
    assert is_message({"requestContext": {"eventType": kind}}) == (kind == "MESSAGE")
