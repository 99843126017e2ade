"""The archive queue, with whole batches; the images come from loopback."""

import io
import json
from base64 import b64encode
from dataclasses import replace
from functools import cache
from hashlib import sha256
from typing import Any

import boto3
import pytest
from PIL import Image
from ringback.aws.job_table import JobTable
from ringback.domain.clock import utc_now
from ringback.domain.jobs import ErrorKind, Job, JobStatus

from tests.support.aws import Cloud
from tests.support.jobs import TASK, a_job, a_job_id
from tests.support.lambdas import Lambdas, a_batch, an_event
from tests.support.loopback_provider import FRESH, RECORD, LoopbackProvider

DONE: dict[str, Any] = {"batchItemFailures": []}
KINDS = [("PNG", "image/png", "png"), ("JPEG", "image/jpeg", "jpg"), ("WEBP", "image/webp", "webp")]


@cache
def picture(kind: str = "PNG", size: tuple[int, int] = (40, 30)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "red").save(content, kind)
    return content.getvalue()


@pytest.fixture
def lambdas(lambdas: Lambdas, provider: LoopbackProvider) -> Lambdas:
    lambdas.settings["PLAIN_HTTP_HOSTS"] = provider.address
    return lambdas


def serve(provider: LoopbackProvider, *contents: bytes) -> list[str]:
    for number, content in enumerate(contents, start=1):
        provider.answers[f"/p/{number}"] = (200, content)
    return [f"{provider.url}/p/{number}" for number, _ in enumerate(contents, start=1)]


def stored(cloud: Cloud, urls: list[str], **changes: Any) -> Job:
    job = replace(
        a_job(JobStatus.ARCHIVING, task_id=TASK, submitted_at=utc_now(), **changes),
        result_urls=tuple(urls),
    )
    JobTable.connect(cloud.table).create(job)
    return job


def archive(lambdas: Lambdas, attempt: int = 1) -> dict[str, Any]:
    message = {"job_id": a_job_id(), "attempt": attempt}
    return lambdas("archive_images", a_batch("archive_images", "archive", message))


def the_job(cloud: Cloud) -> Job:
    return JobTable.connect(cloud.table).get(a_job_id())


def the_object(cloud: Cloud, name: str) -> dict[str, Any]:
    found: dict[str, Any] = dict(
        boto3.client("s3").get_object(Bucket=cloud.bucket, Key=f"images/{a_job_id()}/{name}")
    )
    return found | {"Body": found["Body"].read()}


def checksum(content: bytes) -> str:
    return b64encode(sha256(content).digest()).decode()


def sent_checksum(lambdas: Lambdas, name: str) -> str:
    """Return the checksum that was sent with the PUT; moto does not keep it."""
    (put,) = (
        call.parameters
        for call in lambdas.aws_calls
        if call.operation == "PutObject" and call.parameters["Key"].endswith(f"/{name}")
    )
    value: str = put["ChecksumSHA256"]
    return value


def names(cloud: Cloud) -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=cloud.bucket).get("Contents", [])
    return sorted(each["Key"].removeprefix(f"images/{a_job_id()}/") for each in listed)


@pytest.mark.parametrize("receives", [1, 2])
def test_a_message_that_comes_again_has_each_image_recorded_at_once(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, receives: int
) -> None:
    stored(cloud, serve(provider, picture(), picture("JPEG")))
    batch = a_batch("archive_images", "archive", {"job_id": a_job_id(), "attempt": 1})
    batch["Records"][0]["attributes"]["ApproximateReceiveCount"] = str(receives)
    assert lambdas("archive_images", batch) == DONE
    assert len(the_job(cloud).images) == 2
    assert lambdas.written().count("UpdateItem") == receives


