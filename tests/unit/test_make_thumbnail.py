from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from typing import BinaryIO

import pytest
from ringback.domain import canary
from ringback.domain.errors import ThumbnailRefused, UnknownJob
from ringback.domain.images import ImageFacts, ImageFormat
from ringback.domain.jobs import GONE, Job, JobId, JobStatus
from ringback.use_cases.make_thumbnail import ROOM, MakeThumbnail

from tests.support.in_memory import InMemoryBucket, InMemoryJobs
from tests.support.jobs import a_job, a_job_id, a_stored_image
from tests.support.lambdas import function_properties

PICTURE = b"picture 1"
KEY = f"images/{a_job_id()}/1.thumbnail.webp"


@dataclass
class Thumbnails:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    bucket: InMemoryBucket = field(default_factory=InMemoryBucket)
    shrunk: list[bytes] = field(default_factory=list)

    def __call__(self, number: int = 1) -> Job:
        make = MakeThumbnail(jobs=self.jobs, images=self.bucket, shrink=self.shrink)
        _, refused = make(a_job_id(), [number])
        for error in refused.values():
            raise error
        return self.jobs.get(a_job_id())

    def shrink(self, content: BinaryIO, facts: ImageFacts) -> bytes:
        self.shrunk.append(content.read())
        return b"small"


def thumbnails_of_one_image(**facts: int | str) -> Thumbnails:
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


@pytest.mark.parametrize("status", sorted(GONE))
def test_a_deleted_job_gets_no_thumbnail(status: JobStatus) -> None:
    thumbnails = thumbnails_of_one_image()
    job = replace(thumbnails.jobs.get(a_job_id()), status=status)
    thumbnails.jobs.by_id[a_job_id()] = job
    assert thumbnails() == job
    assert KEY not in thumbnails.bucket.objects


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


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        *((kind, 64_000_000) for kind in (ImageFormat.PNG, ImageFormat.JPEG, ImageFormat.GIF)),
        (ImageFormat.AVIF, 53_333_333),
        (ImageFormat.WEBP, 37_647_058),
    ],
)
def test_an_image_of_too_many_pixels_is_not_read(kind: ImageFormat, most: int) -> None:
    of_a_kind = partial(thumbnails_of_one_image, content_type=kind.content_type)
    assert of_a_kind(width=1, height=most)().images[0].thumbnail == KEY
    thumbnails = of_a_kind(width=1, height=most + 1)
    with pytest.raises(ThumbnailRefused, match=f"more than {most}"):
        thumbnails()
    assert thumbnails.shrunk == []


def test_the_function_has_room_for_what_a_decoder_takes() -> None:
    """It takes 50 MB before it decodes (benchmarks/RESULTS.md), and Lambda some for itself."""
    memory: int = function_properties("make_thumbnails")["MemorySize"]
    assert memory * 1024**2 - ROOM > 90e6


@dataclass
class FourPictures(Thumbnails):
    """Some of which have no thumbnail, and one crashes the function."""

    refused: tuple[int, ...] = ()
    crashing: int | None = None
    written: list[list[int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        images = tuple(map(a_stored_image, range(1, 5)))
        for image in images:
            picture = BytesIO(b"picture %d" % image.number)
            self.bucket.put_image(a_job_id(), image.number, picture, image.facts)
        self.jobs.create(a_job(JobStatus.SUCCEEDED, images=images))

    def receive(self, *, receives: int = 1) -> list[int]:
        """Return which are refused."""
        make = MakeThumbnail(jobs=self, images=self.bucket, shrink=self.shrink)  # type: ignore[arg-type]
        return list(make(a_job_id(), [1, 2, 3, 4], receives=receives)[1])

    def get(self, job_id: JobId) -> Job:
        return self.jobs.get(job_id)

    def add_thumbnails(self, job_id: JobId, keys: Mapping[int, str]) -> None:
        self.written.append(list(keys))
        self.jobs.add_thumbnails(job_id, keys)

    def shrink(self, content: BinaryIO, facts: ImageFacts) -> bytes:
        number = int(content.read()[-1:])
        if number in self.refused:
            raise ThumbnailRefused("damaged")
        if number == self.crashing:
            raise KeyboardInterrupt
        return b"small"


def test_the_thumbnails_of_a_job_are_recorded_together() -> None:
    pictures = FourPictures()
    assert pictures.receive() == []
    assert pictures.receive() == []
    assert pictures.written == [[1, 2, 3, 4]]


def test_a_refused_or_missing_image_holds_up_no_other() -> None:
    pictures = FourPictures(refused=(2,))
    del pictures.bucket.objects[pictures.jobs.get(a_job_id()).images[2].key]
    with pytest.raises(KeyError):
        pictures.receive()
    assert pictures.written == [[1, 4]]


def test_the_refusals_are_returned() -> None:
    assert FourPictures(refused=(2, 3)).receive() == [2, 3]
    nothing = FourPictures(refused=(1, 2, 3, 4))
    assert (nothing.receive(), nothing.written) == ([1, 2, 3, 4], [])


@pytest.mark.parametrize("crashing", [1, 2, 3, 4])
def test_an_image_that_crashes_the_function_costs_the_others_nothing(crashing: int) -> None:
    pictures = FourPictures(crashing=crashing)
    for receives in range(1, 6):
        with pytest.raises(KeyboardInterrupt):
            pictures.receive(receives=receives)
    assert {n for each in pictures.written for n in each} == {1, 2, 3, 4} - {crashing}
    assert max(map(len, pictures.written)) == 1


def test_a_failure_leaves_the_job_unchanged() -> None:
    thumbnails = thumbnails_of_one_image()
    before = thumbnails.jobs.get(a_job_id())
    thumbnails.bucket.objects.clear()
    with pytest.raises(KeyError):
        thumbnails()
    assert thumbnails.jobs.get(a_job_id()) == before
