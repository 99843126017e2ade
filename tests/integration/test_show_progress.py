"""GET /jobs/{job_id}/timeline, with whole events."""

import json
from datetime import datetime
from typing import Any

import boto3
import pytest
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.image_keys import key_of
from ringback.aws.job_files import JobFiles
from ringback.aws.job_table import JobTable
from ringback.aws.told_marks import ToldTable
from ringback.domain.deliveries import Delivery
from ringback.domain.jobs import JobStatus

from tests.support.aws import Cloud
from tests.support.jobs import NOON, a_job, a_job_id, a_stored_image
from tests.support.lambdas import Lambdas, an_event


def ask(lambdas: Lambdas, job_id: str) -> dict[str, Any]:
    event = an_event("show_progress", "timeline") | {"pathParameters": {"job_id": job_id}}
    return lambdas("show_progress", event)


def test_a_timeline_has_what_lies_in_the_table_and_the_bucket(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    image, s3 = a_stored_image(1), boto3.client("s3")
    job = a_job(JobStatus.SUCCEEDED, images=(image,), finished_at=NOON)
    JobTable.connect(cloud.table).create(job)
    ToldTable.connect(cloud.table).add([job])
    tried = Delivery(
        event_id="e", type="t", host="studio.example", attempt=1, at=NOON, error="reset"
    )
    DeliveryTable.connect(cloud.table).add(job.job_id, tried)
    record = {"decided_at": NOON.isoformat(), "called_back": False}
    s3.put_object(Bucket=cloud.bucket, Key=image.key, Body=b"x")
    s3.put_object(
        Bucket=cloud.bucket, Key=key_of(job.job_id, "job.json"), Body=json.dumps(record).encode()
    )
    reply = ask(lambdas, job.job_id)
    body = json.loads(reply["body"])
    assert (reply["statusCode"], body["job_id"], body["status"]) == (200, job.job_id, "succeeded")
    found = {step["step"]: step for step in body["steps"]}
    assert found.keys() == {"accepted", "decided", "image_stored", "succeeded", "told", "webhook"}
    assert found["decided"] == {"step": "decided", "at": NOON.isoformat(), "by": "check"}
    assert found["webhook"]["error"] == "reset"
    times = [datetime.fromisoformat(step["at"]) for step in body["steps"]]
    assert times == sorted(times)
    assert all(at.tzinfo for at in times)


def test_a_job_of_another_client_has_no_timeline(cloud: Cloud, lambdas: Lambdas) -> None:
    JobTable.connect(cloud.table).create(a_job(client="shop"))
    assert ask(lambdas, a_job_id()) == ask(lambdas, a_job_id(7))
    assert ask(lambdas, a_job_id())["statusCode"] == 404


@pytest.mark.parametrize("content", [None, b"", b"no JSON", b"[1]", b'{"a": NaN}'])
def test_a_sidecar_that_cannot_be_read_is_none(cloud: Cloud, content: bytes | None) -> None:
    if content is not None:
        key = key_of(a_job_id(), "job.json")
        boto3.client("s3").put_object(Bucket=cloud.bucket, Key=key, Body=content)
    assert JobFiles.connect(cloud.bucket).record(a_job_id()) == {}
