"""Copy generated images into the owner's bucket before the provider's links expire."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Unpack

from ringback.domain.errors import (
    NotAnImage,
    NotConfigured,
    ProviderUnavailable,
    TransferInterrupted,
)
from ringback.domain.images import Quarantined, StoredImage, listed
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.use_cases.copy_image import PERMANENT, RETRYABLE, CopyImage
from ringback.use_cases.fetch_image import Owners, owner
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

# Together with MAX_COPY_TIME less than the function's timeout: no copy starts after this.
MAX_START_DELAY: Final = timedelta(seconds=120)
# So many copies are sure to start within these limits, two at a time.
COPIES_PER_ATTEMPT: Final = 4
CONFLICT_RETRY_SECONDS: Final = 30
# Until a missing key or permission is looked for again. The job's check ends this wait, after two
# days without progress.
CONFIGURATION_RETRY_SECONDS: Final = 300
NOT_RECORDED: Final = TransferInterrupted("stored, but not recorded yet")

CopyResult = StoredImage | Quarantined | Exception
Problems = dict[int, Exception]
ForEach = Callable[[Callable[[int], CopyResult], Iterable[int]], Iterable[CopyResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveImages:
    """Copy each image independently of the others; a repeated message copies only missing ones.

    ``retry_delays`` are in seconds, one per retry; after the last retry copying gives up.
    ``for_each`` is ``map``, or a concurrent equivalent. Without ``thumbnails`` none are made.
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

    def __call__(self, job_id: JobId, *, attempt: int) -> Job:
        """Return the job as it now stands. Raises unexpected errors after recording all copies."""
        try:
            return self._archive(job_id, attempt)
        except NotConfigured:
            # A key or a permission is missing: the job waits, and no attempt is counted.
            self.queue.add(job_id, attempt=attempt, delay=CONFIGURATION_RETRY_SECONDS)
            return self.jobs.get(job_id)

    def _archive(self, job_id: JobId, attempt: int) -> Job:
        job = self.jobs.get(job_id)
        if job.status is not JobStatus.ARCHIVING:
            return job
        problems, quarantined = self._copy_missing(job, attempt)
        # A concurrent delivery may have recorded some of the images, or ended the job.
        job = self._record_quarantined(self.jobs.get(job_id), quarantined)
        if job.status is not JobStatus.ARCHIVING:
            return job
        for problem in problems.values():
            if not isinstance(problem, RETRYABLE + PERMANENT):
                if self._is_last(attempt) or not any(map(_is_at_stake, problems.values())):
                    raise problem
                return self._try_again(job, attempt)
        missing = {number: problems.get(number, NOT_RECORDED) for number in job.missing_images}
        retryable = any(isinstance(problem, RETRYABLE) for problem in missing.values())
        if retryable and not self._is_last(attempt):
            return self._try_again(job, attempt)
        return self._finish(job, missing)

    def _try_again(self, job: Job, attempt: int) -> Job:
        self.queue.add(job.job_id, attempt=attempt + 1, delay=self.retry_delays[attempt - 1])
        return job

    def _is_last(self, attempt: int) -> bool:
        return attempt > len(self.retry_delays)

    def _copy_missing(self, job: Job, attempt: int) -> tuple[Problems, list[Quarantined]]:
        # Each attempt starts with other images, so that slow ones do not starve the rest.
        order = deque(job.missing_images)
        order.rotate(COPIES_PER_ATTEMPT * (1 - attempt))
        start_by, is_last = self.now() + MAX_START_DELAY, self._is_last(attempt)
        owners = {each.facts.sha256: owner(each.source_url, each.number) for each in job.images}
        results = self.for_each(
            lambda number: self._copy(job, number, start_by, owners, is_last=is_last), order
        )
        problems, quarantined = Problems(), []
        for number, result in zip(order, results, strict=True):
            problem = self._record(job, result) if isinstance(result, StoredImage) else result
            if isinstance(problem, Quarantined):
                quarantined.append(problem)
                problem = NotAnImage(problem.reason)
            if problem:
                problems[number] = problem
        return problems, quarantined

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

    def _record(self, job: Job, image: StoredImage) -> Exception | None:
        try:
            self.jobs.add_image(job.job_id, image, at=self.now())
        except Exception as problem:  # noqa: BLE001 - the other images are recorded first
            return problem
        return None

    def _record_quarantined(self, job: Job, quarantined: Sequence[Quarantined]) -> Job:
        """Record what was quarantined, so that no error after it makes the job forget it."""
        kept = listed((*job.quarantined, *quarantined))
        if kept != job.quarantined:
            self.jobs.add_quarantined(job.job_id, kept)
        return replace(job, quarantined=kept)

    def _finish(self, job: Job, problems: Mapping[int, Exception]) -> Job:
        at = self.now()
        if problems:
            job = replace(job, error=self._error(job, problems))
        self.images.put_record(job.job_id, provenance(job, at=at))
        for image in job.images:
            if self.thumbnails and not image.thumbnail:
                self.thumbnails.add(job.job_id, image.number)
        if not problems:
            return self._end(job, JobStatus.SUCCEEDED, finished_at=at)
        return self._end(job, JobStatus.ARCHIVE_FAILED, finished_at=at, error=job.error)

    def _error(self, job: Job, problems: Mapping[int, Exception]) -> JobError:
        keeps = self.providers[job.request.provider].keeps_results
        details = "; ".join(f"image {number}: {problem}" for number, problem in problems.items())
        return JobError(
            kind=ErrorKind.IMAGES_LOST,
            message=f"saved {len(job.images)} of {len(job.result_urls)} images. {details}",
            may_be_charged=True,
            missing=tuple(problems),
            reasons=tuple(map(str, problems.values())),
            kept_until=job.submitted_at + keeps if keeps and job.submitted_at else None,
        )

    def _end(self, job: Job, to: JobStatus, **changes: Unpack[Changes]) -> Job:
        at = self.now()
        write = self.jobs.move(
            job.job_id,
            expect=[JobStatus.ARCHIVING],
            to=to,
            at=at,
            unchanged_since=job.updated_at,
            **changes,
        )
        if write.job.status is JobStatus.ARCHIVING:
            # A concurrent delivery changed the job. It may crash before it ends it: try again. This
            # loop ends because there are only so many changes: one for each image, and the end.
            self.queue.add(job.job_id, delay=CONFLICT_RETRY_SECONDS)
        elif not write.done:
            # A concurrent delivery ended the job, and our put_record overwrote its record.
            self.images.put_record(job.job_id, provenance(write.job, at=at))
        return write.job


def _is_at_stake(problem: Exception) -> bool:
    """Tell whether a link gave something that only the last attempt keeps.

    Then the attempts go on to the last, though another image of the job waits for a key, or meets
    an unexpected error.
    """
    has_part = isinstance(problem, TransferInterrupted) and problem.part is not None
    return has_part or isinstance(problem, NotAnImage | ProviderUnavailable)
