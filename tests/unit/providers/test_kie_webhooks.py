"""Webhooks in kie.ai's own form, as a receiver that was written for kie.ai takes them."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from ringback.domain.errors import NotConfigured
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.domain.verdicts import TaskState
from ringback.domain.webhooks import MAX_BODY_BYTES
from ringback.providers.kie.callback import KieCallbackReader
from ringback.providers.kie.webhooks import KieWebhooks

from tests.support.jobs import MODEL, NOON, PROMPT, a_job, a_stored_image
from tests.support.provider_apis import link_to
from tests.support.webhooks import OLD_SECRET, SECRET, a_webhook

FORM = KieWebhooks()
AT = datetime.fromtimestamp(1_790_000_000, UTC)
HOOK = "https://hooks.example.net/kie"
CREATED = int(NOON.timestamp()) * 1000


def a_told_job(status: JobStatus, *, sent: Any = None, **changes: Any) -> Job:
    end = NOON + timedelta(seconds=20, milliseconds=400)
    job = a_job(status, finished_at=end, updated_at=end, **changes)
    given = sent or {"model": MODEL, "callBackUrl": HOOK, "input": {"prompt": PROMPT}}
    return replace(job, request=replace(job.request, call_back_url=HOOK, sent=given))


def body_of(job: Job) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(FORM.body(job, link_to))
    return body


def test_a_success_is_told_as_kie_tells_it() -> None:
    images = (a_stored_image(1), a_stored_image(2))
    job = a_told_job(JobStatus.SUCCEEDED, images=images, credits=Decimal(5))
    body = body_of(job)
    data = body.pop("data")
    assert body == {"code": 200, "msg": "Playground task completed successfully."}
    param = json.loads(data.pop("param"))
    assert json.loads(param.pop("input")) == {"prompt": PROMPT}
    assert param == {"model": MODEL, "callBackUrl": HOOK}
    assert json.loads(data.pop("resultJson")) == {
        "resultUrls": [link_to(image.key) for image in images]
    }
    assert data == {
        "taskId": job.job_id,
        "task_id": job.job_id,
        "model": MODEL,
        "state": "success",
        "failCode": "",
        "failMsg": "",
        "creditsConsumed": 5,
        "costTime": 20,
        "createTime": CREATED,
        "completeTime": CREATED + 20_400,
        "updateTime": CREATED + 20_400,
    }


@pytest.mark.parametrize(
    "status",
    [JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.ARCHIVE_FAILED, JobStatus.CANCELLED],
)
def test_every_other_end_is_a_failure(status: JobStatus) -> None:
    error = JobError(kind=ErrorKind.NO_VERDICT, message="no result in time")
    body = body_of(a_told_job(status, error=error, images=(a_stored_image(),)))
    assert (body["code"], body["msg"]) == (501, "Playground task failed.")
    data = body["data"]
    assert (data["state"], data["resultJson"]) == ("fail", None)
    assert (data["failCode"], data["failMsg"]) == ("408", "no result in time")
    assert data["creditsConsumed"] == 0


def test_a_job_without_an_end_took_no_time() -> None:
    assert body_of(replace(a_told_job(JobStatus.FAILED), finished_at=None))["data"]["costTime"] == 0


def test_a_body_without_its_echo_fits() -> None:
    sent = {"model": MODEL, "input": {"prompt": "水" * 30_000}}
    job = a_told_job(JobStatus.SUCCEEDED, images=(a_stored_image(),), sent=sent)
    text = FORM.body(job, link_to)
    assert len(text.encode()) <= MAX_BODY_BYTES
    assert json.loads(text)["data"]["param"] == ""
    assert json.loads(text)["data"]["resultJson"]


@pytest.mark.parametrize(
    ("task_id", "signature"),
    [
        ("0123456789abcdef0123456789abcdef", "0sOKEuIpvRXdwCFp1hHj8WRKlz4MTWRw8j7Nsm4f4vM="),
        ("task_seedream_1790000000001", "w5uh9K2hJPBUxmS1RkCDPTuF/C3QYIaT94lSUxaXgfY="),
    ],
)
def test_the_signature_is_kie_s(task_id: str, signature: str) -> None:
    webhook = a_webhook()
    webhook = replace(webhook, job_id=JobId(task_id))
    assert FORM.headers(webhook, "unit-test-webhook-key", at=AT) == {
        "X-Webhook-Timestamp": "1790000000",
        "X-Webhook-Signature": signature,
    }


def test_a_reader_of_kie_s_callbacks_accepts_it() -> None:
    """Ringback's own, which was written for kie.ai's."""
    job = a_told_job(JobStatus.SUCCEEDED, images=(a_stored_image(),), credits=Decimal("3.5"))
    given = FORM.headers(replace(a_webhook(), job_id=job.job_id), SECRET, at=AT)
    headers = {name.lower(): value for name, value in given.items()}
    reader = KieCallbackReader(keys=lambda: [SECRET.encode()])
    read = reader.read(headers, FORM.body(job, link_to).encode(), now=AT)
    assert read.proven
    assert str(read.report.task_id) == job.job_id
    assert read.report.state is TaskState.SUCCEEDED
    assert read.report.image_urls == (link_to(a_stored_image().key),)
    assert read.report.credits == Decimal("3.5")


def test_during_a_rotation_the_tries_take_turns() -> None:
    def signed(attempt: int, secret: object) -> str:
        return FORM.headers(a_webhook(attempt=attempt), secret, at=AT)["X-Webhook-Signature"]

    both = [signed(attempt, [SECRET, OLD_SECRET]) for attempt in (1, 2, 3)]
    assert both == [signed(1, SECRET), signed(1, OLD_SECRET), signed(1, SECRET)]


@pytest.mark.parametrize("secret", [None, "", []])
def test_without_a_secret_it_is_unsigned_as_kie_s_are(secret: object) -> None:
    assert FORM.headers(a_webhook(), secret, at=AT) == {}


def test_a_secret_that_could_be_guessed_is_not_used() -> None:
    with pytest.raises(NotConfigured):
        FORM.headers(a_webhook(), "short", at=AT)
