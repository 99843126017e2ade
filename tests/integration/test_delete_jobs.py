"""Deleting a job, with whole events, on the table and the bucket."""

import io
import json
from dataclasses import replace
from hashlib import sha256
from typing import Any

import boto3
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.aws.told_marks import ToldTable
from ringback.domain.deliveries import Delivery
from ringback.domain.images import Remains
from ringback.domain.jobs import Job, JobStatus

from tests.support.aws import Cloud
from tests.support.jobs import NOON, PROMPT, a_job, a_job_id, a_request, a_stored_image, facts_of
from tests.support.lambdas import Lambdas, a_batch, an_event, permitted_actions
from tests.support.posts import the_job

DONE: dict[str, Any] = {"batchItemFailures": []}
DELIVERY = Delivery(event_id="e", type="t", host="h.example", attempt=1, at=NOON)


def ask(lambdas: Lambdas, function: str, case: str) -> dict[str, Any]:
    reply = lambdas(function, an_event(function, case))
    return {"status_code": reply["statusCode"], **json.loads(reply["body"])}


def stored(cloud: Cloud, status: JobStatus = JobStatus.SUCCEEDED, **changes: Any) -> Job:
    """Store a job with all that a job can have."""
    bucket, content = ImageBucket.connect(cloud.bucket), b"picture 1"
    bucket.put_image(a_job_id(), 1, io.BytesIO(content), facts_of(content))
    for body in (b"small", b"smaller"):
        bucket.put_thumbnail(a_job_id(), 1, body)
    bucket.put_record(a_job_id(), {"prompt": PROMPT})
    bucket.put_record(a_job_id(1), {"another": "job"})
    page = io.BytesIO(b"a page")
    bucket.put_quarantined(
        a_job_id(), 2, page, Remains(bytes=6, sha256=sha256(b"a page").hexdigest())
    )
    DeliveryTable.connect(cloud.table).add(a_job_id(), DELIVERY)
    job = a_job(status, idempotency_key="k", images=(a_stored_image(),), **changes)
    JobTable.connect(cloud.table).create(job)
    return job


def versions(cloud: Cloud) -> list[str]:
    found = boto3.client("s3").list_object_versions(Bucket=cloud.bucket)
    return [each["Key"] for each in [*found.get("Versions", []), *found.get("DeleteMarkers", [])]]


def items(cloud: Cloud) -> dict[str, str]:
    found = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    return {item["job_id"]["S"]: json.dumps(item, default=str) for item in found}


def test_a_job_is_deleted_and_gone_everywhere(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, request=replace(a_request(), call_back_url="https://h.example"))
    reply = ask(lambdas, "change_job", "delete")
    assert (reply["status_code"], reply["status"]) == (202, "deleting")
    assert "url" not in reply["images"][0]
    message = {"job_id": a_job_id()}
    assert lambdas.sent(cloud.delete_queue) == [(message, 900), (message, 0)]
    shown = ask(lambdas, "query_jobs", "one")
    assert (shown["status_code"], shown["status"]) == (200, "deleting")
    assert "url" not in shown["images"][0]
    for _ in lambdas.sent(cloud.delete_queue):
        assert lambdas("delete_jobs", a_batch("delete_jobs", "delete", message)) == DONE
        ToldTable.connect(cloud.table).add([the_job(cloud, a_job_id())])
    assert versions(cloud) == [f"images/{a_job_id(1)}/job.json"]
    left = items(cloud)
    assert {name.split("#")[0] for name in left} == {a_job_id(), "idempotency", "told"}
    assert not any(word in text for text in left.values() for word in (PROMPT, "h.example"))
    for function, case in (
        ("query_jobs", "one"),
        ("query_jobs", "deliveries"),
        ("show_progress", "timeline"),
        *(("change_job", case) for case in ("delete", "cancel", "archive", "notify")),
        ("accept_job", "retry"),
    ):
        problem = ask(lambdas, function, case)
        assert (problem["status_code"], problem["type"]) == (410, "/docs#job-deleted"), case


def test_a_job_that_is_under_way_stays(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, JobStatus.RUNNING)
    before = items(cloud)
    reply = ask(lambdas, "change_job", "delete")
    assert (reply["status_code"], reply["type"]) == (409, "/docs#wrong-state")
    assert (items(cloud), lambdas.written()) == (before, [])


def test_a_repeated_key_is_gone_and_buys_nothing(cloud: Cloud, lambdas: Lambdas) -> None:
    key = "repeat-me"
    event = an_event("accept_job", "post_with_idempotency_key")
    event["headers"]["idempotency-key"] = key
    job_id = json.loads(lambdas("accept_job", event)["body"])["job_id"]
    path = {"pathParameters": {"job_id": job_id}}
    lambdas("change_job", an_event("change_job", "cancel") | path)
    assert lambdas("change_job", an_event("change_job", "delete") | path)["statusCode"] == 202
    assert lambdas("accept_job", event)["statusCode"] == 410
    lambdas("delete_jobs", a_batch("delete_jobs", "delete", {"job_id": job_id}))
    sent = lambdas.sent(cloud.submit_queue)
    again = lambdas("accept_job", event)
    other = an_event("accept_job", "post")
    other["headers"]["idempotency-key"] = key
    assert again["statusCode"] == lambdas("accept_job", other)["statusCode"] == 410
    assert lambdas.sent(cloud.submit_queue) == sent


def test_a_key_that_outlives_its_job_buys_nothing(cloud: Cloud, lambdas: Lambdas) -> None:
    """TTL deletes both at the end of their time, in any order and within days."""
    event = an_event("accept_job", "post_with_idempotency_key")
    job_id = json.loads(lambdas("accept_job", event)["body"])["job_id"]
    boto3.client("dynamodb").delete_item(TableName=cloud.table, Key={"job_id": {"S": job_id}})
    sent = lambdas.sent(cloud.submit_queue)
    reply = ask(lambdas, "accept_job", "post_with_idempotency_key")
    assert (reply["status_code"], reply["type"]) == (422, "/docs#key-reused")
    assert lambdas.sent(cloud.submit_queue) == sent


def test_where_it_is_disabled_nothing_is_deleted(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud)
    lambdas.restart("change_job", DELETE_QUEUE_URL="")
    reply = ask(lambdas, "change_job", "delete")
    assert (reply["status_code"], reply["type"]) == (400, "/docs#invalid-request")
    assert lambdas.written() == []


def test_only_the_permitted_actions_are_used(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud)
    ask(lambdas, "change_job", "delete")
    for _ in range(2):
        lambdas("delete_jobs", an_event("delete_jobs", "delete"))
        ToldTable.connect(cloud.table).add([the_job(cloud, a_job_id())])
    used = {
        action
        for call in lambdas.aws_calls
        if call.function == "delete_jobs"
        for action in call.actions
    }
    assert used == permitted_actions("delete_jobs")
