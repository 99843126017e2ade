from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import BinaryIO

import pytest
from ringback.domain.errors import ThumbnailRefused, UnknownJob
from ringback.domain.images import ImageFacts
from ringback.domain.jobs import Job, JobStatus
from ringback.use_cases.make_thumbnail import MAX_PIXELS, MakeThumbnail

from tests.support.in_memory import InMemoryBucket, InMemoryJobs
from tests.support.jobs import a_job, a_job_id, a_stored_image

PICTURE = b"picture 1"
KEY = f"images/{a_job_id()}/1.thumbnail.webp"


@dataclass
class Bench:
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


def a_bench(**facts: int) -> Bench:
    bench, image = Bench(), a_stored_image()
    image = replace(image, facts=replace(image.facts, **facts))  # type: ignore[arg-type]
    bench.bucket.put_image(a_job_id(), 1, BytesIO(PICTURE), image.facts)
    bench.jobs.create(a_job(JobStatus.SUCCEEDED, images=(image,)))
    return bench


def test_a_thumbnail_is_made_stored_and_noted() -> None:
    bench = a_bench()
    job = bench()
    assert bench.shrunk == [PICTURE]
    assert bench.bucket.objects[KEY] == b"small"
    assert job.images[0].thumbnail == KEY


def test_a_repeated_message_makes_no_second_one() -> None:
    bench = a_bench()
    assert bench() == bench()
    assert len(bench.shrunk) == 1


def test_there_is_none_of_an_image_that_is_not_there() -> None:
    bench = a_bench()
    assert bench(number=2).images[0].thumbnail is None
    assert bench.shrunk == []
    with pytest.raises(UnknownJob):
        Bench()()


def test_an_image_of_too_many_pixels_is_not_even_read() -> None:
    assert a_bench(width=8000, height=8000)().images[0].thumbnail == KEY
    bench = a_bench(width=8000, height=8001)
    with pytest.raises(ThumbnailRefused, match=f"more than {MAX_PIXELS}"):
        bench()
    assert bench.shrunk == []


def test_what_goes_wrong_leaves_the_job_as_it_was() -> None:
    bench = a_bench()
    before = bench.jobs.get(a_job_id())
    bench.bucket.objects.clear()
    with pytest.raises(KeyError):
        bench()
    assert bench.jobs.get(a_job_id()) == before
