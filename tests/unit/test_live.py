"""What is sent over the live line."""

import json
from datetime import timedelta
from typing import Any

import pytest
from ringback.aws.live_items import MAX_MISSED
from ringback.domain.events import Event
from ringback.domain.live import (
    CONNECTION_LASTS,
    KEPT,
    LARGE_FIELDS,
    MAX_CONNECTIONS,
    MAX_MESSAGE_BYTES,
    by_client,
    events_messages,
    following_message,
    refused_message,
)
from ringback.use_cases.follow_jobs import MAX_READ
from ringback.use_cases.tell_followers import MAX_SECONDS

from tests.support.jobs import NOON
from tests.support.live import a_connection
from tests.support.repository import text_of


def an_event(number: int = 0, *, client: str | None = "studio", **data: Any) -> dict[str, Any]:
    return event(number, client=client, **data).cloud_event()


def event(number: int = 0, *, client: str | None = "studio", **data: Any) -> Event:
    return Event(
        type="ringback.job.running",
        source="/ringback/x",
        subject="job_1",
        number=number,
        time=NOON,
        client=client,
        data=data,
    )


def sent(*events: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the events in each message, none of which is too large."""
    messages = list(events_messages(events))
    assert all(len(each.encode()) <= MAX_MESSAGE_BYTES for each in messages)
    return [json.loads(each)["events"] for each in messages]


def test_events_of_a_batch_are_one_message() -> None:
    assert sent(an_event(1), an_event(2)) == [[an_event(1), an_event(2)]]
    assert sent() == []


def test_many_events_are_as_few_messages_as_fit_in_order() -> None:
    events = [an_event(number, prompt="雪" * 300) for number in range(100)]
    messages = sent(*events)
    assert [each for message in messages for each in message] == events
    size = len(json.dumps(events, ensure_ascii=False).encode())
    assert len(messages) == -(-size // MAX_MESSAGE_BYTES)


@pytest.mark.parametrize(("more", "messages"), [(0, 1), (1, 2)])
def test_a_message_is_used_up_to_its_limit(more: int, messages: int) -> None:
    def texts(length: int) -> list[str]:
        return list(events_messages([an_event(1), an_event(2, prompt="x" * length)]))

    fits = MAX_MESSAGE_BYTES - len(texts(0)[0].encode())
    assert len(texts(fits + more)) == messages
    assert len(texts(fits)[0].encode()) == MAX_MESSAGE_BYTES


@pytest.mark.parametrize(("more", "left_out"), [(0, False), (1, True)])
def test_an_event_is_whole_up_to_the_limit(more: int, *, left_out: bool) -> None:
    empty = len(next(events_messages([an_event(input="")])).encode())
    [[event]] = sent(an_event(input="x" * (MAX_MESSAGE_BYTES - empty + more)))
    assert ("left_out" in event["data"]) == left_out


def test_a_large_event_says_what_it_lacks() -> None:
    large: dict[str, Any] = {"input": {"prompt": "x" * MAX_MESSAGE_BYTES}, "status": "running"}
    [[event]] = sent(an_event(**large))
    assert event["data"] == {"status": "running", "left_out": ["input"]}
    assert event | {"data": 0} == an_event() | {"data": 0}


def test_fields_are_left_out_until_the_event_fits() -> None:
    everything: dict[str, Any] = dict.fromkeys(LARGE_FIELDS, "x" * MAX_MESSAGE_BYTES)
    [[event]] = sent(an_event(**everything))
    assert event["data"] == {"left_out": list(LARGE_FIELDS)}


def test_a_field_that_an_event_lacks_is_not_left_out() -> None:
    [[event]] = sent(an_event(images="x" * MAX_MESSAGE_BYTES))
    assert event["data"] == {"left_out": ["images"]}


def test_the_limits_are_the_documented_ones() -> None:
    page = text_of("docs/events.md")
    assert f"connections of one client | {MAX_CONNECTIONS};" in page
    assert f"a message | {MAX_MESSAGE_BYTES // 1024} KB" in page
    assert f"more than {MAX_MISSED:,} jobs" in page
    assert (timedelta(hours=2), timedelta(days=1)) == (CONNECTION_LASTS, KEPT)
    # The longest batch that connections may hold up, and what DynamoDB reads at a time.
    assert (MAX_SECONDS, MAX_READ) == (5.0, 100)


def test_each_client_s_events_are_in_order_and_an_account_s_are_nobody_s() -> None:
    mine, theirs = event(1), event(2, client="shop")
    found = by_client([mine, theirs, event(3, client=None), event(4)])
    assert found == {"studio": [mine, event(4)], "shop": [theirs]}


def test_a_connection_is_over_after_two_hours() -> None:
    connection = a_connection()
    assert not connection.is_over(at=NOON + CONNECTION_LASTS - timedelta(seconds=1))
    assert connection.is_over(at=NOON + CONNECTION_LASTS)


def test_answers_are_json() -> None:
    assert json.loads(following_message("雪", missed=2, is_complete=False)) == {
        "following": {"client": "雪", "missed": 2, "complete": False}
    }
    assert json.loads(refused_message("why")) == {"refused": "why"}
