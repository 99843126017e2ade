"""Images that were copied while thumbnails were switched off get theirs later."""

import json
from dataclasses import replace
from typing import Any

import boto3
import pytest
from ringback.aws.job_table import JobTable
from ringback.domain.jobs import JobStatus

from local.failures import LocalFailure
from local.thumbnails import request_thumbnails, send, without_thumbnail
from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_job_id, a_stored_image
from tests.support.lambdas import EVENTS


def test_every_image_without_a_thumbnail_gets_a_message(cloud: Cloud) -> None:
    table = JobTable.connect(cloud.table)
    images = (replace(a_stored_image(1), thumbnail="a key"), a_stored_image(2), a_stored_image(3))
    for number, status in enumerate(JobStatus):
        table.create(a_job(status, number=number, images=images))
    found = without_thumbnail(boto3.client("dynamodb"), cloud.table)
    assert send(boto3.client("sqs"), cloud.thumbnail_queue, found) == 4
    messages = cloud.messages(cloud.thumbnail_queue)
    copied = [
        a_job_id(number)
        for number, status in enumerate(JobStatus)
        if status in (JobStatus.SUCCEEDED, JobStatus.ARCHIVE_FAILED)
    ]
    key = lambda message: (message["job_id"], message["number"])  # noqa: E731
    assert sorted(messages, key=key) == [
        {"job_id": job_id, "number": number} for job_id in copied for number in (2, 3)
    ]
    (record,) = json.loads((EVENTS / "make_thumbnails/thumbnail.json").read_text())["Records"]
    assert json.loads(record["body"]).keys() == messages[0].keys()


def test_nothing_is_sent_while_nobody_reads_it() -> None:
    class Stacks:
        def client(self, _service: str) -> "Stacks":
            return self

        def describe_stacks(self, **_which: str) -> dict[str, Any]:
            off = {"ParameterKey": "Thumbnails", "ParameterValue": "false"}
            return {"Stacks": [{"Parameters": [off]}]}

    stacks: Any = Stacks()
    with pytest.raises(LocalFailure, match="Thumbnails=false"):
        request_thumbnails(stacks, "ringback")
