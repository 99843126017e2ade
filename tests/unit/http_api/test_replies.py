import json
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from ringback.domain import errors
from ringback.domain.accounts import Account, Pause, PauseReason, Wait
from ringback.domain.allowances import Allowance
from ringback.domain.errors import FieldError, InvalidRequest, RequestRefused
from ringback.domain.estimates import Estimate
from ringback.domain.images import Quarantined, Remains
from ringback.domain.jobs import ErrorKind, JobError, JobStatus
from ringback.http_api.replies import (
    account_body,
    dry_run_body,
    job_body,
    problem,
    reply,
    waiting_for,
)

from tests.support.jobs import (
    NOON,
    TASK,
    a_job,
    a_job_id,
    a_request,
    a_stored_image,
    a_tagged_request,
)


def test_a_reply_is_uncached_json() -> None:
    answer = reply(HTTPStatus.ACCEPTED, {"word": "\N{SNOWMAN}"})
    assert answer == {
        "statusCode": 202,
        "headers": {"content-type": "application/json", "cache-control": "no-store"},
        "body": '{"word": "\N{SNOWMAN}"}',
    }
    assert type(answer["statusCode"]) is int


USED_UP = Allowance(most=60, left=0, seconds=34)
PROBLEMS: list[tuple[RequestRefused | errors.TryAgain, int, str, str]] = [
    (InvalidRequest([]), 400, "invalid-request", "see `errors`"),
    (errors.MalformedCallback("not JSON"), 400, "bad-request", "not JSON"),
    (errors.SignatureRejected("too old"), 401, "signature-rejected", "too old"),
    (errors.Unauthorized("no word Bearer"), 401, "unauthorized", "no word Bearer"),
    (errors.UnknownJob("job_1"), 404, "unknown-job", "Unknown job."),
    (errors.JobDeleted("job_1"), 410, "job-deleted", "was deleted"),
    (errors.UnknownModel("unknown model"), 404, "unknown-model", "unknown model"),
    (errors.UnknownDrop("x"), 404, "unknown-drop", "no jobs of such a file"),
    (errors.UnknownProvider("x"), 404, "unknown-provider", "Unknown provider"),
    (errors.UnknownReceiver("x"), 404, "unknown-receiver", ""),
    (errors.UnknownRoute(), 404, "unknown-route", "Unknown route"),
    (errors.WrongState("it is running"), 409, "wrong-state", "it is running"),
    (errors.TryAgain("in a moment"), 503, "not-queued", "in a moment"),
    (errors.WrongCursor("another list's"), 422, "wrong-cursor", "another list's"),
    (errors.IdempotencyConflict("used before"), 422, "key-reused", "used before"),
    (errors.KeyInUse("in a moment"), 409, "request-in-flight", "in a moment"),
    (errors.TooManyJobs(USED_UP), 429, "quota-exceeded", "60 jobs a minute; the next can be in 34"),
    (errors.PayloadTooLarge("at most 7"), 413, "too-large", "at most 7"),
    (RequestRefused("something else"), 400, "bad-request", "something else"),
]


@pytest.mark.parametrize(("error", "status", "name", "detail"), PROBLEMS)
def test_each_refusal_has_its_status(
    error: RequestRefused | errors.TryAgain, status: int, name: str, detail: str
) -> None:
    answer = problem(error)
    body = json.loads(answer["body"])
    assert answer["statusCode"] == body["status"] == status
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert body["type"] == f"/docs#{name}"
    assert body["title"]
    assert detail in body["detail"]


def test_every_refusal_has_an_explicit_status() -> None:
    known = {type(error) for error, *_ in PROBLEMS}
    refusals = {
        RequestRefused,
        errors.JobDeleted,
        *RequestRefused.__subclasses__(),
        errors.TryAgain,
    }
    assert refusals == known


def test_the_reply_for_an_unknown_job_does_not_name_it() -> None:
    assert problem(errors.UnknownJob("job_1")) == problem(errors.UnknownJob("a secret"))


def test_every_invalid_field_is_in_the_reply() -> None:
    found = [FieldError("input.prompt", "required"), FieldError("input.seed", "unknown field")]
    body = json.loads(problem(InvalidRequest(found))["body"])
    assert body["errors"] == [
        {"field": "input.prompt", "message": "required"},
        {"field": "input.seed", "message": "unknown field"},
    ]


NEW: dict[str, Any] = {
    "job_id": a_job_id(),
    "status": "accepted",
    "changes": 0,
    "retry_of": None,
    "source": None,
    "row": None,
    "tags": [],
    "provider": "kie",
    "model": "bytedance/seedream-v4-text-to-image",
    "input": dict(a_job().request.input),
    "input_checked": True,
    "created_at": "2026-09-21T12:00:00+00:00",
    "updated_at": "2026-09-21T12:00:00+00:00",
    "submitted_at": None,
    "finished_at": None,
    "attempts": 0,
    "task_id": None,
    "credits": None,
    "error": None,
    "images": [],
    "missing_images": [],
}


