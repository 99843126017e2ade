"""Copy what the provider made into the owner's bucket, before the links die."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import BinaryIO, Final, Unpack

from ringback.domain.errors import (
    AddressRefused,
    ImageRefused,
    LinkDead,
    NotAnImage,
    ProviderUnavailable,
    TransferInterrupted,
)
from ringback.domain.images import ImageFacts, StoredImage, StoredObject
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.use_cases.ports import (
    ArchiveQueue,
    Changes,
    Downloader,
    ImageStore,
    JobStore,
    ProviderClient,
    ThumbnailQueue,
)
from ringback.use_cases.provenance import provenance
from ringback.use_cases.providers import Providers

WORTH_ANOTHER_TRY: Final = (TransferInterrupted, LinkDead, ProviderUnavailable)
FINAL_FOR_NOW: Final = (AddressRefused, ImageRefused)
# Some hosts say that a link has died with a page instead of a 404.
NO_IMAGE_HERE: Final = (LinkDead, NotAnImage)

Copied = StoredImage | Exception
ForEach = Callable[[Callable[[int], Copied], Iterable[int]], Iterable[Copied]]

# No copy is begun after this, and none takes longer than that, fresh links and all: a slow host
# costs a delay and not the function's time-out.
PATIENCE: Final = timedelta(seconds=120)
MAX_COPY_TIME: Final = timedelta(seconds=100)
# As many as surely get their turn in these times, two at a time.
IN_A_TRY: Final = 4
LOOK_AGAIN: Final = 30  # seconds
NOT_NOTED: Final = TransferInterrupted("stored, but not noted yet")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveImages:
    """Settle each image on its own; a repeated message copies only what is missing.

    ``retry_delays`` in seconds: after the last of them has passed, copying gives up. ``for_each``
    is ``map`` for one image after the other, or one that works on several at a time.
    """

    jobs: JobStore
    images: ImageStore
    queue: ArchiveQueue
    thumbnails: ThumbnailQueue
    download: Downloader
    providers: Providers
    clients: Mapping[str, ProviderClient]
    retry_delays: Sequence[int]
    now: Callable[[], datetime]
    for_each: ForEach = map

    def __call__(self, job_id: JobId, *, attempt: int) -> Job:
        job = self.jobs.get(job_id)
        if job.status is not JobStatus.ARCHIVING:
            return job
        problems = self._copy_missing(job, attempt)
        # Two deliveries may work at the same time. What is noted counts, whoever noted it.
        job = self.jobs.get(job_id)
        if job.status is not JobStatus.ARCHIVING:
            return job
        unsettled = {number: problems.get(number, NOT_NOTED) for number in job.missing_images}
        again = any(isinstance(problem, WORTH_ANOTHER_TRY) for problem in unsettled.values())
        if again and attempt <= len(self.retry_delays):
            self.queue.add(job_id, attempt=attempt + 1, delay=self.retry_delays[attempt - 1])
            return job
        return self._finish(job, unsettled)

    def _copy_missing(self, job: Job, attempt: int) -> dict[int, Exception]:
        # Each try begins with others, so that slow images do not keep the rest from being tried.
        order = deque(job.missing_images)
        order.rotate(IN_A_TRY * (1 - attempt))
        enough, problems = self.now() + PATIENCE, dict[int, Exception]()
        ends = self.for_each(lambda number: self._copy(job, number, enough), order)
        for number, end in zip(order, ends, strict=True):
            problem = self._note(job, end) if isinstance(end, StoredImage) else end
            if problem:
                problems[number] = problem
        for problem in problems.values():
            if not isinstance(problem, WORTH_ANOTHER_TRY + FINAL_FOR_NOW):
                raise problem
        return problems

    def _note(self, job: Job, image: StoredImage) -> Exception | None:
        try:
            self.jobs.add_image(job.job_id, image, at=self.now())
        except Exception as problem:  # noqa: BLE001 - the other images are to be noted first
            return problem
        return None

    def _copy(self, job: Job, number: int, enough: datetime) -> Copied:
        if self.now() >= enough:
            return TransferInterrupted("not tried yet")
        try:
            kept = self._store(job, number)
        except Exception as problem:  # noqa: BLE001 - the other images are to be noted first
            return problem
        url = job.result_urls[number - 1]
        return StoredImage(number=number, key=kept.key, source_url=url, facts=kept.facts)

    def _store(self, job: Job, number: int) -> StoredObject:
        try:
            with TemporaryFile() as content:
                facts = self._fetch(job, number, content, until=self.now() + MAX_COPY_TIME)
                return self.images.put_image(job.job_id, number, content, facts)
        except WORTH_ANOTHER_TRY + FINAL_FOR_NOW:
            # A delivery that did not live to note it may have stored it while the link was good.
            if stored := self.images.find_image(job.job_id, number):
                return stored
            raise

    def _fetch(self, job: Job, number: int, content: BinaryIO, *, until: datetime) -> ImageFacts:
        def fetch(url: str) -> ImageFacts:
            return self.download.fetch(url, content, within=self._seconds(until))

        try:
            return fetch(job.result_urls[number - 1])
        except NO_IMAGE_HERE as first:
            self._seconds(until)
            for fresh in self.clients[job.request.provider].fresh_links(job, number):
                with suppress(*NO_IMAGE_HERE):
                    return fetch(fresh)
                self._seconds(until)
            if isinstance(first, NotAnImage):
                raise
            raise LinkDead(f"{first}, and the provider has no link that works") from first

    def _seconds(self, until: datetime) -> float:
        left = (until - self.now()).total_seconds()
        if left <= 0:
            raise TransferInterrupted("took too long")
        return left

    def _finish(self, job: Job, problems: Mapping[int, Exception]) -> Job:
        at = self.now()
        self.images.put_record(job.job_id, provenance(job, at=at))
        for image in job.images:
            if not image.thumbnail:
                self.thumbnails.add(job.job_id, image.number)
        if not problems:
            return self._leave_archiving(job, JobStatus.SUCCEEDED, finished_at=at)
        lost = "; ".join(f"image {number}: {problem}" for number, problem in problems.items())
        keeps = self.providers[job.request.provider].keeps_results
        error = JobError(
            kind=ErrorKind.IMAGES_LOST,
            message=f"saved {len(job.images)} of {len(job.result_urls)} images. {lost}",
            may_be_charged=True,
            missing=tuple(problems),
            kept_until=job.submitted_at + keeps if keeps and job.submitted_at else None,
        )
        return self._leave_archiving(job, JobStatus.ARCHIVE_FAILED, finished_at=at, error=error)

    def _leave_archiving(self, job: Job, to: JobStatus, **changes: Unpack[Changes]) -> Job:
        at = self.now()
        left = self.jobs.move(
            job.job_id,
            expect=[JobStatus.ARCHIVING],
            to=to,
            at=at,
            unchanged_since=job.updated_at,
            **changes,
        )
        if left.job.status is JobStatus.ARCHIVING:
            # Another delivery noted something meanwhile: it ends the job if it lives to.
            self.queue.add(job.job_id, delay=LOOK_AGAIN)
        elif not left.done:
            # It ended the job, and its record has been written over by ours.
            self.images.put_record(job.job_id, provenance(left.job, at=at))
        return left.job
