"""kie.ai's own API, as a client written for kie.ai sees it."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from http import HTTPStatus
from typing import Any

import pytest
from ringback.domain.accounts import Account, Balance, Pause, PauseReason
from ringback.domain.allowances import Allowance
from ringback.domain.errors import (
    IdempotencyConflict,
    KeyInUse,
    RingbackError,
    TooManyJobs,
    TryAgain,
)
from ringback.domain.jobs import ErrorKind, JobError, JobStatus
from ringback.domain.verdicts import TaskState
from ringback.providers.kie.client import NOTHING_CREATED, TRY_AGAIN, read_record
from ringback.use_cases.provider_apis import ApiReply

from tests.support.jobs import MODEL, NOON, PROMPT, TASK, a_job, a_job_id, a_stored_image
from tests.support.provider_apis import SHOP_KEY, STUDIO_KEY, ServedApis, link_to

CREATE = "POST /api/v1/jobs/createTask"
RECORD = "GET /api/v1/jobs/recordInfo"
CREDIT = "GET /api/v1/chat/credit"
STUDIO = {"authorization": f"Bearer {STUDIO_KEY}"}
REQUEST = {"model": MODEL, "input": {"prompt": PROMPT, "max_images": 2}}
HOOK = "https://hooks.example.net/kie"


@pytest.fixture
def served() -> ServedApis:
    return ServedApis()


def record_of(served: ServedApis, task_id: str) -> dict[str, Any]:
    reply = served(RECORD, headers=STUDIO, query={"taskId": task_id})
    assert (reply.status, reply.body["code"], reply.body["msg"]) == (200, 200, "success")
    data: dict[str, Any] = reply.body["data"]
    return data


def code_of(reply: ApiReply) -> tuple[int, int]:
    assert reply.body.keys() == {"code", "msg", "data"}
    assert reply.body["data"] is None
    assert reply.body["msg"]
    return reply.status, reply.body["code"]


# ------------------------------------------------------------------ createTask


def test_a_task_is_a_job(served: ServedApis) -> None:
    reply = served(CREATE, REQUEST | {"callBackUrl": HOOK}, headers=STUDIO)
    [job] = served.jobs.by_id.values()
    assert reply.status == HTTPStatus.OK
    assert reply.accepted
    assert reply.accepted.job_id == job.job_id
    assert reply.body == {"code": 200, "msg": "success", "data": {"taskId": job.job_id}}
    assert (job.client, job.status, job.request.provider) == ("studio", "accepted", "kie")
    assert (job.request.call_back_url, job.request.form) == (HOOK, "kie")
    assert job.request.input["max_images"] == 2
    assert served.queues.submit == [(job.job_id, 0, None)]


@pytest.mark.parametrize("empty", ["", None])
def test_an_empty_callback_url_is_none(served: ServedApis, empty: object) -> None:
    assert served(CREATE, REQUEST | {"callBackUrl": empty}, headers=STUDIO).accepted
    [job] = served.jobs.by_id.values()
    assert job.request.call_back_url is None


def test_every_wrong_field_is_named_in_the_message(served: ServedApis) -> None:
    wrong = {"model": MODEL, "input": {"prompt": "", "max_images": 7, "size": "1K"}}
    reply = served(CREATE, wrong, headers=STUDIO)
    assert code_of(reply) == (200, 422)
    assert reply.refused == "InvalidRequest"
    for field in ("input.prompt: ", "input.max_images: ", "input.size: "):
        assert field in reply.body["msg"]
    assert served.jobs.by_id == {}


def test_a_message_is_bounded(served: ServedApis) -> None:
    many = {"model": MODEL, "input": {f"field{number}": 1 for number in range(500)}}
    assert len(served(CREATE, many, headers=STUDIO).body["msg"]) == 2000


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b'"x"', b'{"model":1,"model":2}', b"\xff{}"])
def test_a_body_that_is_no_request_is_a_validation_error(served: ServedApis, body: bytes) -> None:
    assert code_of(served(CREATE, body, headers=STUDIO)) == (200, 422)


def test_a_body_is_at_most_128_kib_and_64_levels_deep(served: ServedApis) -> None:
    large = b'{"model":"' + b"x" * 128 * 1024 + b'"}'
    deep = b'{"input":' * 65 + b"{}" + b"}" * 65
    for body in (large, deep):
        assert code_of(served(CREATE, body, headers=STUDIO)) == (200, 422)


@pytest.mark.parametrize("model", ["chanjing/kling-v2", "kling-v2", "nobody/nothing", 1, None])
def test_only_models_of_kie_are_known(served: ServedApis, model: object) -> None:
    reply = served(CREATE, {"model": model, "input": {"ref_prompt": "x"}}, headers=STUDIO)
    assert code_of(reply) == (200, 422)
    assert served.jobs.by_id == {}


def test_an_idempotency_key_is_honoured(served: ServedApis) -> None:
    keyed = STUDIO | {"idempotency-key": "order-66"}
    first, again = (served(CREATE, REQUEST, headers=keyed) for _ in range(2))
    assert first.body == again.body
    assert len(served.jobs.by_id) == 1
    assert code_of(served(CREATE, REQUEST | {"callBackUrl": HOOK}, headers=keyed)) == (200, 422)
    assert code_of(served(CREATE, REQUEST, headers=STUDIO | {"idempotency-key": ""})) == (200, 422)
    both = served(CREATE, {}, headers=STUDIO | {"idempotency-key": ""}).body["msg"]
    assert "Idempotency-Key: must have" in both
    assert "model: required" in both
    assert served(CREATE, REQUEST, headers=STUDIO).body != first.body


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [
        (TryAgain("the queue did not confirm the message"), 200, 455),
        (KeyInUse("the first request is still being recorded"), 429, 429),
        (TooManyJobs(Allowance(most=2, left=0, seconds=42)), 429, 429),
        (IdempotencyConflict("another request had this key"), 200, 422),
    ],
)
def test_what_may_be_sent_again_has_a_code_for_nothing_created(
    served: ServedApis,
    monkeypatch: pytest.MonkeyPatch,
    error: RingbackError,
    status: int,
    code: int,
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(served.jobs, "create", fail)
    reply = served(CREATE, REQUEST, headers=STUDIO)
    assert code_of(reply) == (status, code)
    assert reply.body["msg"] == str(error)
    assert (code in NOTHING_CREATED, code in TRY_AGAIN) == (True, code != 422)


# ------------------------------------------------------------------ keys


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        f"Bearer {STUDIO_KEY}x",
        STUDIO_KEY,
        f"Basic {STUDIO_KEY}",
        "Bearer \N{SNOWMAN}",
    ],
)
@pytest.mark.parametrize("route", [CREATE, RECORD, CREDIT])
def test_without_a_client_key_every_route_answers_the_same(
    served: ServedApis, route: str, header: str
) -> None:
    """Nothing else is looked at, so a stranger learns nothing else."""
    reply = served(route, b"no", headers={"authorization": header})
    assert reply.status == HTTPStatus.OK
    assert reply.body == {
        "code": 401,
        "msg": "You do not have access permissions",
        "data": None,
    }
    assert reply.refused == "Unauthorized"


def test_a_new_key_works_at_once(served: ServedApis) -> None:
    served.hashes.stored, served.hashes.cached = served.hashes.cached, {}
    assert served(CREATE, REQUEST, headers=STUDIO).accepted


# ------------------------------------------------------------------ recordInfo


@pytest.mark.parametrize(
    ("status", "state"),
    [
        (JobStatus.ACCEPTED, "waiting"),
        (JobStatus.SUBMITTING, "queuing"),
        (JobStatus.RUNNING, "generating"),
        (JobStatus.ARCHIVING, "generating"),
        (JobStatus.SUCCEEDED, "success"),
        (JobStatus.FAILED, "fail"),
        (JobStatus.EXPIRED, "fail"),
        (JobStatus.ARCHIVE_FAILED, "fail"),
        (JobStatus.CANCELLED, "fail"),
    ],
)
def test_every_state_has_one_of_kie(served: ServedApis, status: JobStatus, state: str) -> None:
    job = served.put(a_job(status, images=(a_stored_image(),)))
    record = record_of(served, job.job_id)
    assert record["state"] == state
    assert (record["resultJson"] is not None) == (state == "success")
    assert bool(record["failCode"]) == bool(record["failMsg"]) == (state == "fail")


def test_a_record_of_a_success_has_links_to_our_copies(served: ServedApis) -> None:
    images = (a_stored_image(1), a_stored_image(2))
    finished_at = NOON + timedelta(seconds=15, milliseconds=250)
    job = a_job(
        JobStatus.SUCCEEDED,
        images=images,
        credits=Decimal("3.5"),
        finished_at=finished_at,
        updated_at=finished_at + timedelta(seconds=1),
        task_id=TASK,
    )
    sent = {"model": MODEL, "callBackUrl": HOOK, "input": {"prompt": PROMPT}}
    served.put(job, call_back_url=HOOK, sent=sent)
    created = int(NOON.timestamp()) * 1000
    record = record_of(served, job.job_id)
    assert json.loads(record.pop("param")) == sent
    assert json.loads(record.pop("resultJson")) == {
        "resultUrls": [link_to(image.key) for image in images]
    }
    assert record == {
        "taskId": job.job_id,
        "model": MODEL,
        "state": "success",
        "failCode": "",
        "failMsg": "",
        "costTime": 15250,
        "createTime": created,
        "completeTime": created + 15250,
        "updateTime": created + 16250,
        "creditsConsumed": 3.5,
    }


def test_a_record_says_why_a_job_failed(served: ServedApis) -> None:
    error = JobError(kind=ErrorKind.GENERATION_FAILED, message="content policy", code="400")
    job = served.put(a_job(JobStatus.FAILED, error=error))
    record = record_of(served, job.job_id)
    assert (record["failCode"], record["failMsg"]) == ("400", "content policy")
    assert record["creditsConsumed"] == 0


def test_a_cancelled_job_is_a_failed_task(served: ServedApis) -> None:
    record = record_of(served, served.put(a_job(JobStatus.CANCELLED)).job_id)
    assert (record["state"], record["failCode"]) == ("fail", "501")
    assert record["failMsg"] == "cancelled before it was sent; nothing was charged"


def test_unknown_credits_of_a_success_are_null(served: ServedApis) -> None:
    job = served.put(a_job(JobStatus.SUCCEEDED), sent={"input": {"prompt": "红"}})
    record = record_of(served, job.job_id)
    assert record["creditsConsumed"] is None
    assert "红" in record["param"]


@pytest.mark.parametrize("kind", ErrorKind)
def test_every_kind_of_error_has_a_code_of_kie(served: ServedApis, kind: ErrorKind) -> None:
    job = served.put(a_job(JobStatus.FAILED, error=JobError(kind=kind, message="why")))
    assert record_of(served, job.job_id)["failCode"] in ("408", "422", "455", "500", "501")


def test_our_own_client_of_kie_reads_a_record(served: ServedApis) -> None:
    """It was written for kie.ai's answers."""
    job = served.put(a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),), credits=Decimal(5)))
    reply = served(RECORD, headers=STUDIO, query={"taskId": job.job_id})
    report = read_record(json.loads(json.dumps(reply.body)), job.job_id)  # type: ignore[arg-type]
    assert report.state is TaskState.SUCCEEDED
    assert report.image_urls == (link_to(a_stored_image().key),)
    assert report.credits == 5


