"""Many jobs in one request, with whole events."""

import json
from typing import Any

import boto3
import pytest
from ringback.domain.jobs import JobStatus

from tests.support.aws import Cloud
from tests.support.lambdas import Lambdas, an_event, with_body, with_headers
from tests.support.posts import body_of

PHOTO = {"model": "bytedance/seedream-v4-text-to-image", "input": {"prompt": "a kite"}}


def a_batch_of(*jobs: object, key: str | None = "order-7") -> dict[str, Any]:
    event = with_body(an_event("accept_job", "batch"), json.dumps({"jobs": jobs}).encode())
    headers = {name: each for name, each in event["headers"].items() if name != "idempotency-key"}
    event = event | {"headers": headers}
    return with_headers(event, idempotency_key=key) if key else event


def post(lambdas: Lambdas, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
    reply = lambdas("accept_job", event)
    return reply["statusCode"], body_of(reply)


def recorded(cloud: Cloud) -> list[str]:
    items = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    return [item["job_id"]["S"] for item in items if item["job_id"]["S"].startswith("job_")]


def test_a_refused_job_does_not_hold_up_the_others(cloud: Cloud, lambdas: Lambdas) -> None:
    status, body = post(lambdas, an_event("accept_job", "batch"))
    first, second, third = body["outcomes"]
    assert (status, first["status"], second["status"], third["status"]) == (200, 202, 400, 202)
    assert first["job"]["status"] == third["job"]["status"] == JobStatus.ACCEPTED
    assert third["job"]["input"]["prompt"] == "a blue kite"
    [error] = second["problem"]["errors"]
    assert error["field"] == "input.image_size"
    assert {each["job_id"] for each, _ in lambdas.sent(cloud.submit_queue)} == set(recorded(cloud))
    assert len(recorded(cloud)) == 2


def test_a_repeated_batch_buys_nothing_twice(cloud: Cloud, lambdas: Lambdas) -> None:
    _, first = post(lambdas, a_batch_of(PHOTO, PHOTO))
    _, again = post(lambdas, a_batch_of(PHOTO, PHOTO))
    assert again == first
    assert len(recorded(cloud)) == len({each["job"]["job_id"] for each in first["outcomes"]}) == 2
    other = PHOTO | {"input": {"prompt": "another"}}
    _, changed = post(lambdas, a_batch_of(PHOTO, other))
    assert [each["status"] for each in changed["outcomes"]] == [202, 422]


def test_what_did_not_fit_into_the_time_is_sent_again(
    cloud: Cloud, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    seconds = iter([20.0, 7.0])
    module = "functions.accept_job.app.time_of"
    monkeypatch.setattr(module, lambda _context: lambda: next(seconds))
    _, body = post(lambdas, a_batch_of(PHOTO, PHOTO))
    assert [each["status"] for each in body["outcomes"]] == [202, 503]
    assert "the same batch again" in body["outcomes"][1]["problem"]["detail"]
    assert len(recorded(cloud)) == 1
    monkeypatch.setattr(module, lambda _context: lambda: 20.0)
    _, again = post(lambdas, a_batch_of(PHOTO, PHOTO))
    assert [each["status"] for each in again["outcomes"]] == [202, 202]
    assert again["outcomes"][0] == body["outcomes"][0]


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (a_batch_of(PHOTO, key=None), "Idempotency-Key"),
        (a_batch_of(PHOTO, key="k" * 253), "Idempotency-Key"),
        (a_batch_of(PHOTO, key="caf\u00e9"), "Idempotency-Key"),
        (a_batch_of(), "jobs"),
        (a_batch_of(*[PHOTO] * 101), "jobs"),
        (a_batch_of(PHOTO, "a kite"), "jobs.1"),
        (with_body(a_batch_of(PHOTO), b'{"jobs": [{}], "model": "x"}'), "model"),
        (with_body(a_batch_of(PHOTO), b'{"jobs": {}}'), "jobs"),
        (with_body(a_batch_of(PHOTO), b"[]"), ""),
        (a_batch_of(PHOTO) | {"queryStringParameters": {"dry_run": "true"}}, "dry_run"),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused_whole(
    cloud: Cloud, lambdas: Lambdas, event: dict[str, Any], field: str
) -> None:
    status, body = post(lambdas, event)
    assert (status, [each["field"] for each in body["errors"]]) == (400, [field])
    assert recorded(cloud) == []


def test_a_hundred_jobs_and_a_megabyte_are_taken(
    cloud: Cloud, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("functions.accept_job.app.time_of", lambda _context: lambda: 20.0)
    long = PHOTO | {"input": {"prompt": "k" * 4900}}
    status, body = post(lambdas, a_batch_of(*[long] * 100))
    assert (status, {each["status"] for each in body["outcomes"]}) == (200, {202})
    assert len(recorded(cloud)) == 100
    event = a_batch_of(PHOTO)
    reply = lambdas("accept_job", with_body(event, event["body"].ljust(1024 * 1024 + 1).encode()))
    assert reply["statusCode"] == 413
