"""What still arrives for a job that is being deleted, or was: it changes nothing, and buys nothing.

With whole events and the real handlers, each as if it were late.
"""

import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import boto3
import pytest
from ringback.aws.deletions import DeletionTable
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.aws.told_marks import ToldTable
from ringback.domain.clock import utc_now
from ringback.domain.deliveries import Delivery
from ringback.domain.images import Remains
from ringback.domain.jobs import GONE, Job, JobStatus
from ringback.domain.webhooks import to_message

from tests.integration.test_drops import a_sheet, jobs, put
from tests.integration.test_post_batch import PHOTO, a_batch_of, post
from tests.support.aws import Cloud
from tests.support.callbacks import RECORDED_TASK, recorded, signed_event
from tests.support.jobs import PROMPT, a_job, a_job_id, a_request, a_stored_image, facts_of
from tests.support.lambdas import Lambdas, a_batch, an_event
from tests.support.loopback_provider import CREATE, LoopbackProvider
from tests.support.posts import DONE, a_submit_message, the_job
from tests.support.webhooks import URL, a_webhook

JOB: Final = a_job_id()
Stage = Callable[[Cloud], None]


def begin(cloud: Cloud) -> None:
    DeletionTable.connect(cloud.table).begin(the_job(cloud, JOB), at=utc_now())


def bury(cloud: Cloud) -> None:
    begin(cloud)
    deletions = DeletionTable.connect(cloud.table)
    deletions.forget_details(the_job(cloud, JOB))
    deletions.bury(the_job(cloud, JOB), at=utc_now())


def record(cloud: Cloud, status: JobStatus, **changes: Any) -> Job:
    return JobTable.connect(cloud.table).create(a_job(status, **changes)).job


def items(cloud: Cloud) -> dict[str, dict[str, Any]]:
    """Return what is in the table about the job."""
    found = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    return {key: each for each in found if JOB in (key := each["job_id"]["S"])}


def versions(cloud: Cloud) -> list[str]:
    found = boto3.client("s3").list_object_versions(Bucket=cloud.bucket)
    return [each["Key"] for each in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]]


def delete(lambdas: Lambdas, job_id: str = JOB) -> int:
    path = {"pathParameters": {"job_id": job_id}}
    status: int = lambdas("change_job", an_event("change_job", "delete") | path)["statusCode"]
    return status


def deliver_deletion(lambdas: Lambdas, job_id: str = JOB) -> dict[str, Any]:
    return lambdas("delete_jobs", a_batch("delete_jobs", "delete", {"job_id": job_id}))


@pytest.mark.parametrize("stage", [begin, bury])
@pytest.mark.parametrize("status", [JobStatus.EXPIRED, JobStatus.FAILED, JobStatus.CANCELLED])
def test_no_report_about_it_revives_it(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, status: JobStatus, stage: Stage
) -> None:
    """Genuine, repeated, unsigned; and checks that claim its task."""
    record(cloud, status, task_id=RECORDED_TASK)
    stage(cloud)
    before = items(cloud)
    for case in ("success", "success", "fail"):
        event = signed_event(recorded(case), job_id=JOB, now=utc_now())
        assert lambdas("receive_callback", event)["statusCode"] == 200
    claims = {"claimed_task": RECORDED_TASK, "contradicts_failure": True}
    for check in ({"job_id": JOB}, {"job_id": JOB, **claims}):
        assert lambdas("check_jobs", a_batch("check_jobs", "due", check)) == DONE
    assert items(cloud) == before
    assert lambdas.sent(cloud.archive_queue) == lambdas.sent(cloud.check_queue) == []
    assert provider.requests == []


@pytest.mark.parametrize("stage", [begin, bury])
@pytest.mark.parametrize(
    "status", [JobStatus.CANCELLED, JobStatus.ARCHIVE_FAILED, JobStatus.SUCCEEDED]
)
def test_no_message_of_it_does_anything(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, status: JobStatus, stage: Stage
) -> None:
    """A submit message delivered again, a copy that was redriven, a thumbnail, an old webhook."""
    request = replace(a_request(), call_back_url=URL)
    record(cloud, status, images=(a_stored_image(),), request=request)
    stage(cloud)
    before = items(cloud)
    messages = (
        a_submit_message(JOB),
        a_batch("archive_images", "archive", {"job_id": JOB, "attempt": 1}),
        a_batch("make_thumbnails", "thumbnail", {"job_id": JOB, "number": 1}),
        a_batch("notify_client", "first_try", to_message(a_webhook())),
    )
    functions = ("submit_job", "archive_images", "make_thumbnails", "notify_client")
    for function, message in zip(functions, messages, strict=True):
        assert lambdas(function, message) == DONE
    assert (items(cloud), versions(cloud), provider.requests) == (before, [], [])