def test_a_job_of_another_client_or_provider_is_an_unknown_task(served: ServedApis) -> None:
    others = served.put(a_job(number=1, client="shop"))
    chanjing = served.put(a_job(number=2), provider="chanjing", model="chanjing/kling-v2")
    unknown = served(RECORD, headers=STUDIO, query={"taskId": a_job_id(77)})
    assert code_of(unknown) == (200, 404)
    for task_id in (others.job_id, chanjing.job_id, TASK, "x" * 5000, "../jobs", "idempotency#a"):
        assert served(RECORD, headers=STUDIO, query={"taskId": task_id}) == unknown
    shop = {"authorization": f"Bearer {SHOP_KEY}"}
    assert served(RECORD, headers=shop, query={"taskId": others.job_id}).body["code"] == 200


def test_a_record_without_an_id_is_a_validation_error(served: ServedApis) -> None:
    assert code_of(served(RECORD, headers=STUDIO)) == (200, 422)


# ------------------------------------------------------------------ credit


BROKE = Pause(reason=PauseReason.NO_CREDITS, since=NOON, probe_at=NOON)
CAPPED = replace(BROKE, reason=PauseReason.KEY_LIMIT_REACHED)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("account", "left"),
    [
        (Account(provider="kie", balance=Balance(Decimal(100), NOON)), 100),
        (Account(provider="kie", balance=Balance(Decimal("0.5"), NOON)), 0.5),
        (Account(provider="kie", pause=BROKE), 0),
        (Account(provider="kie", pause=BROKE, balance=Balance(Decimal(9), NOON - HOUR)), 0),
        (Account(provider="kie", pause=BROKE, balance=Balance(Decimal(9), NOON)), 9),
        (Account(provider="kie", pause=CAPPED, balance=Balance(Decimal(9), NOON - HOUR)), 9),
    ],
)
def test_the_credits_are_those_of_the_last_probe(
    served: ServedApis, account: Account, left: float
) -> None:
    served.accounts.accounts["kie"] = account
    reply = served(CREDIT, headers=STUDIO)
    assert (reply.status, reply.body) == (200, {"code": 200, "msg": "success", "data": left})
    assert type(reply.body["data"]) is type(left)


def test_unknown_credits_are_not_zero(served: ServedApis) -> None:
    """A client would stop sending jobs at zero."""
    assert code_of(served(CREDIT, headers=STUDIO)) == (200, 505)
