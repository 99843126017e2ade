from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import BinaryIO

import pytest
from ringback.domain import canary
from ringback.domain.errors import ThumbnailRefused, UnknownJob
from ringback.domain.images import ImageFacts
from ringback.domain.jobs import Job, JobStatus
from ringback.use_cases.make_thumbnail import MAX_PIXELS, MakeThumbnail

from tests.support.in_memory import InMemoryBucket, InMemoryJobs
from tests.support.jobs import a_job, a_job_id, a_stored_image

PICTURE = b"picture 1"
KEY = f"images/{a_job_id()}/1.thumbnail.webp"


@dataclass
class Thumbnails:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    bucket: InMemoryBucket = field(default_factory=InMemoryBucket)
    shrunk: list[bytes] = field(default_factory=list)

    def __call__(self, number: int = 1) -> Job:
        make = MakeThumbnail(jobs=self.jobs, images=self.bucket, shrink=self.shrink)
        make(a_job_id(), number)
        return self.jobs.get(a_job_id())

    def shrink(self, content: BinaryIO, facts: ImageFacts) -> bytes:
        self.shrunk.append(content.read())
        return b"small"


def thumbnails_of_one_image(**facts: int) -> Thumbnails:
    thumbnails, image = Thumbnails(), a_stored_image()
    image = replace(image, facts=replace(image.facts, **facts))  # type: ignore[arg-type]
    thumbnails.bucket.put_image(a_job_id(), 1, BytesIO(PICTURE), image.facts)
    thumbnails.jobs.create(a_job(JobStatus.SUCCEEDED, images=(image,)))
    return thumbnails


def test_a_thumbnail_is_made_stored_and_recorded() -> None:
    thumbnails = thumbnails_of_one_image()
    job = thumbnails()
    assert thumbnails.shrunk == [PICTURE]
    assert thumbnails.bucket.objects[KEY] == b"small"
    assert job.images[0].thumbnail == KEY


@pytest.mark.parametrize(("client", "expiring"), [(canary.CLIENT, [KEY]), ("studio", [])])
def test_only_the_canary_s_thumbnails_expire(client: str, expiring: list[str]) -> None:
    thumbnails = thumbnails_of_one_image()
    job = replace(thumbnails.jobs.get(a_job_id()), client=client)
    thumbnails.jobs = InMemoryJobs()
    thumbnails.jobs.create(job)
    thumbnails()
    assert thumbnails.bucket.expiring == expiring


def test_a_repeated_message_makes_no_second_thumbnail() -> None:
    thumbnails = thumbnails_of_one_image()
    assert thumbnails() == thumbnails()
    assert len(thumbnails.shrunk) == 1


def test_a_missing_image_gets_no_thumbnail() -> None:
    thumbnails = thumbnails_of_one_image()
    assert thumbnails(number=2).images[0].thumbnail is None
    assert thumbnails.shrunk == []
    with pytest.raises(UnknownJob):
        Thumbnails()()


def test_an_image_of_too_many_pixels_is_not_read() -> None:
    assert thumbnails_of_one_image(width=8000, height=8000)().images[0].thumbnail == KEY
    thumbnails = thumbnails_of_one_image(width=8000, height=8001)
    with pytest.raises(ThumbnailRefused, match=f"more than {MAX_PIXELS}"):
        thumbnails()
    assert thumbnails.shrunk == []


def test_a_failure_leaves_the_job_unchanged() -> None:
    thumbnails = thumbnails_of_one_image()
    before = thumbnails.jobs.get(a_job_id())
    thumbnails.bucket.objects.clear()
    with pytest.raises(KeyError):
        thumbnails()
    assert thumbnails.jobs.get(a_job_id()) == before
