"""The check queue, with whole batches; the provider is on loopback."""

import json
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from ringback.aws.job_table import JobTable
from ringback.callbacks.tokens import make_token
from ringback.domain.clock import utc_now
from ringback.domain.jobs import FINAL, ErrorKind, Job, JobStatus

from tests.support.aws import CALLBACK_BASE_URL, CALLBACK_KEY, Cloud
from tests.support.jobs import TASK, a_job, a_job_id, a_stored_image
from tests.support.lambdas import Lambdas, a_batch
from tests.support.loopback_provider import RECORD, LoopbackProvider

URL = "https://cdn.example/1.png"
DONE: dict[str, Any] = {"batchItemFailures": []}


def ago(**time: float) -> datetime:
    return utc_now() - timedelta(**time)


def stored(cloud: Cloud, status: JobStatus, **changes: Any) -> Job:
    known: dict[str, Any] = {"task_id": TASK} if status is JobStatus.RUNNING else {}
    if status in (JobStatus.SUBMITTING, JobStatus.RUNNING):
        known["submitted_at"] = ago(minutes=15)
    job = a_job(status, **{"deadline_at": ago(seconds=1), "updated_at": ago(), **known, **changes})
    JobTable.connect(cloud.table).create(job)
    return job


def the_job(cloud: Cloud, number: int = 0) -> Job:
    return JobTable.connect(cloud.table).get(a_job_id(number))


def check(lambdas: Lambdas, **message: Any) -> dict[str, Any]:
    return lambdas("check_jobs", a_batch("check_jobs", "due", {"job_id": a_job_id(), **message}))


def a_record(state: str, *, task: str = TASK, **more: Any) -> dict[str, Any]:
    data = {"taskId": task, "state": state, "costTime": 2000, **more}
    return {"code": 200, "msg": "success", "data": data}


def our_url(number: int = 0, *, key: str = CALLBACK_KEY, base_url: str = CALLBACK_BASE_URL) -> str:
    token = make_token(key.encode(), "kie", a_job_id(number))
    return f"{base_url}/callbacks/kie/{a_job_id(number)}/{token}"


SUCCESS = a_record("success", resultJson=json.dumps({"resultUrls": [URL]}), creditsConsumed=3.5)