def test_a_new_job_has_every_field() -> None:
    assert json.loads(json.dumps(job_body(a_job()))) == NEW


@pytest.mark.parametrize("until", [None, NOON + timedelta(minutes=5)])
def test_a_waiting_job_has_a_reason(until: datetime | None) -> None:
    wait = Wait(reason=PauseReason.NO_CREDITS, provider="kie", since=NOON, until=until)
    shown = {"reason": "no_credits", "provider": "kie", "since": "2026-09-21T12:00:00+00:00"}
    if until:
        shown["until"] = "2026-09-21T12:05:00+00:00"
    assert json.loads(json.dumps(waiting_for(wait))) == {"waiting_for": shown}
    assert waiting_for(None) == {"waiting_for": None}


REMAINS = Remains(bytes=7, sha256="0" * 64)


def test_an_account_is_shown_without_its_jobs() -> None:
    """Whoever asks may be another client than the one that has the refused job."""
    paused = Pause(reason="no_credits", since=NOON, probe_at=NOON, refused_job=a_job_id(5))
    open_, account = Account(provider="kie"), Account(provider="kie", pause=paused)
    tried = replace(account, pause=replace(paused, half_open_at=NOON, trial=a_job_id(6)))
    since = NOON.isoformat()
    assert [tuple(account_body(each).values()) for each in (open_, account, tried)] == [
        ("kie", "open", None, None),
        ("kie", "paused", "no_credits", since),
        ("kie", "half_open", "no_credits", since),
    ]


def test_a_finished_job_has_its_result() -> None:
    image = replace(a_stored_image(2), thumbnail="small")
    job = a_job(
        JobStatus.ARCHIVE_FAILED,
        submitted_at=NOON + timedelta(seconds=1),
        finished_at=NOON + timedelta(minutes=1),
        task_id=TASK,
        credits=Decimal("3.5"),
        attempts=2,
        error=JobError(
            kind=ErrorKind.IMAGES_LOST,
            message="lost",
            may_be_charged=True,
            missing=(1,),
            reasons=("a web page",),
            kept_until=NOON + timedelta(days=14),
        ),
        quarantined=(Quarantined(number=1, key="a key", remains=REMAINS, reason="a web page"),),
        result_urls=("https://cdn.example/1.png?signature=secret",),
        images=(image,),
        idempotency_key="a key",
        request=a_tagged_request("spring", "order 66"),
    )
    body = json.loads(json.dumps(job_body(job, lambda key: f"https://link.example/{key}")))
    assert body == NEW | {
        "status": "archive_failed",
        "tags": ["spring", "order 66"],
        "submitted_at": "2026-09-21T12:00:01+00:00",
        "finished_at": "2026-09-21T12:01:00+00:00",
        "task_id": TASK,
        "credits": 3.5,
        "attempts": 2,
        "error": {
            "kind": "images_lost",
            "message": "lost",
            "code": "",
            "may_be_charged": True,
            "missing": [1],
            "kept_until": "2026-10-05T12:00:00+00:00",
        },
        "images": [
            {
                "key": image.key,
                "content_type": "image/png",
                "extension": "png",
                "width": 1024,
                "height": 768,
                "bytes": image.facts.bytes,
                "sha256": image.facts.sha256,
                "trailing_bytes": 0,
                "damaged": False,
                "damage": None,
                "marks": {"c2pa": False, "iptc": None, "aigc_label": None},
                "url": f"https://link.example/{image.key}",
                "thumbnail_key": "small",
                "thumbnail_url": "https://link.example/small",
            }
        ],
        "missing_images": [
            {
                "number": 1,
                "source_url": "https://cdn.example/1.png?signature=secret",
                "reason": "a web page",
                "quarantined": [
                    {"key": "a key", "bytes": 7, "sha256": "0" * 64, "reason": "a web page"}
                ],
            }
        ],
    }


def test_images_without_a_link_function_have_no_url() -> None:
    (image,) = job_body(replace(a_job(), images=(a_stored_image(),)))["images"]
    assert "url" not in image
    assert "source_url" not in image


def test_a_dry_run_has_the_request_and_its_estimate() -> None:
    estimate = Estimate(images=3, low=Decimal("9.72"), high=Decimal(12), noted_on=date(2026, 8, 19))
    body = dry_run_body(replace(a_request(), checked=False), estimate)
    assert json.loads(json.dumps(body)) == {
        "dry_run": True,
        "provider": "kie",
        "model": "bytedance/seedream-v4-text-to-image",
        "input": dict(a_request().input),
        "input_checked": False,
        "estimate": {
            "credits_low": 9.72,
            "credits_high": 12.0,
            "images": 3,
            "noted_on": "2026-08-19",
            "is_estimate": True,
        },
    }


def test_a_dry_run_without_a_known_price_has_no_estimate() -> None:
    assert dry_run_body(a_request(), None)["estimate"] is None
