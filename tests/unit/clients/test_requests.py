"""What the clients send, what they send again, and which errors they raise."""

import asyncio
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest
from ringback_client import AsyncRingback, Ringback, errors
from ringback_client.retrying import LONGEST_RETRY_AFTER_SECONDS
from ringback_client.settings import settings_of

from tests.support.client_api import API, KEY, FakeApi, a_job, a_model, job_id, problem

MODEL = "bytedance/seedream"
BROKEN = httpx.ReadTimeout("the answer is lost")
UNREACHED = httpx.ConnectError("nobody is there")
BUSY = httpx.Response(429, json={"message": "Too Many Requests"})
DOWN = httpx.Response(503, json={"message": "Service Unavailable"})


def create(client: Ringback, **more: Any) -> Any:
    return client.jobs.create(MODEL, {"prompt": "A blue door"}, **more)


@pytest.mark.parametrize("failure", [BROKEN, UNREACHED, BUSY, DOWN])
def test_a_job_is_posted_again_with_the_same_key(failure: httpx.Response | Exception) -> None:
    api = FakeApi(script=[failure])
    assert create(api.client()).status == "accepted"
    assert [each.headers["idempotency-key"] for each in api.requests] == ["key-1", "key-1"]
    assert len(api.jobs) == 1
    assert api.slept == [0.5]


def test_every_job_has_a_key_of_its_own() -> None:
    api = FakeApi()
    client = api.client()
    create(client), create(client), create(client, idempotency_key="mine")
    assert [*api.keys] == ["key-1", "key-2", "mine"]


def test_what_a_job_is_made_of() -> None:
    api = FakeApi()
    create(api.client(), call_back_url="https://studio.example/hook", tags=["spring"])
    assert json.loads(api.requests[0].content) == {
        **{"model": MODEL, "input": {"prompt": "A blue door"}},
        **{"callBackUrl": "https://studio.example/hook", "tags": ["spring"]},
    }


def test_many_jobs_have_an_outcome_each() -> None:
    wrong = {"type": "/docs#invalid-request", "title": "No.", "status": 400, "detail": "Not so."}
    outcomes = [
        {"status": 202, "job": a_job(1), "problem": None},
        {"status": 400, "job": None, "problem": wrong},
    ]
    api = FakeApi(script=[BROKEN, httpx.Response(200, json={"outcomes": outcomes})])
    requests = [{"model": MODEL, "input": {"prompt": each}} for each in ("A door", "")]
    made, refused = api.client().jobs.create_many(requests)
    assert (made.job and made.job.job_id, made.error) == (job_id(1), None)
    assert isinstance(refused.error, errors.InvalidRequest)
    assert [json.loads(each.content) for each in api.requests] == [{"jobs": requests}] * 2
    assert {each.headers["idempotency-key"] for each in api.requests} == {"key-1"}


UNSAFE: list[Callable[[Ringback], object]] = [
    lambda client: client.jobs.cancel(job_id(1)),
    lambda client: client.jobs.archive(job_id(1)),
    lambda client: client.jobs.notify(job_id(1)),
    lambda client: client.drops.retry("requests/kites.csv"),
    lambda client: client.providers.resume("kie"),
    lambda client: client.resume_receiver("studio.example"),
]


@pytest.mark.parametrize("call", UNSAFE)
@pytest.mark.parametrize("failure", [BROKEN, DOWN])
def test_what_is_not_safe_to_repeat_is_sent_once(
    call: Callable[[Ringback], object], failure: httpx.Response | Exception
) -> None:
    api = FakeApi(script=[failure]).add(a_job())
    with pytest.raises((errors.NoAnswer, errors.Unavailable)):
        call(api.client())
    assert len(api.requests) == 1


@pytest.mark.parametrize("failure", [BROKEN, DOWN])
def test_a_deletion_is_safe_to_repeat(failure: httpx.Response | Exception) -> None:
    api = FakeApi(script=[failure]).add(a_job(status="succeeded"))
    assert api.client().jobs.delete(job_id(1)).job_id == job_id(1)
    assert api.lines() == [f"DELETE /jobs/{job_id(1)}"] * 2


@pytest.mark.parametrize("name", ["job-deleted", "something-new"])
def test_what_is_gone_is_not_found(name: str) -> None:
    api = FakeApi(script=[problem(410, name)])
    kind = errors.JobDeleted if name == "job-deleted" else errors.NotFound
    with pytest.raises(kind) as raised:
        api.client().jobs.get(job_id(1))
    assert raised.type is kind


@pytest.mark.parametrize("failure", [UNREACHED, BUSY])
def test_what_was_never_seen_is_always_sent_again(failure: httpx.Response | Exception) -> None:
    api = FakeApi(script=[failure]).add(a_job())
    assert api.client().jobs.cancel(job_id(1)).job_id == job_id(1)