def test_every_image_is_stored_byte_for_byte_with_its_type(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    contents = [picture(kind) for kind, *_ in KINDS]
    stored(cloud, serve(provider, *contents))
    assert archive(lambdas) == DONE
    assert the_job(cloud).status is JobStatus.SUCCEEDED
    assert names(cloud) == ["1.png", "2.jpg", "3.webp", "job.json"]
    for number, (_, content_type, extension) in enumerate(KINDS, start=1):
        stored_object = the_object(cloud, f"{number}.{extension}")
        assert stored_object["Body"] == contents[number - 1]
        assert stored_object["ContentType"] == content_type
        assert stored_object["Metadata"] == {
            "job-id": a_job_id(),
            "sha256": sha256(contents[number - 1]).hexdigest(),
            "width": "40",
            "height": "30",
        }
        assert sent_checksum(lambdas, f"{number}.{extension}") == checksum(stored_object["Body"])


@pytest.mark.parametrize("made", [True, False])
def test_a_message_for_a_thumbnail_is_sent_where_they_are_made(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, *, made: bool
) -> None:
    if not made:
        lambdas.settings["THUMBNAIL_QUEUE_URL"] = ""
    stored(cloud, serve(provider, picture()))
    archive(lambdas)
    assert the_job(cloud).status is JobStatus.SUCCEEDED
    assert len(lambdas.sent(cloud.thumbnail_queue)) == made


def test_the_job_describes_its_images(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    (url,) = serve(provider, picture(size=(70, 50)))
    stored(cloud, [url])
    archive(lambdas)
    job = the_job(cloud)
    (image,) = job.images
    assert (image.number, image.source_url) == (1, url)
    assert (image.facts.width, image.facts.height) == (70, 50)
    assert image.facts.sha256 == sha256(picture(size=(70, 50))).hexdigest()
    assert job.finished_at is not None


def test_the_record_beside_the_images_tells_how_they_were_made(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    job = stored(cloud, serve(provider, picture()))
    archive(lambdas)
    stored_object = the_object(cloud, "job.json")
    record = json.loads(stored_object["Body"])
    assert stored_object["ContentType"] == "application/json"
    assert stored_object["Metadata"] == {"job-id": a_job_id()}
    assert sent_checksum(lambdas, "job.json") == checksum(stored_object["Body"])
    assert (record["job_id"], record["task_id"]) == (a_job_id(), TASK)
    assert (record["model"], record["input"]) == (job.request.model, dict(job.request.input))
    assert [image["sha256"] for image in record["images"]] == [sha256(picture()).hexdigest()]
    assert provider.url not in stored_object["Body"].decode()


def test_the_providers_key_is_not_sent_to_a_file_host(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, serve(provider, picture()))
    archive(lambdas)
    (call,) = provider.requests
    assert "authorization" not in call.headers
    assert call.headers["user-agent"].startswith("Ringback/")


def test_a_second_delivery_downloads_and_changes_nothing(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, serve(provider, picture(), picture("WEBP")))
    archive(lambdas)
    job = the_job(cloud)
    provider.requests.clear()
    lambdas.aws_calls.clear()
    assert archive(lambdas) == DONE
    assert (the_job(cloud), provider.requests) == (job, [])
    # The first may have crashed before it asked for the thumbnails, which are not made yet.
    assert lambdas.written() == ["SendMessage"]
    for number in (1, 2):
        JobTable.connect(cloud.table).add_thumbnails(
            job.job_id, {number: f"{number}.thumbnail.webp"}
        )
    lambdas.aws_calls.clear()
    assert archive(lambdas) == DONE
    assert lambdas.written() == []


def test_a_dead_link_is_replaced_by_the_provider(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    (fresh,) = serve(provider, picture())
    dead = f"{provider.url}/dead"
    stored(cloud, [dead])
    provider.will_answer(FRESH, {"code": 200, "msg": "success", "data": fresh})
    assert archive(lambdas) == DONE
    assert the_job(cloud).status is JobStatus.SUCCEEDED
    (call,) = provider.at(FRESH)
    assert call.body == {"url": dead}
    assert call.headers["authorization"] == "Bearer kie-key"
    assert the_job(cloud).images[0].source_url == dead


def test_a_failed_copy_is_retried_and_the_others_are_kept(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, [f"{provider.url}/late", *serve(provider, picture())])
    provider.will_answer(FRESH, {"code": 500, "msg": "Server error"})
    assert archive(lambdas) == DONE
    assert the_job(cloud).status is JobStatus.ARCHIVING
    assert [image.number for image in the_job(cloud).images] == [2]
    assert lambdas.sent(cloud.archive_queue) == [({"job_id": a_job_id(), "attempt": 2}, 5)]


def test_the_retry_delays_follow_the_setting(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    (good,) = serve(provider, picture())
    stored(cloud, [good, f"{provider.url}/late"])
    provider.answers["/late"] = (503, b"")
    for attempt in (1, 2):
        archive(lambdas, attempt)
        assert the_job(cloud).status is JobStatus.ARCHIVING
    archive(lambdas, 3)
    job = the_job(cloud)
    assert lambdas.sent(cloud.archive_queue) == [
        ({"job_id": a_job_id(), "attempt": 2}, 5),
        ({"job_id": a_job_id(), "attempt": 3}, 15),
    ]
    assert job.error is not None
    assert (job.status, job.error.kind) == (JobStatus.ARCHIVE_FAILED, ErrorKind.IMAGES_LOST)
    assert job.error.may_be_charged
    assert "saved 1 of 2 images" in job.error.message
    assert "image 2" in job.error.message
    # The good image was downloaded once, and is stored with its record.
    assert len(provider.at("/p/1")) == 1
    assert names(cloud) == ["1.png", "job.json"]


def test_a_successful_last_attempt_completes_the_job(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    (good,) = serve(provider, picture())
    stored(cloud, [good, f"{provider.url}/late"])
    provider.answers["/late"] = (503, b"")
    archive(lambdas)
    provider.answers["/late"] = (200, picture("JPEG"))
    event = an_event("archive_images", "third_attempt")
    event["Records"][0]["body"] = json.dumps({"job_id": a_job_id(), "attempt": 3})
    assert lambdas("archive_images", event) == DONE
    assert the_job(cloud).status is JobStatus.SUCCEEDED
    assert names(cloud) == ["1.png", "2.jpg", "job.json"]


@pytest.mark.parametrize("content", [b"<html>not here</html>", b"%PDF-1.7", picture("BMP")])
def test_bytes_that_are_no_image_are_quarantined_in_the_end(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider, content: bytes
) -> None:
    urls = serve(provider, picture(), content)
    stored(cloud, urls)
    provider.will_answer(FRESH, {"code": 404, "msg": "gone"})
    provider.will_answer(RECORD, {"code": 404, "msg": "gone"})
    archive(lambdas, attempt=1)
    assert the_job(cloud).status is JobStatus.ARCHIVING
    assert names(cloud) == ["1.png"]
    archive(lambdas, attempt=3)
    job = the_job(cloud)
    assert job.error is not None
    assert job.status is JobStatus.ARCHIVE_FAILED
    assert "image 2" in job.error.message
    assert provider.url not in job.error.message
    (kept,) = job.quarantined
    assert names(cloud) == ["1.png", "job.json", kept.key]
    assert kept.key.startswith(f"quarantine/{job.job_id}/2-")
    there = boto3.client("s3").get_object(Bucket=cloud.bucket, Key=kept.key)
    assert there["Body"].read() == content
    assert (there["ContentType"], there["ContentDisposition"]) == (
        "application/octet-stream",
        "attachment",
    )
    record = boto3.client("s3").get_object(Bucket=cloud.bucket, Key=f"images/{job.job_id}/job.json")
    (missing,) = json.loads(record["Body"].read())["missing_images"]
    assert (missing["number"], missing["source_url"]) == (2, urls[1])
    assert [each["key"] for each in missing["quarantined"]] == [kept.key]


def test_an_empty_answer_is_reported_and_nothing_is_quarantined(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, serve(provider, picture(), b""))
    archive(lambdas, attempt=3)
    assert the_job(cloud).status is JobStatus.ARCHIVE_FAILED
    assert names(cloud) == ["1.png", "job.json"]


def test_damage_and_what_lies_behind_the_end_are_recorded(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    contents = picture() + b"\n", picture()[:-1]
    stored(cloud, serve(provider, *contents))
    provider.will_answer(FRESH, {"code": 404, "msg": "gone"})
    provider.will_answer(RECORD, {"code": 404, "msg": "gone"})
    archive(lambdas)
    job = the_job(cloud)
    assert job.status is JobStatus.SUCCEEDED
    found = [(image.facts.trailing_bytes, image.facts.damage) for image in job.images]
    assert found == [(1, ""), (0, "the file is cut")]
    bodies = [
        boto3.client("s3").get_object(Bucket=cloud.bucket, Key=image.key)["Body"].read()
        for image in job.images
    ]
    assert bodies == list(contents)


def test_an_image_larger_than_the_limit_is_refused(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    lambdas.settings["LARGEST_IMAGE_BYTES"] = "1024"
    stored(cloud, serve(provider, picture("PNG") + bytes(2000)))
    archive(lambdas)
    job = the_job(cloud)
    assert job.error is not None
    assert "more than 1024 bytes" in job.error.message
    assert names(cloud) == ["job.json"]


def test_a_private_address_is_contacted_only_if_it_is_listed(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    lambdas.settings["PLAIN_HTTP_HOSTS"] = "127.0.0.1:1"
    stored(cloud, serve(provider, picture()))
    provider.will_answer(FRESH, {"code": 404, "msg": "gone"})
    provider.will_answer(RECORD, {"code": 404, "msg": "gone"})
    archive(lambdas)
    assert the_job(cloud).status is JobStatus.ARCHIVE_FAILED
    assert {each.path for each in provider.requests} == {FRESH, RECORD}


def test_only_an_archiving_job_is_copied(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    urls = tuple(serve(provider, picture()))
    others = sorted(set(JobStatus) - {JobStatus.ARCHIVING})
    jobs = [a_job(status, number=n, result_urls=urls) for n, status in enumerate(others)]
    table = JobTable.connect(cloud.table)
    for job in jobs:
        table.create(job)
    messages = [{"job_id": job.job_id, "attempt": 1} for job in jobs]
    assert lambdas("archive_images", a_batch("archive_images", "archive", *messages)) == DONE
    assert [table.get(job.job_id) for job in jobs] == jobs
    assert (provider.requests, lambdas.written()) == ([], [])


def test_only_failed_messages_of_a_batch_are_retried(
    cloud: Cloud, lambdas: Lambdas, provider: LoopbackProvider
) -> None:
    stored(cloud, serve(provider, picture()))
    good = {"job_id": a_job_id(), "attempt": 1}
    batch = a_batch("archive_images", "archive", {"job_id": a_job_id(5), "attempt": 1}, good, "x")
    assert lambdas("archive_images", batch) == {
        "batchItemFailures": [{"itemIdentifier": "message-0"}, {"itemIdentifier": "message-2"}]
    }
    assert the_job(cloud).status is JobStatus.SUCCEEDED
