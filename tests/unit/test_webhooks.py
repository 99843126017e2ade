"""What a webhook says, and when it is tried again."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.aws.queues import first_hop
from ringback.domain.events import Event
from ringback.domain.webhooks import (
    DELAYS,
    JITTER,
    LAST_TRY,
    MAX_BODY_BYTES,
    MAX_TRIES,
    Tried,
    Webhook,
    body_of,
    from_message,
    host_of,
    next_try,
    to_message,
)

from tests.support.jobs import NOON
from tests.support.webhooks import URL, a_webhook, an_event

FAILED = Tried(at=NOON, duration=timedelta(seconds=1), status=500)
FIRST = a_webhook(first_at=NOON)


def delay_after(tried: Tried, *, attempt: int = 1, chance: float = 0) -> timedelta | None:
    following = next_try(replace(FIRST, attempt=attempt), tried, chance=chance)
    return following.due_at - NOON if following and following.due_at else None


def test_the_schedule_is_the_documented_one() -> None:
    delays = [delay_after(FAILED, attempt=attempt) for attempt in range(1, MAX_TRIES + 1)]
    assert [int(each.total_seconds()) for each in delays if each] == [
        *(5, 60, 300, 1800, 7200, 21_600, 43_200, 86_400)
    ]
    assert delays[-1] is None
    assert MAX_TRIES == 9


@given(st.integers(1, len(DELAYS)), st.floats(0, 1))
def test_jitter_only_adds(attempt: int, chance: float) -> None:
    planned, delay = DELAYS[attempt - 1], delay_after(FAILED, attempt=attempt, chance=chance)
    assert delay is not None
    assert planned <= delay <= planned * (1 + JITTER)


def test_the_whole_schedule_ends_before_the_last_try() -> None:
    assert sum(DELAYS, timedelta(0)) * (1 + JITTER) < LAST_TRY


@pytest.mark.parametrize("status", [200, 201, 204, 299, 410])
def test_a_webhook_that_was_taken_or_is_gone_is_not_tried_again(status: int) -> None:
    assert next_try(FIRST, replace(FAILED, status=status), chance=0) is None


@pytest.mark.parametrize("status", [199, 300, 301, 307, 400, 401, 404, 409, 422, 429, 500, 503])
def test_every_other_answer_is_tried_again(status: int) -> None:
    following = next_try(FIRST, replace(FAILED, status=status), chance=0)
    assert following
    assert (following.attempt, following.event_id, following.body) == (
        2,
        FIRST.event_id,
        FIRST.body,
    )


@pytest.mark.parametrize(
    ("status", "asked", "waits"),
    [
        (429, 120, 120),
        (503, 120, 120),
        (429, 1, 5),
        (503, 90 * 86_400, 86_400),
        (500, 120, 5),
        (404, 120, 5),
    ],
)
def test_a_receiver_may_ask_for_patience_within_bounds(status: int, asked: int, waits: int) -> None:
    tried = replace(FAILED, status=status, retry_after=timedelta(seconds=asked))
    assert delay_after(tried) == timedelta(seconds=waits)


def test_no_try_is_due_after_three_days() -> None:
    early = replace(FIRST, first_at=NOON - LAST_TRY + timedelta(seconds=6))
    assert next_try(early, FAILED, chance=0)
    assert next_try(replace(early, first_at=NOON - LAST_TRY), FAILED, chance=0) is None


def test_a_message_is_read_as_it_was_written() -> None:
    for webhook in (
        a_webhook(),
        a_webhook(first_at=NOON, due_at=NOON, attempt=4, is_requested=True, form="kie"),
    ):
        message = json.loads(json.dumps(to_message(webhook)))
        assert from_message(message | {"added_later": 1}) == webhook


def test_the_fields_of_the_message_are_agreed() -> None:
    first = {"event_id", "job_id", "client", "url", "type", "time", "body", "form", "attempt"}
    assert to_message(a_webhook()).keys() == first | {"is_requested"}


def test_the_body_is_the_event_with_the_timestamp_of_standard_webhooks() -> None:
    event = an_event()
    body = json.loads(body_of(event))
    assert body == event.cloud_event() | {"timestamp": NOON.isoformat()}
    assert {"type", "timestamp", "data"} <= body.keys()


def with_data(**data: Any) -> Event:
    return replace(an_event(), data=data)


def test_a_body_is_utf_8_as_it_is() -> None:
    assert '"prompt":"Drache 海"' in body_of(with_data(input={"prompt": "Drache 海"}))


@pytest.mark.parametrize(("seconds", "is_due"), [(-1, True), (0, True), (1, True), (2, False)])
def test_a_message_may_come_a_second_early(seconds: int, *, is_due: bool) -> None:
    webhook = a_webhook(due_at=NOON + timedelta(seconds=seconds))
    assert webhook.is_due(at=NOON) is is_due
    assert a_webhook().is_due(at=NOON)


def test_a_body_has_at_most_64_kib() -> None:
    assert MAX_BODY_BYTES == 65_536


def test_a_large_body_loses_its_large_fields_and_says_so() -> None:
    prompt = {"prompt": "ü" * (MAX_BODY_BYTES // 2)}
    missing = [{"source_url": "https://cdn.example/" + "x" * MAX_BODY_BYTES}]
    body = json.loads(body_of(with_data(job_id="job_1", input=prompt, images=[{"key": "a"}])))
    assert body["data"] == {"job_id": "job_1", "images": [{"key": "a"}], "left_out": ["input"]}
    body = json.loads(body_of(with_data(job_id="job_1", input=prompt, missing_images=missing)))
    assert body["data"] == {"job_id": "job_1", "left_out": ["input", "missing_images"]}


@given(st.integers(0, 300), st.sampled_from(["input", "error", "images"]))
def test_no_body_is_over_the_limit(around: int, name: str) -> None:
    text = body_of(with_data(status="failed", **{name: "x" * (MAX_BODY_BYTES - 600 + around * 4)}))
    assert len(text.encode()) <= MAX_BODY_BYTES
    data = json.loads(text)["data"]
    assert (name in data) != (name in data.get("left_out", []))


@pytest.mark.parametrize(
    ("url", "host"),
    [
        (URL, "studio.example"),
        ("HTTPS://Studio.Example", "studio.example"),
        ("https://studio.example#x", "studio.example"),
        ("http://127.0.0.1:4567/receivers/ok", "127.0.0.1:4567"),
        ("https://Studio.example:443/hooks", "studio.example"),
        ("https://[2606:4700::1]/x", "[2606:4700::1]"),
    ],
)
def test_a_receiver_is_a_host(url: str, host: str) -> None:
    assert host_of(url) == host
    assert a_webhook(url).host == host


def test_a_long_wait_begins_with_its_remainder() -> None:
    assert [first_hop(delay) for delay in (0, 5, 900, 901, 1800, 86_400)] == [
        0,
        5,
        900,
        1,
        900,
        900,
    ]


def test_an_event_id_has_no_dot() -> None:
    """Dots separate what is signed: id, time and body."""
    assert "." not in a_webhook().event_id


def test_an_unknown_form_is_kept_on_the_way() -> None:
    webhook: Webhook = from_message(to_message(a_webhook(form="chanjing")))
    assert webhook.form == "chanjing"
