"""What is packed in a job's item comes back, and versions before this one read the rest."""

import json
from base64 import b64encode
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import boto3
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ringback.aws.image_keys import thumbnail_key
from ringback.aws.job_items import from_item
from ringback.aws.job_table import JobTable
from ringback.aws.packed_texts import pack, unpack
from ringback.aws.request_items import from_packed, to_packed
from ringback.aws.table_items import Item, job_key
from ringback.domain.jobs import Job, JobStatus

from tests.support.aws import Cloud
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_request, a_stored_image

LATER = NOON + timedelta(seconds=90, microseconds=7)
URL = "https://cdn.example/1.png"
ANSWER = json.dumps({"code": 200, "data": {"taskId": TASK, "resultUrls": [URL]}})
# What the first version passes to its ``JobRequest`` and reads of an image (47e65a7).
FIRST_REQUEST = {"model", "provider", "input", "sent"}
FIRST_IMAGE = {"key", "source_url", "content_type", "extension", "width", "height"}
FIRST_IMAGE |= {"bytes", "sha256"}


def item_of(cloud: Cloud) -> Item:
    return boto3.client("dynamodb").get_item(TableName=cloud.table, Key=job_key(a_job_id()))["Item"]


def begin(jobs: JobTable, job: Job) -> Job:
    return jobs.move(
        job.job_id,
        expect=[JobStatus.ACCEPTED],
        to=JobStatus.SUBMITTING,
        at=NOON,
        attempt_id="a",
        request=job.request,
    ).job


def release(jobs: JobTable, job: Job) -> Job:
    return jobs.move(
        job.job_id,
        expect=[JobStatus.SUBMITTING],
        to=JobStatus.ACCEPTED,
        at=NOON,
        of_attempt="a",
        request=job.request,
    ).job


def succeed(jobs: JobTable, job: Job) -> Job:
    """Archive and end a job that was begun, and perhaps released."""
    jobs.move(
        job.job_id,
        expect=[JobStatus.ACCEPTED, JobStatus.SUBMITTING],
        to=JobStatus.ARCHIVING,
        at=NOON,
        task_id=TASK,
        result_urls=(URL,),
        answer=ANSWER,
    )
    return jobs.move(
        job.job_id,
        expect=[JobStatus.ARCHIVING],
        to=JobStatus.SUCCEEDED,
        at=LATER,
        images=[a_stored_image()],
        finished_at=LATER,
    ).job


@settings(max_examples=50)
@given(text=st.text(), known=st.lists(st.text(max_size=9), max_size=2))
def test_a_packed_text_comes_back(text: str, known: list[str]) -> None:
    assert unpack(pack(text, *known), *known) == text


@pytest.mark.parametrize(
    "packed", [b"", b"\x02\x00\x03\x00", pack("x", "other"), pack("x" * 99)[:-1] + b"\xff\xff"]
)
def test_what_was_packed_otherwise_is_refused(packed: bytes) -> None:
    with pytest.raises(ValueError, match="packed"):
        unpack(packed)


def test_it_does_not_come_back_with_other_texts() -> None:
    packed = pack("no text", "known")
    for number in range(1000):
        with pytest.raises(ValueError, match="another dictionary"):
            unpack(packed, f"known {number}")


def test_the_short_mark_of_the_version_before_is_read() -> None:
    before = b"\x01" + pack("a text", "known")[4:]
    assert unpack(before, "known") == "a text"


@settings(max_examples=50)
@given(prompt=st.text(), url=st.sampled_from([None, "https://a.example/hook"]))
def test_a_packed_request_comes_back(prompt: str, url: str | None) -> None:
    sent = {"model": a_request().model, "input": {"prompt": prompt}, "note": [1.5, None]}
    sent |= {"callBackUrl": url} if url else {}
    request = replace(
        a_request(), input={"prompt": prompt, "seed": 1.0}, sent=sent, call_back_url=url
    )
    packed = to_packed(request)
    assert from_packed(packed["request"], packed["packed"]) == request


def test_a_job_keeps_its_request_as_text_until_it_is_sent(cloud: Cloud) -> None:
    """A version before this one can send it, also after a refusal."""
    jobs, job = JobTable.connect(cloud.table), a_job()
    jobs.create(job)
    text = item_of(cloud)["request"]
    assert json.loads(text["S"])["input"] == job.request.input
    begun, item = begin(jobs, job), item_of(cloud)
    assert begun.request == job.request
    assert (json.loads(item["request"]["S"])["input"], "packed" in item) == ({}, True)
    assert set(json.loads(item["request"]["S"])) == FIRST_REQUEST
    release(jobs, job)
    assert item_of(cloud)["request"] == text
    assert "packed" not in item_of(cloud)


def test_a_job_that_has_succeeded_is_read_by_any_version(cloud: Cloud) -> None:
    jobs, job = JobTable.connect(cloud.table), a_job()
    jobs.create(job)
    begin(jobs, job)
    done = succeed(jobs, job)
    jobs.add_thumbnails(job.job_id, {1: thumbnail_key(job.job_id, 1)})
    item, read = item_of(cloud), jobs.get(job.job_id)
    assert (done.result_urls, read.answer, read.request) == ((URL,), ANSWER, job.request)
    assert read.images[0].thumbnail == f"images/{job.job_id}/1.thumbnail.webp"
    assert {"result_urls", "attempt_id", "callback_base_url", "queued_at"}.isdisjoint(item)
    assert FIRST_IMAGE | {"thumbnail"} == set(item["images"]["M"]["1"]["M"])
    assert not item["images"]["M"]["1"]["M"]["thumbnail"]["S"]
    times = ("created_at", "updated_at", "deadline_at")
    assert [datetime.fromisoformat(item[name]["S"]) for name in times] == [
        *(job.created_at, LATER, job.deadline_at)
    ]
    # It is when the job was updated last; to versions before, it is not known.
    assert ("finished_at" in item, read.finished_at) == (False, LATER)


def test_the_answer_about_a_job_that_seemed_not_sent_is_kept(cloud: Cloud) -> None:
    """Its request is not packed when it succeeds."""
    jobs, job = JobTable.connect(cloud.table), a_job()
    jobs.create(job)
    begin(jobs, job)
    release(jobs, job)
    succeed(jobs, job)
    read = jobs.get(job.job_id)
    assert (read.result_urls, read.answer) == ((URL,), ANSWER)


def test_an_item_in_an_event_of_the_stream_is_read_alike(cloud: Cloud) -> None:
    jobs = JobTable.connect(cloud.table)
    jobs.create(a_job())
    begin(jobs, a_job())
    done = succeed(jobs, a_job())

    def as_json(value: Any) -> Any:
        return b64encode(value).decode()

    event = json.loads(json.dumps(item_of(cloud), default=as_json))
    assert from_item(event) == done


def test_an_answer_whose_links_an_older_version_has_changed_does_not_cost_its_job(
    cloud: Cloud,
) -> None:
    jobs = JobTable.connect(cloud.table)
    jobs.create(a_job())
    begin(jobs, a_job())
    done = succeed(jobs, a_job())
    item: dict[str, Any] = item_of(cloud)
    item["images"]["M"]["1"]["M"]["source_url"] = {"S": "https://cdn.example/2.png"}
    read = from_item(item)
    assert (read.answer, read.request) == (None, done.request)
