"""The thumbnail queue, with whole batches, Pillow and moto."""

import io
from dataclasses import replace
from typing import Any

import boto3
import pytest
from PIL import Image
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.domain.images import ImageFacts
from ringback.domain.jobs import Job, JobStatus

from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_job_id, a_stored_image, facts_of
from tests.support.lambdas import Lambdas, a_batch, an_event, permitted_actions

DONE: dict[str, Any] = {"batchItemFailures": []}


def picture(size: tuple[int, int] = (800, 600)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, "red").save(content, "PNG")
    return content.getvalue()


def stored(cloud: Cloud, content: bytes, size: tuple[int, int] = (800, 600)) -> ImageFacts:
    facts = replace(facts_of(content), width=size[0], height=size[1])
    ImageBucket.connect(cloud.bucket).put_image(a_job_id(), 1, io.BytesIO(content), facts)
    image = replace(a_stored_image(), facts=facts)
    JobTable.connect(cloud.table).create(a_job(JobStatus.SUCCEEDED, images=(image,)))
    return facts


def the_job(cloud: Cloud) -> Job:
    return JobTable.connect(cloud.table).get(a_job_id())


def names(cloud: Cloud) -> list[str]:
    listed = boto3.client("s3").list_objects_v2(Bucket=cloud.bucket)["Contents"]
    return sorted(each["Key"].removeprefix(f"images/{a_job_id()}/") for each in listed)


def test_a_thumbnail_is_stored_beside_its_image(cloud: Cloud, lambdas: Lambdas) -> None:
    facts = stored(cloud, picture())
    event = an_event("make_thumbnails", "thumbnail")
    assert lambdas("make_thumbnails", event) == lambdas("make_thumbnails", event) == DONE
    (image,) = the_job(cloud).images
    assert (image.thumbnail, image.facts) == (f"images/{a_job_id()}/1.thumbnail.webp", facts)
    assert names(cloud) == ["1.png", "1.thumbnail.webp"]
    stored_object = boto3.client("s3").get_object(Bucket=cloud.bucket, Key=str(image.thumbnail))
    with Image.open(io.BytesIO(stored_object["Body"].read())) as small:
        assert (small.format, small.size) == ("WEBP", (512, 384))


@pytest.mark.parametrize(
    ("content", "size"),
    [
        (picture()[:-200], (800, 600)),
        (picture(), (80_000, 60_000)),
        (picture(), (801, 600)),
        (b"<svg/>", (800, 600)),
    ],
    ids=["broken", "too large", "of another size", "no image"],
)
def test_a_bad_image_only_loses_its_thumbnail(
    cloud: Cloud, lambdas: Lambdas, content: bytes, size: tuple[int, int]
) -> None:
    stored(cloud, content, size)
    before = the_job(cloud)
    assert lambdas("make_thumbnails", an_event("make_thumbnails", "thumbnail")) == DONE
    assert the_job(cloud) == before
    assert names(cloud) == ["1.png"]
    assert "thumbnail refused" in lambdas.log.getvalue()


def test_a_failure_on_our_side_is_retried(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, picture())
    boto3.client("s3").delete_object(Bucket=cloud.bucket, Key=the_job(cloud).images[0].key)
    batch = a_batch("make_thumbnails", "thumbnail", {"job_id": a_job_id(), "number": 1}, "{}")
    failures = lambdas("make_thumbnails", batch)["batchItemFailures"]
    assert failures == [{"itemIdentifier": "message-0"}, {"itemIdentifier": "message-1"}]


def test_only_the_permitted_actions_are_used(cloud: Cloud, lambdas: Lambdas) -> None:
    stored(cloud, picture())
    lambdas("make_thumbnails", an_event("make_thumbnails", "thumbnail"))
    used = {action for call in lambdas.aws_calls for action in call.actions}
    assert used == permitted_actions("make_thumbnails")


def test_a_message_for_several_images_is_written_once(cloud: Cloud, lambdas: Lambdas) -> None:
    facts = stored(cloud, picture())
    images = tuple(replace(a_stored_image(n), facts=facts) for n in (1, 2))
    bucket = ImageBucket.connect(cloud.bucket)
    bucket.put_image(a_job_id(1), 1, io.BytesIO(picture()), facts)
    bucket.put_image(a_job_id(1), 2, io.BytesIO(picture()), facts)
    images = tuple(replace(each, key=f"images/{a_job_id(1)}/{each.number}.png") for each in images)
    table = JobTable.connect(cloud.table)
    table.create(a_job(JobStatus.SUCCEEDED, number=1, images=images))
    message = {"job_id": a_job_id(1), "number": 1, "numbers": [1, 2]}
    assert lambdas("make_thumbnails", a_batch("make_thumbnails", "thumbnail", message)) == DONE
    assert table.get(a_job_id(1)).thumbnails == 2
    assert [call.operation for call in lambdas.aws_calls].count("UpdateItem") == 1