def test_a_wrong_request_is_sent_once() -> None:
    wrong = [{"field": "input.size", "message": "no such field"}]
    api = FakeApi(script=[problem(400, "invalid-request", errors=wrong)])
    with pytest.raises(errors.InvalidRequest) as raised:
        create(api.client())
    assert raised.value.errors == (errors.FieldError("input.size", "no such field"),)
    assert "input.size: no such field" in str(raised.value)
    assert len(api.requests) == 1


def test_a_first_request_in_flight_is_waited_for() -> None:
    api = FakeApi(script=[problem(409, "request-in-flight")])
    assert create(api.client()).status == "accepted"


def test_tries_widen_and_end() -> None:
    api = FakeApi(script=[DOWN] * 9)
    with pytest.raises(errors.Unavailable):
        api.client().jobs.get(job_id(1))
    assert api.slept == [0.5, 1, 2, 4]


def test_tries_are_spread_at_random() -> None:
    api = FakeApi(script=[DOWN, DOWN], chance=0.0).add(a_job())
    api.client().jobs.get(job_id(1))
    assert api.slept == [0.25, 0.5]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7), ("Fri, 27 Nov 2026 12:00:09 GMT", 9), ("soon", 0.5), ("0", 0.5), ("²", 0.5),
     ("Fri, 27 Nov 2026 11:00:00 GMT", 0.5)],
)  # fmt: skip
def test_retry_after_is_honoured(header: str, seconds: float) -> None:
    busy = httpx.Response(503, headers=[(b"retry-after", header.encode("latin-1"))], json={})
    api = FakeApi(script=[busy]).add(a_job())
    api.client().jobs.get(job_id(1))
    assert api.slept == [seconds]


def test_a_used_up_limit_is_waited_for() -> None:
    refused = problem(429, "quota-exceeded")
    refused.headers["Retry-After"] = "34"
    api = FakeApi(script=[refused]).add(a_job())
    create(api.client())
    assert api.slept == [34]
    api = FakeApi(script=[refused] * 9)
    with pytest.raises(errors.QuotaExceeded) as raised:
        create(api.client())
    assert raised.value.retry_after == 34


def test_who_is_asked_to_wait_long_is_told() -> None:
    seconds = LONGEST_RETRY_AFTER_SECONDS + 1
    api = FakeApi(script=[httpx.Response(429, headers={"Retry-After": f"{seconds:.0f}"}, json={})])
    with pytest.raises(errors.TooManyRequests) as raised:
        api.client().jobs.get(job_id(1))
    assert raised.value.retry_after == seconds
    assert api.slept == []


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (problem(404, "unknown-job"), errors.UnknownJob),
        (problem(404, "of-tomorrow"), errors.NotFound),
        (problem(422, "key-reused"), errors.KeyReused),
        (httpx.Response(401, json={"message": "Unauthorized"}), errors.Unauthorized),
        (httpx.Response(403, json={"message": "Forbidden"}), errors.NotAllowed),
        (httpx.Response(418, text="<html>"), errors.ApiError),
        (httpx.Response(302, headers={"Location": "https://else.example"}), errors.ApiError),
        (httpx.Response(400, json={"errors": [1, {}], "type": 5}), errors.RequestError),
        (httpx.Response(200, text="<html>"), errors.UnexpectedAnswer),
        (httpx.Response(200, json=[]), errors.UnexpectedAnswer),
        (httpx.Response(200, text='{"credits": NaN'), errors.UnexpectedAnswer),
        (
            httpx.Response(200, text=json.dumps(a_job(credits=float("nan")))),
            errors.UnexpectedAnswer,
        ),
        (httpx.Response(200, text="[" * 100_000), errors.UnexpectedAnswer),
    ],
)
def test_an_error_is_of_its_class(answer: httpx.Response, expected: type[Exception]) -> None:
    api = FakeApi(script=[answer])
    with pytest.raises(expected) as raised:
        api.client().jobs.get(job_id(1))
    assert type(raised.value) is expected
    assert len(api.requests) == 1


@pytest.mark.parametrize("wrong", ["", "job_1", "../models", job_id(1) + "/x", job_id(1) + "\n"])
def test_only_a_job_s_id_makes_a_path(wrong: str) -> None:
    api = FakeApi()
    with pytest.raises(ValueError, match="not a job's id"):
        api.client().jobs.get(wrong)
    assert api.requests == []


def test_pages_are_read_as_they_are_needed() -> None:
    api = FakeApi().add(*(a_job(number, source="a.csv") for number in range(1, 6)))
    found = api.client().jobs.list(source="a.csv", page_size=2)
    assert next(found).job_id == job_id(1)
    assert len(api.requests) == 1
    assert [job.job_id for job in found] == [job_id(number) for number in range(2, 6)]
    assert len(api.requests) == 3