def test_a_check_of_a_final_job_is_dropped(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    jobs = [stored(cloud, status, number=n) for n, status in enumerate(sorted(FINAL))]
    messages = [{"job_id": job.job_id} for job in jobs]
    assert lambdas("check_jobs", a_batch("check_jobs", "due", *messages)) == DONE
    assert [the_job(cloud, n) for n, _ in enumerate(jobs)] == jobs
    assert (provider.requests, lambdas.written()) == ([], [])


def test_a_check_of_an_unknown_job_is_sent_once_more_and_then_dropped(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    assert check(lambdas) == DONE
    [(again, delay)] = lambdas.sent(cloud.check_queue)
    assert (again, delay) == ({"job_id": a_job_id(), "found_no_job": True}, 60)
    assert check(lambdas, **again) == DONE
    assert len(lambdas.sent(cloud.check_queue)) == 1
    assert provider.requests == []


def test_a_message_of_another_version_is_read(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.RUNNING, deadline_at=ago(seconds=-100))
    assert check(lambdas, added_later=1) == DONE
    assert len(lambdas.sent(cloud.check_queue)) == 1


@pytest.mark.parametrize("status", [JobStatus.ACCEPTED, JobStatus.SUBMITTING, JobStatus.RUNNING])
def test_a_job_before_its_deadline_is_checked_later(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, status: JobStatus
) -> None:
    stored(cloud, status, created_at=ago(seconds=800), deadline_at=ago(seconds=-100))
    assert check(lambdas) == DONE
    ((message, delay),) = lambdas.sent(cloud.check_queue)
    assert message == {"job_id": a_job_id()}
    assert 60 < delay <= 100
    assert provider.requests == []


def test_an_overdue_success_is_archived(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.RUNNING)
    provider.will_answer(RECORD, SUCCESS)
    assert check(lambdas) == DONE
    job = the_job(cloud)
    assert (job.status, job.result_urls) == (JobStatus.ARCHIVING, (URL,))
    assert job.credits == Decimal("3.5")
    assert lambdas.sent(cloud.archive_queue) == [({"job_id": a_job_id(), "attempt": 1}, 0)]
    (call,) = provider.requests
    assert call.query == f"taskId={TASK}"
    assert call.headers["authorization"] == "Bearer kie-key"


def test_an_overdue_failure_keeps_the_providers_reason(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.RUNNING)
    provider.will_answer(RECORD, a_record("fail", failCode="430", failMsg="Not this."))
    assert check(lambdas) == DONE
    job = the_job(cloud)
    assert job.error is not None
    assert (job.status, job.error.kind) == (JobStatus.FAILED, ErrorKind.GENERATION_FAILED)
    assert (job.error.code, job.error.message) == ("430", "Not this.")
    assert lambdas.sent(cloud.archive_queue) == []


A_DAY_OLD = {"submitted_at": ago(days=1), "deadline_at": ago(hours=23)}
UNFINISHED: list[dict[str, Any]] = [
    a_record("generating"),
    a_record("waiting", resultJson=json.dumps({"resultUrls": [URL]})),
    a_record("an unknown state"),
]
UNKNOWN: list[dict[str, Any]] = [
    {"code": 422, "msg": "recordInfo is null", "data": None},
    {"code": 404, "msg": "no such task", "data": None},
]


@pytest.mark.parametrize("answer", UNFINISHED)
def test_an_overdue_job_that_is_still_generating_is_read_again_at_twice_its_deadline(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, answer: dict[str, Any]
) -> None:
    job = stored(cloud, JobStatus.RUNNING)
    provider.will_answer(RECORD, answer)
    assert check(lambdas) == DONE
    assert the_job(cloud) == job
    [(message, delay)] = lambdas.sent(cloud.check_queue)
    assert 890 <= delay <= 900
    # An early delivery of that message, as SQS's limit of 15 minutes makes for, asks nothing.
    assert check(lambdas, **message) == DONE
    assert len(provider.requests) == 1
    assert [again for again, _ in lambdas.sent(cloud.check_queue)] == [message, message]


@pytest.mark.parametrize("answer", [*UNFINISHED, *UNKNOWN])
def test_an_overdue_job_without_a_verdict_expires(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, answer: dict[str, Any]
) -> None:
    stored(cloud, JobStatus.RUNNING, **(A_DAY_OLD if answer in UNFINISHED else {}))
    provider.will_answer(RECORD, answer)
    assert check(lambdas) == DONE
    job = the_job(cloud)
    assert job.error is not None
    assert (job.status, job.error.kind) == (JobStatus.EXPIRED, ErrorKind.NO_VERDICT)
    assert job.error.may_be_charged
    assert len(provider.requests) == 1


def test_an_overdue_job_without_a_task_id_expires_without_a_read(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.SUBMITTING)
    assert check(lambdas) == DONE
    assert the_job(cloud).status is JobStatus.EXPIRED
    assert provider.requests == []


@pytest.mark.parametrize(
    ("status", "body", "counted"),
    [
        (500, b"{}", "unanswered"),
        (200, b"<html>", "unanswered"),
        (401, b'{"code": 401, "msg": "no"}', "unconfigured"),
    ],
)
def test_an_unavailable_provider_is_retried(
    cloud: Cloud,
    lambdas: Lambdas,
    provider: LoopbackProvider,
    status: int,
    body: bytes,
    counted: str,
) -> None:
    stored(cloud, JobStatus.RUNNING)
    provider.answers[RECORD] = (status, body)
    assert check(lambdas) == DONE
    assert the_job(cloud).status is JobStatus.RUNNING
    message = {"job_id": a_job_id(), counted: 1}
    assert lambdas.sent(cloud.check_queue) == [(message, 30)]


def test_an_unavailable_provider_is_not_retried_forever(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.RUNNING, **A_DAY_OLD)
    provider.answers[RECORD] = (500, b"{}")
    assert check(lambdas, unanswered=18) == DONE
    assert the_job(cloud).status is JobStatus.RUNNING
    [(message, _)] = lambdas.sent(cloud.check_queue)
    assert check(lambdas, **message) == DONE
    assert the_job(cloud).status is JobStatus.EXPIRED
    # The last one sees that this was told.
    assert lambdas.sent(cloud.check_queue)[1:] == [({"job_id": a_job_id()}, 300)]


@pytest.mark.parametrize("secret", ['{"api_key": ""}', "kie-key", "{}", '{"api_key": "a b"}'])
def test_a_job_waits_for_a_key_that_can_be_used(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, secret: str
) -> None:
    stored(cloud, JobStatus.RUNNING)
    secrets = boto3.client("secretsmanager")
    secrets.put_secret_value(SecretId=cloud.kie_secret, SecretString=secret)
    assert check(lambdas) == DONE
    assert check(lambdas, unconfigured=100) == DONE
    assert the_job(cloud).status is JobStatus.RUNNING
    assert lambdas.sent(cloud.check_queue) == [
        ({"job_id": a_job_id(), "unconfigured": 1}, 30),
        ({"job_id": a_job_id(), "unconfigured": 101}, 900),
    ]
    assert provider.requests == []


def test_a_job_without_a_mark_is_queued_again(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, JobStatus.ACCEPTED, created_at=ago(minutes=15))
    assert check(lambdas) == DONE
    assert lambdas.sent(cloud.submit_queue) == [({"job_id": a_job_id(), "slot": None}, 0)]
    job = the_job(cloud)
    assert (job.status, job.queued_at is None) == (JobStatus.ACCEPTED, False)


def test_a_job_that_was_never_queued_fails_uncharged(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.ACCEPTED, not_queued_at=ago(minutes=15))
    assert check(lambdas) == DONE
    job = the_job(cloud)
    assert job.error is not None
    assert (job.status, job.error.kind) == (JobStatus.FAILED, ErrorKind.NOT_SUBMITTED)
    assert not job.error.may_be_charged
    assert provider.requests == []


def test_a_queued_job_is_checked_again_after_a_delay(cloud: Cloud, lambdas: Lambdas) -> None:
    past = {"created_at": ago(hours=1), "queued_at": ago(hours=1), "deadline_at": ago(minutes=45)}
    stored(cloud, JobStatus.ACCEPTED, **past)
    assert check(lambdas) == DONE
    assert the_job(cloud).status is JobStatus.ACCEPTED
    ((message, delay),) = lambdas.sent(cloud.check_queue)
    assert message == {"job_id": a_job_id()}
    assert delay >= 60


def test_an_archiving_job_gets_its_archive_message_again(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    job = stored(cloud, JobStatus.ARCHIVING, result_urls=(URL,), images=(a_stored_image(),))
    assert check(lambdas) == DONE
    assert lambdas.sent(cloud.archive_queue) == [({"job_id": a_job_id(), "attempt": 1}, 0)]
    [(message, delay)] = lambdas.sent(cloud.check_queue)
    assert (message["seen_at"], delay) == (job.updated_at.isoformat(), 900)
    assert provider.requests == []


def a_claim(echo: object) -> dict[str, Any]:
    more = {} if echo is None else {"param": json.dumps({"callBackUrl": echo})}
    answer = a_record("success", **more)
    answer["data"]["resultJson"] = {"resultUrls": [URL]}
    return answer


@pytest.mark.parametrize("deadline", [ago(minutes=1), ago(minutes=-10)])
def test_a_claimed_task_that_echoes_our_url_is_accepted(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, deadline: datetime
) -> None:
    stored(cloud, JobStatus.SUBMITTING, deadline_at=deadline)
    provider.will_answer(RECORD, a_claim(our_url()))
    assert check(lambdas, claimed_task=TASK) == DONE
    job = the_job(cloud)
    assert (job.status, job.task_id, job.result_urls) == (JobStatus.ARCHIVING, TASK, (URL,))
    assert len(lambdas.sent(cloud.archive_queue)) == 1


FORMER_BASE_URL = "https://hooks.example/stage"
ROTATED_KEY = "a-callback-secret-that-came-after-the-other-one-"


@pytest.mark.parametrize("base_url", [None, CALLBACK_BASE_URL, FORMER_BASE_URL])
def test_an_echo_is_recognized_after_a_rotation_under_the_url_that_the_job_was_sent_with(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, base_url: str | None
) -> None:
    """A job that an earlier version sent has no base URL recorded."""
    secret = json.dumps({"current": ROTATED_KEY, "previous": CALLBACK_KEY})
    boto3.client("secretsmanager").put_secret_value(
        SecretId=cloud.callback_secret, SecretString=secret
    )
    deadline = ago(minutes=-10)
    stored(cloud, JobStatus.SUBMITTING, deadline_at=deadline, callback_base_url=base_url)
    echo = our_url(base_url=base_url or CALLBACK_BASE_URL)
    provider.will_answer(RECORD, a_claim(echo))
    assert check(lambdas, claimed_task=TASK) == DONE
    assert the_job(cloud).status is JobStatus.ARCHIVING


OTHER_ECHOES: list[object] = [
    our_url(base_url=FORMER_BASE_URL),
    our_url(key=ROTATED_KEY),
    None,
    "",
    "https://elsewhere.example/x",
    our_url(1),
    our_url()[:-1],
    our_url().replace("callbacks.example", "elsewhere.example"),
    7,
    {"url": our_url()},
]


def test_a_claimed_task_that_echoes_another_url_is_ignored(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    job = stored(cloud, JobStatus.SUBMITTING, deadline_at=ago(minutes=-10))
    for echo in OTHER_ECHOES:
        provider.will_answer(RECORD, a_claim(echo))
        assert check(lambdas, claimed_task=TASK) == DONE
        assert the_job(cloud) == job, echo
    assert len(provider.requests) == len(OTHER_ECHOES)
    assert lambdas.written() == []


def test_a_claim_reads_the_jobs_own_task(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.RUNNING, deadline_at=ago(minutes=-10))
    provider.will_answer(RECORD, SUCCESS)
    assert check(lambdas, claimed_task="task_of_a_stranger") == DONE
    assert provider.requests[0].query == f"taskId={TASK}"
    assert the_job(cloud).status is JobStatus.ARCHIVING


def test_a_claim_about_an_unsubmitted_job_is_ignored(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    job = stored(cloud, JobStatus.ACCEPTED)
    assert check(lambdas, claimed_task=TASK) == DONE
    assert (the_job(cloud), provider.requests, lambdas.written()) == (job, [], [])


def test_a_response_about_another_task_is_ignored(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.RUNNING)
    provider.will_answer(RECORD, a_record("success", task="another"))
    assert check(lambdas) == DONE
    assert the_job(cloud).status is JobStatus.RUNNING


def test_only_failed_messages_of_a_batch_are_retried(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, JobStatus.RUNNING)
    stored(cloud, JobStatus.ACCEPTED, number=1)
    provider.will_answer(RECORD, SUCCESS)
    batch = a_batch("check_jobs", "batch", {"job_id": a_job_id()}, "{", {}, {"job_id": a_job_id(1)})
    assert lambdas("check_jobs", batch) == {
        "batchItemFailures": [{"itemIdentifier": "message-1"}, {"itemIdentifier": "message-2"}]
    }
    assert the_job(cloud).status is JobStatus.ARCHIVING
    assert the_job(cloud, 1).status is JobStatus.FAILED
