"""Copy generated images into the owner's bucket before the provider's links expire."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from ringback.domain import canary
from ringback.domain.errors import NotAnImage, NotConfigured, TransferInterrupted
from ringback.domain.images import Quarantined, StoredImage, listed
from ringback.domain.jobs import Job, JobError, JobId, JobStatus
from ringback.use_cases.copy_image import PERMANENT, RETRYABLE, CopyImage
from ringback.use_cases.fetch_image import Owners, owner
from ringback.use_cases.lost_images import images_lost, is_at_stake
from ringback.use_cases.ports import (
    ArchiveQueue,
    Downloader,
    ImageStore,
    JobStore,
    ProviderClient,
    ThumbnailQueue,
)
from ringback.use_cases.provenance import provenance
from ringback.use_cases.providers import Providers

# Together with MAX_COPY_TIME less than the function's timeout: no copy starts after this.
MAX_START_DELAY: Final = timedelta(seconds=120)
# So many copies are sure to start within these limits, two at a time.
COPIES_PER_ATTEMPT: Final = 4
# Few enough for one invocation.
THUMBNAILS_PER_MESSAGE: Final = 4
CONFLICT_RETRY_SECONDS: Final = 30
# Until a missing key or permission is looked for again. The job's check ends this wait, after two
# days without progress.
CONFIGURATION_RETRY_SECONDS: Final = 300
NOT_RECORDED: Final = TransferInterrupted("stored, but not recorded yet")

CopyResult = StoredImage | Quarantined | Exception
Problems = dict[int, Exception]
ForEach = Callable[[Callable[[int], CopyResult], Iterable[int]], Iterable[CopyResult]]


class Ended(Protocol):
    """Counts a job that was archived, or whose images were lost.

    ``since`` is when its copying began, ``None`` if that is no longer known.
    """

    def __call__(self, job: Job, *, since: datetime | None) -> None: ...


def uncounted(job: Job, *, since: datetime | None) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveImages:
    """Copy each image independently of the others; a repeated message copies only missing ones.

    What is stored is recorded in one write, together with the job's success if nothing is missing.
    A crash before it costs no image: the next delivery finds what is stored. But one of the images
    may be what crashed the function. So from the second delivery of a message on, each is recorded
    as soon as it is stored.
    ``retry_delays`` are in seconds, one per retry; after the last retry copying gives up.
    ``for_each`` is ``map``, or a concurrent equivalent. Without ``thumbnails`` none are made.
    ``ended`` gets each job once.
    """

    jobs: JobStore
    images: ImageStore
    queue: ArchiveQueue
    thumbnails: ThumbnailQueue | None
    download: Downloader
    providers: Providers
    clients: Mapping[str, ProviderClient]
    retry_delays: Sequence[int]
    now: Callable[[], datetime]
    for_each: ForEach = map
    ended: Ended = uncounted

    def __call__(self, job_id: JobId, *, attempt: int, receives: int = 1) -> Job:
        """Return the job as it now stands. Raises unexpected errors after recording all copies."""
        try:
            return self._archive(job_id, attempt, at_once=receives > 1)
        except NotConfigured:
            # A key or a permission is missing: the job waits, and no attempt is counted.
            self.queue.add(job_id, attempt=attempt, delay=CONFIGURATION_RETRY_SECONDS)
            return self.jobs.get(job_id)

    def _archive(self, job_id: JobId, attempt: int, *, at_once: bool) -> Job:
        job = self.jobs.get(job_id)
        if job.status is not JobStatus.ARCHIVING:
            # An earlier delivery may have ended the job, and crashed before it could.
            self._ask_for_thumbnails(job)
            return job
        # Recording images changes the time.
        since = None if job.images else job.updated_at
        job, problems, quarantined, rest = self._copy_missing(job, attempt, at_once=at_once)
        if rest:
            return self._finish(job, {}, since, rest=rest)
        # A concurrent delivery may have recorded some of the images, or ended the job.
        job = self._record_quarantined(self.jobs.get(job_id), quarantined)
        if job.status is not JobStatus.ARCHIVING:
            return job
        for problem in problems.values():
            if not isinstance(problem, RETRYABLE + PERMANENT):
                if self._is_last(attempt) or not any(map(is_at_stake, problems.values())):
                    raise problem
                return self._try_again(job, attempt)
        missing = {number: problems.get(number, NOT_RECORDED) for number in job.missing_images}
        retryable = any(isinstance(problem, RETRYABLE) for problem in missing.values())
        if retryable and not self._is_last(attempt):
            return self._try_again(job, attempt)
        return self._finish(job, missing, since)

    def _try_again(self, job: Job, attempt: int) -> Job:
        self.queue.add(job.job_id, attempt=attempt + 1, delay=self.retry_delays[attempt - 1])
        return job

    def _is_last(self, attempt: int) -> bool:
        return attempt > len(self.retry_delays)

    def _copy_missing(
        self, job: Job, attempt: int, *, at_once: bool
    ) -> tuple[Job, Problems, list[Quarantined], list[StoredImage]]:
        """Return the job with its new images, what became of others, and the rest.

        These are not recorded yet; there are none if they aren't all that is missing.
        """
        # Each attempt starts with other images, so that slow ones do not starve the rest.
        order = deque(job.missing_images)
        order.rotate(COPIES_PER_ATTEMPT * (1 - attempt))
        start_by, is_last = self.now() + MAX_START_DELAY, self._is_last(attempt)
        owners = {each.facts.sha256: owner(each.source_url, each.number) for each in job.images}
        results = self.for_each(
            lambda number: self._copy(job, number, start_by, owners, is_last=is_last), order
        )
        new, problems, quarantined = list[StoredImage](), Problems(), list[Quarantined]()
        for number, result in zip(order, results, strict=True):
            match result:
                case StoredImage():
                    new.append(result)
                case Quarantined():
                    quarantined.append(result)
                    problems[number] = NotAnImage(result.reason)
                case _:
                    problems[number] = result
            if at_once and not completes(job, new):
                job, new = self._record(job, new, problems), []
        if completes(job, new):
            return job, problems, quarantined, new
        return self._record(job, new, problems), problems, quarantined, []

    @property
    def copy(self) -> CopyImage:
        return CopyImage(
            images=self.images, download=self.download, clients=self.clients, now=self.now
        )

    def _copy(
        self, job: Job, number: int, start_by: datetime, owners: Owners, *, is_last: bool
    ) -> CopyResult:
        if self.now() >= start_by:
            return TransferInterrupted("not tried yet")
        try:
            return self.copy(job, number, owners, is_last=is_last)
        except Exception as problem:  # noqa: BLE001 - the other images are recorded first
            return problem

    def _record(self, job: Job, new: Sequence[StoredImage], problems: Problems) -> Job:
        """Return the job with the new images; if they can't be recorded, that is their problem."""
        at = self.now()
        if not new:
            return job
        try:
            self.jobs.add_images(job.job_id, *new, at=at)
        except Exception as problem:  # noqa: BLE001 - what else there is to do is done first
            problems |= dict.fromkeys([image.number for image in new], problem)
            return job
        return with_images(job, new, at=at)

    def _record_quarantined(self, job: Job, quarantined: Sequence[Quarantined]) -> Job:
        """Record what was quarantined, so that no error after it makes the job forget it."""
        kept = listed((*job.quarantined, *quarantined))
        if kept != job.quarantined:
            self.jobs.add_quarantined(job.job_id, kept)
        return replace(job, quarantined=kept)

    def _finish(
        self,
        job: Job,
        problems: Mapping[int, Exception],
        since: datetime | None,
        *,
        rest: Sequence[StoredImage] = (),
    ) -> Job:
        at = self.now()
        if problems:
            keeps = self.providers[job.request.provider].keeps_results
            job = replace(job, error=images_lost(job, problems, keeps=keeps))
        self._put_record(with_images(job, rest, at=at), at=at)
        if problems:
            return self._end(job, JobStatus.ARCHIVE_FAILED, since, at=at, error=job.error)
        return self._end(job, JobStatus.SUCCEEDED, since, at=at, rest=rest)

    def _ask_for_thumbnails(self, job: Job) -> None:
        if not self.thumbnails:
            return
        numbers = [image.number for image in job.images if not image.thumbnail]
        for start in range(0, len(numbers), THUMBNAILS_PER_MESSAGE):
            self.thumbnails.add(job.job_id, numbers[start : start + THUMBNAILS_PER_MESSAGE])

    def _end(
        self,
        job: Job,
        to: JobStatus,
        since: datetime | None,
        *,
        at: datetime,
        rest: Sequence[StoredImage] = (),
        error: JobError | None = None,
    ) -> Job:
        write = self.jobs.move(
            job.job_id,
            expect=[JobStatus.ARCHIVING],
            to=to,
            at=at,
            unchanged_since=job.updated_at,
            images=rest,
            finished_at=at,
            error=error,
        )
        if write.job.status is JobStatus.ARCHIVING:
            if rest:
                self.jobs.add_images(job.job_id, *rest, at=at)
            # A concurrent delivery changed the job. It may crash before it ends it: try again. This
            # loop ends because there are only so many changes: one for each image, and the end.
            self.queue.add(job.job_id, delay=CONFLICT_RETRY_SECONDS)
        elif write.done:
            # Only now: a thumbnail is made of an image that is recorded.
            self._ask_for_thumbnails(write.job)
            self.ended(write.job, since=since)
        else:
            # A concurrent delivery ended the job, and our put_record overwrote its record.
            self._put_record(with_times(write.job, job), at=at)
        return write.job

    def _put_record(self, job: Job, *, at: datetime) -> None:
        record = self.images.put_record(job.job_id, provenance(job, at=at))
        if job.client == canary.CLIENT:
            self.images.let_expire([*(image.key for image in job.images), record])


def with_times(job: Job, before: Job) -> Job:
    """Return the job with the times that it had before its end: the table forgets them then."""
    return replace(
        job,
        queued_at=before.queued_at,
        running_at=before.running_at,
        decided_at=before.decided_at,
        called_back=before.called_back,
    )


def completes(job: Job, new: Iterable[StoredImage]) -> bool:
    """Tell whether the new images are all that is missing."""
    return sorted(image.number for image in new) == job.missing_images


def with_images(job: Job, new: Sequence[StoredImage], *, at: datetime) -> Job:
    """Return the job as it is once the images are recorded."""
    images = sorted((*job.images, *new), key=lambda each: each.number)
    return replace(job, images=tuple(images), updated_at=at)