def test_a_model_s_slash_is_a_part_of_the_path() -> None:
    api = FakeApi(models=[a_model()])
    assert api.client().models.get(MODEL).id == MODEL
    assert api.requests[0].url.path == f"/models/{MODEL}"
    assert [each.id for each in api.client().models.list()] == [MODEL]


def test_a_price_buys_nothing() -> None:
    api = FakeApi(script=[BROKEN])  # so it is safe to ask again
    estimate = api.client().price(MODEL, {"prompt": "A blue door"}).estimate
    assert estimate is not None
    assert (estimate.credits_high, api.jobs) == (7.0, {})


def test_the_asynchronous_client_does_the_same() -> None:
    api = FakeApi(script=[BROKEN, DOWN])

    async def journey(client: AsyncRingback) -> list[str]:
        async with client:
            made = await client.jobs.create(MODEL, {"prompt": "A blue door"})
            return [made.job_id, *[job.job_id async for job in client.jobs.list()]]

    assert asyncio.run(journey(api.async_client())) == [job_id(1)] * 2
    assert api.slept == [0.5, 1]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"key": ""}, "No API key"),
        ({"key": "rb_ä"}, "characters"),
        ({"key": "rb_a\nb"}, "characters"),
        ({"api_url": ""}, "No API:"),
        ({"api_url": "http://api.example"}, "https://"),
        ({"api_url": "https://user@api.example"}, "plain URL"),
        ({"api_url": "api.example"}, "plain URL"),
        ({"api_url": "https://[::1"}, "plain URL"),
        ({"api_url": "https://api.example:99999"}, "plain URL"),
        ({"live_url": "ws://live.example"}, "wss://"),
    ],
)
def test_unsafe_settings_are_refused(given: dict[str, str], said: str) -> None:
    settings = {"api_url": API, "key": KEY, "live_url": ""} | given
    with pytest.raises(errors.NotConfigured, match=said) as raised:
        settings_of(**settings, environ={})
    assert KEY not in str(raised.value)


def test_settings_come_from_the_environment() -> None:
    environ = {"RINGBACK_API_URL": "http://127.0.0.1:4566/", "RINGBACK_KEY": f"{KEY}\n"}
    settings = settings_of(environ=environ | {"RINGBACK_LIVE_URL": "ws://127.0.0.1:1"})
    assert settings.api_url == "http://127.0.0.1:4566"
    assert (settings.key, settings.live_url) == (KEY, "ws://127.0.0.1:1")
    assert KEY not in repr(settings)


def test_a_list_is_asked_for_in_the_api_s_words_and_walked_past_empty_pages() -> None:
    pages: list[dict[str, Any]] = [
        {"jobs": [], "cursor": "c1"},
        {"jobs": [a_job(1)], "cursor": "c2"},
        {"jobs": [], "cursor": None},
    ]
    api = FakeApi(script=[httpx.Response(200, json=page) for page in pages])
    found = api.client().jobs.list(
        status=["failed", "expired"],
        model=MODEL,
        tag="spring",
        since=date(2026, 11, 27),
        until=datetime(2026, 11, 28, 12, tzinfo=timezone(timedelta(hours=2))),
        search="blue door",
        page_size=7,
    )
    assert [job.job_id for job in found] == [job_id(1)]
    asked = {
        **{"status": "failed,expired", "model": MODEL, "tag": "spring", "q": "blue door"},
        **{"from": "2026-11-27", "to": "2026-11-28T10:00:00+00:00", "limit": "7"},
    }
    assert [dict(each.url.params) for each in api.requests] == [
        asked,
        asked | {"cursor": "c1"},
        asked | {"cursor": "c2"},
    ]


def test_there_is_no_other_filter() -> None:
    with pytest.raises(TypeError, match="no filter stauts"):
        FakeApi().client().jobs.list(stauts="failed")  # type: ignore[call-arg]


def used(by: str, group: str, jobs: int) -> dict[str, Any]:
    counts = {"succeeded": jobs - 1, "failed": 1, "images": jobs, "credits": 0.5, "bytes": 7}
    return {by: group, "jobs": jobs, **counts}


def test_usage_is_added_up_over_all_pages() -> None:
    pages = [
        {"usage": [used("model", "b", 2), used("model", "a", 1)], "cursor": "c1"},
        {"usage": [used("model", "b", 3)], "cursor": None},
    ]
    api = FakeApi(script=[httpx.Response(200, json=page) for page in pages])
    one, other = api.client().usage(since=date(2026, 11, 1), by="model")
    assert (one.model, one.jobs, one.day) == ("a", 1, None)
    assert (other.model, other.jobs, other.succeeded, other.failed) == ("b", 5, 3, 2)
    assert (other.images, other.credits, other.bytes) == (5, 1.0, 14)
    assert [dict(each.url.params) for each in api.requests] == [
        {"from": "2026-11-01", "by": "model"},
        {"from": "2026-11-01", "by": "model", "cursor": "c1"},
    ]
