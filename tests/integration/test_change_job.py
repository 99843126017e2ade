"""Cancel, archive and retry, with whole events."""

import json
from dataclasses import replace
from typing import Any

import pytest
from ringback.aws.job_table import JobTable
from ringback.domain.drops import Drop
from ringback.domain.jobs import ErrorKind, Job, JobError, JobStatus

from tests.support.aws import Cloud
from tests.support.jobs import NOON, TASK, a_job, a_job_id
from tests.support.lambdas import Lambdas, a_batch, an_event
from tests.support.loopback_provider import CREATE, LoopbackProvider

LOST = JobError(kind=ErrorKind.IMAGES_LOST, message="saved 0 of 1 images", may_be_charged=True)


def ask(lambdas: Lambdas, function: str, case: str, job_id: str = a_job_id()) -> dict[str, Any]:
    event = an_event(function, case) | {"pathParameters": {"job_id": job_id}}
    reply = lambdas(function, event)
    return {"status_code": reply["statusCode"], **json.loads(reply["body"])}


def stored(cloud: Cloud, job: Job) -> JobTable:
    table = JobTable.connect(cloud.table)
    table.create(job)
    return table


def test_a_waiting_job_is_cancelled(cloud: Cloud, lambdas: Lambdas) -> None:
    table = stored(cloud, a_job(queued_at=NOON))
    reply = ask(lambdas, "change_job", "cancel")
    assert (reply["status_code"], reply["status"]) == (200, "cancelled")
    assert table.get(a_job_id()).status is JobStatus.CANCELLED


def test_a_running_job_is_not_cancelled(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, a_job(JobStatus.RUNNING, task_id=TASK))
    reply = ask(lambdas, "change_job", "cancel")
    assert (reply["status_code"], reply["type"]) == (409, "/docs#wrong-state")
    assert "with the provider" in reply["detail"]
    assert lambdas.written() == ["UpdateItem"]


def test_copying_is_resumed(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, a_job(JobStatus.ARCHIVE_FAILED, task_id=TASK, error=LOST))
    reply = ask(lambdas, "change_job", "archive")
    assert (reply["status_code"], reply["status"], reply["error"]) == (200, "archiving", None)
    assert lambdas.sent(cloud.archive_queue) == [({"job_id": a_job_id(), "attempt": 1}, 0)]


def test_a_retry_is_a_new_paid_job(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    provider.will_answer(CREATE, {"code": 200, "data": {"taskId": TASK}})
    stored(cloud, a_job(JobStatus.EXPIRED))
    reply = ask(lambdas, "accept_job", "retry")
    again = ask(lambdas, "accept_job", "retry")
    assert (reply["status_code"], reply["status"]) == (202, "accepted")
    assert (reply["retry_of"], reply["job_id"]) == (a_job_id(), again["job_id"])
    assert reply["job_id"] != a_job_id()
    for message, _ in lambdas.sent(cloud.submit_queue):
        lambdas("submit_job", a_batch("submit_job", "queue_turn", message))
    assert len(provider.at(CREATE)) == 1


@pytest.mark.parametrize("case", ["cancel", "archive", "notify", "delete", "resume"])
def test_nothing_is_changed_by_whoever_asked_for_something_else(
    cloud: Cloud, lambdas: Lambdas, case: str
) -> None:
    stored(cloud, a_job(JobStatus.FAILED))
    event = an_event("change_job", case) | {"queryStringParameters": {"dry_run": "true", "x": ""}}
    reply = lambdas("change_job", event)
    named = [each["field"] for each in json.loads(reply["body"])["errors"]]
    assert (reply["statusCode"], named, lambdas.written()) == (400, ["dry_run", "x"], [])


@pytest.mark.parametrize(
    ("function", "case"),
    [("change_job", "cancel"), ("change_job", "archive"), ("accept_job", "retry")],
)
@pytest.mark.parametrize("job_id", [a_job_id(5), a_job_id(6), "idempotency#studio#0", "job_"])
def test_only_a_clients_own_jobs_can_be_changed(
    cloud: Cloud, lambdas: Lambdas, function: str, case: str, job_id: str
) -> None:
    stored(cloud, a_job(number=5, client="another"))
    assert ask(lambdas, function, case, job_id)["status_code"] == 404
    assert lambdas.written() == []


def retry_failed(lambdas: Lambdas, source: str, *, client: str = "drop") -> dict[str, Any]:
    event = an_event("change_job", "retry_failed")
    event["queryStringParameters"] = {"source": source, "status": "failed"}
    event["requestContext"]["authorizer"]["lambda"]["client"] = client
    reply = lambdas("change_job", event)
    return {"status_code": reply["statusCode"], **json.loads(reply["body"])}


def test_the_failed_jobs_of_a_file_are_made_again_once(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    drop = Drop(bucket=cloud.drop_bucket, key="requests/kites.csv", version="v1")
    ids = [drop.job_id(row, made_at=NOON) for row in (1, 2, 3)]
    no = JobError(kind=ErrorKind.REFUSED, code="402", message="no credits")
    for row, job_id in enumerate(ids, 1):
        status = JobStatus.SUCCEEDED if row == 2 else JobStatus.FAILED
        error = no if status is JobStatus.FAILED else None
        job = a_job(status, client="drop", source=drop.key, row=row, error=error)
        table = stored(cloud, replace(job, job_id=job_id))
    for _ in range(2):
        reply = retry_failed(lambdas, drop.key)
        assert (reply["status_code"], reply["source"], reply["status"]) == (202, drop.key, "failed")
        assert "paid" in reply["detail"]
        message, _ = lambdas.sent(cloud.drop_queue)[-1]
        event = a_batch("take_drops", "retry_failed", message)
        assert lambdas("take_drops", event) == {"batchItemFailures": []}
    newest = table.newest_of(drop.key, client="drop", limit=99, before=None)
    again = [job for job in newest if job.retry_of]
    assert [(job.retry_of, job.row, job.status) for job in again] == [
        (ids[2], 3, JobStatus.ACCEPTED),
        (ids[0], 1, JobStatus.ACCEPTED),
    ]
    queued = {message["job_id"] for message, _ in lambdas.sent(cloud.submit_queue)}
    assert queued == {job.job_id for job in again}


@pytest.mark.parametrize(
    ("source", "client"), [("requests/kites.csv", "studio"), ("requests/none.csv", "drop")]
)
def test_the_jobs_of_another_client_s_file_cannot_be_made_again(
    cloud: Cloud, lambdas: Lambdas, source: str, client: str
) -> None:
    stored(cloud, a_job(JobStatus.FAILED, client="drop", source="requests/kites.csv", row=1))
    reply = retry_failed(lambdas, source, client=client)
    assert reply["status_code"] == 404
    assert a_job_id() not in json.dumps(reply)
    assert lambdas.written() == []


def test_nothing_is_retried_where_dropped_files_are_not_read(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    stored(cloud, a_job(JobStatus.FAILED, client="drop", source="requests/kites.csv", row=1))
    lambdas.settings["DROP_QUEUE_URL"] = ""
    reply = retry_failed(lambdas, "requests/kites.csv")
    assert reply["status_code"] == 400
    assert "disabled" in reply["errors"][0]["message"]
    assert lambdas.sent(cloud.drop_queue) == []
