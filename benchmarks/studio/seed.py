"""Jobs with pictures, written straight into a local stack's table and bucket."""

import hashlib
import io
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, Final

from PIL import Image
from ringback.aws.job_items import to_item
from ringback.domain.clock import utc_now
from ringback.domain.images import ImageFacts, StoredImage
from ringback.domain.job_ids import new_job_id
from ringback.domain.jobs import Job, JobRequest, JobStatus

from local.deployment import Deployment, administrator
from local.waiting import wait_for

MODEL: Final = "bytedance/seedream-v4-text-to-image"
# Jobs share pictures, which are as large as real thumbnails are.
PICTURES: Final = 400
SHAPES: Final = ((512, 512), (512, 384), (384, 512), (512, 288), (288, 512))
# DynamoDB's own limit.
BATCH: Final = 25


def seed(deployment: Deployment, client: str, count: int) -> None:
    """Write so many succeeded jobs of the client, one a minute until now, with a picture each.

    Returns once the stream has told them all: they are meant to be old.
    """
    session = administrator()
    bucket = session.client("s3", endpoint_url=deployment.endpoint_url)
    table = session.client("dynamodb", endpoint_url=deployment.endpoint_url)
    pictures, before = min(PICTURES, count), told_in(table, deployment.jobs_table)

    def store(number: int) -> None:
        for key in keys_of(number):
            bucket.put_object(
                Bucket=deployment.images_bucket,
                Key=key,
                Body=picture(number),
                ContentType="image/webp",
            )

    def write(batch: list[dict[str, Any]]) -> None:
        requests: Any = [{"PutRequest": {"Item": item}} for item in batch]
        table.batch_write_item(RequestItems={deployment.jobs_table: requests})

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(store, range(pictures)))
        list(threads.map(write, batches(client, count, pictures)))
    wait_for(
        lambda: told_in(table, deployment.jobs_table),
        lambda told: told >= before + count,
        what="the events of the seeded jobs",
        pause=2,
    )


def told_in(table: Any, name: str) -> int:
    """Return how many jobs have been told."""
    pages = table.get_paginator("scan").paginate(
        TableName=name,
        Select="COUNT",
        FilterExpression="begins_with(job_id, :told)",
        ExpressionAttributeValues={":told": {"S": "told#"}},
    )
    return sum(page["Count"] for page in pages)


def batches(client: str, count: int, pictures: int) -> Iterator[list[dict[str, Any]]]:
    now = utc_now()
    for first in range(0, count, BATCH):
        numbers = range(first, min(first + BATCH, count))
        yield [
            dict(to_item(job_of(client, now - timedelta(minutes=each + 1), each, pictures)))
            for each in numbers
        ]


def job_of(client: str, at: datetime, number: int, pictures: int) -> Job:
    key, thumbnail = keys_of(number % pictures)
    width, height = (2 * side for side in SHAPES[number % pictures % len(SHAPES)])
    content = picture(number % pictures)
    facts = ImageFacts(
        content_type="image/webp",
        extension="webp",
        width=width,
        height=height,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    job_input = {"prompt": f"a kite over the sea, number {number}", "image_size": "square"}
    return Job(
        job_id=new_job_id(at, os.urandom(10)),
        client=client,
        request=JobRequest(
            model=MODEL, provider="kie", input=job_input, sent={"model": MODEL, "input": job_input}
        ),
        status=JobStatus.SUCCEEDED,
        created_at=at,
        updated_at=at + timedelta(seconds=20),
        finished_at=at + timedelta(seconds=20),
        deadline_at=at + timedelta(minutes=15),
        forget_at=at + timedelta(days=365),
        images=(
            StoredImage(
                number=1,
                key=key,
                source_url="https://cdn.example/1.png",
                facts=facts,
                thumbnail=thumbnail,
            ),
        ),
    )


def keys_of(number: int) -> tuple[str, str]:
    return f"images/seed/{number}.webp", f"images/seed/{number}.thumbnail.webp"


_drawn: dict[int, bytes] = {}


def picture(number: int) -> bytes:
    """Return a WebP of some ten kilobytes, another one for each number."""
    if number not in _drawn:
        size = SHAPES[number % len(SHAPES)]
        noise = Image.effect_noise((size[0] // 8, size[1] // 8), 40 + number % 60).resize(size)
        hue = Image.new("L", size, number * 37 % 256)
        image = Image.merge("HSV", (hue, Image.new("L", size, 150), noise)).convert("RGB")
        content = io.BytesIO()
        image.save(content, "WEBP", quality=60)
        _drawn[number] = content.getvalue()
    return _drawn[number]