def test_a_late_success_before_the_deletion_is_kept_until_it_ends(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    """The client saw an expired job, and asked too late: paid images are being copied."""
    record(cloud, JobStatus.EXPIRED, task_id=RECORDED_TASK)
    event = signed_event(recorded("success"), job_id=JOB, now=utc_now())
    lambdas("receive_callback", event)
    assert delete(lambdas) == 409
    # The request's delayed message, had it been sent.
    assert deliver_deletion(lambdas) == DONE
    assert the_job(cloud, JOB).status is JobStatus.ARCHIVING


def test_what_late_writers_left_is_deleted_by_the_last_look(cloud: Cloud, lambdas: Lambdas) -> None:
    """They had read the job before. Its retention ends meanwhile."""
    soon = utc_now() + timedelta(minutes=1)
    record(cloud, JobStatus.SUCCEEDED, images=(a_stored_image(),), forget_at=soon)
    assert delete(lambdas) == 202
    assert deliver_deletion(lambdas) == DONE
    bucket, content = ImageBucket.connect(cloud.bucket), b"picture 2"
    bucket.put_image(JOB, 2, io.BytesIO(content), facts_of(content))
    bucket.put_thumbnail(JOB, 1, b"small")
    bucket.put_record(JOB, {"prompt": PROMPT})
    bucket.put_quarantined(JOB, 3, io.BytesIO(b"a page"), Remains(bytes=6, sha256="0" * 64))
    tried = Delivery(event_id="e", type="t", host="h.example", attempt=1, at=utc_now())
    DeliveryTable.connect(cloud.table).add(JOB, tried)
    ttl_deletes(cloud, at=soon + timedelta(minutes=20))
    ToldTable.connect(cloud.table).add([the_job(cloud, JOB)])
    assert deliver_deletion(lambdas) == DONE
    assert versions(cloud) == []
    assert items(cloud).keys() == {JOB, f"told#{JOB}"}


def ttl_deletes(cloud: Cloud, *, at: Any) -> None:
    dynamodb = boto3.client("dynamodb")
    for key, item in items(cloud).items():
        if int(item["forget_at"]["N"]) < at.timestamp():
            dynamodb.delete_item(TableName=cloud.table, Key={"job_id": {"S": key}})


def test_a_redelivered_file_buys_no_deleted_row(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    """Also if how far it was read is forgotten: TTL may take that first."""
    event = put(cloud, "requests/kites.csv", a_sheet(3))
    lambdas("take_drops", event)
    made = jobs(cloud, "requests/kites.csv")
    for stage, job in zip((begin, bury), made, strict=False):
        JobTable.connect(cloud.table).move(
            job.job_id, expect=[JobStatus.ACCEPTED], to=JobStatus.CANCELLED, at=utc_now()
        )
        deletions = DeletionTable.connect(cloud.table)
        begun = deletions.begin(job, at=utc_now()).job
        if stage is bury:
            deletions.bury(begun, at=utc_now())
    sent = lambdas.sent(cloud.submit_queue)
    found = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    for key in (item["job_id"] for item in found if item["job_id"]["S"].startswith("drop#")):
        boto3.client("dynamodb").delete_item(TableName=cloud.table, Key={"job_id": key})
    assert lambdas("take_drops", event) == DONE
    for message, _ in sent:
        assert lambdas("submit_job", a_submit_message(message["job_id"])) == DONE
    # The third row's job is not deleted, and not due.
    bought = {message["job_id"] for message, _ in lambdas.sent(cloud.submit_queue)[len(sent) :]}
    assert bought <= {made[2].job_id}
    assert len(provider.at(CREATE)) <= 1
    assert [the_job(cloud, job.job_id).status in GONE for job in made] == [True, True, False]


def test_a_batch_sent_again_buys_no_deleted_row(cloud: Cloud, lambdas: Lambdas) -> None:
    _, first = post(lambdas, a_batch_of(PHOTO, PHOTO))
    gone, other = (each["job"]["job_id"] for each in first["outcomes"])
    path = {"pathParameters": {"job_id": gone}}
    lambdas("change_job", an_event("change_job", "cancel") | path)
    assert delete(lambdas, gone) == 202
    deliver_deletion(lambdas, gone)
    sent = lambdas.sent(cloud.submit_queue)
    for batch in (a_batch_of(PHOTO, PHOTO), a_batch_of(PHOTO, PHOTO, key='"order-7"')):
        _, again = post(lambdas, batch)
        assert [each["status"] for each in again["outcomes"]] == [410, 202]
        assert again["outcomes"][1]["job"]["job_id"] == other
    assert lambdas.sent(cloud.submit_queue) == sent


@pytest.mark.parametrize("stage", [begin, bury])
def test_another_client_can_tell_it_from_no_unknown_job(
    cloud: Cloud, lambdas: Lambdas, stage: Stage
) -> None:
    record(cloud, JobStatus.SUCCEEDED, client="shop")
    stage(cloud)
    routes = [
        *(("query_jobs", case) for case in ("one", "deliveries")),
        *(("change_job", case) for case in ("delete", "cancel", "archive", "notify")),
        ("accept_job", "retry"),
        ("show_progress", "timeline"),
    ]
    for function, case in routes:
        replies = [
            lambdas(function, an_event(function, case) | {"pathParameters": {"job_id": job_id}})
            for job_id in (JOB, a_job_id(9))
        ]
        bodies = [json.loads(reply["body"]) for reply in replies]
        assert {reply["statusCode"] for reply in replies} == {404}, case
        assert bodies[0] == bodies[1]


def test_no_log_has_anything_of_it(cloud: Cloud, lambdas: Lambdas) -> None:
    request = replace(a_request(), call_back_url="https://h.example/secret")
    record(cloud, JobStatus.SUCCEEDED, request=request, idempotency_key="a key of theirs")
    delete(lambdas)
    deliver_deletion(lambdas)
    # What could not be told is logged, and comes again.
    boto3.client("dynamodb").update_item(
        TableName=cloud.table,
        Key={"job_id": {"S": JOB}},
        UpdateExpression="SET updated_at = :then",
        ExpressionAttributeValues={":then": {"S": "2026-01-01T00:00:00+00:00"}},
    )
    assert deliver_deletion(lambdas) != DONE
    log = lambdas.log.getvalue()
    assert JOB in log
    for private in (PROMPT, "h.example", "a key of theirs", "idempotency#", request.model):
        assert private not in log, private
