"""Copy generated images into the owner's bucket before the provider's links expire."""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import Final, Unpack

from ringback.domain.errors import (
    AddressRefused,
    ImageRefused,
    LinkDead,
    NotConfigured,
    ProviderUnavailable,
    TransferInterrupted,
)
from ringback.domain.images import StoredImage, StoredObject
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.use_cases.fetch_image import FetchImage, Owners
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

RETRYABLE: Final = (TransferInterrupted, LinkDead, ProviderUnavailable)
PERMANENT: Final = (AddressRefused, ImageRefused)

# Together with MAX_COPY_TIME less than the function's timeout: no copy starts after this.
MAX_START_DELAY: Final = timedelta(seconds=120)
# So many copies are sure to start within these limits, two at a time.
COPIES_PER_ATTEMPT: Final = 4
CONFLICT_RETRY_SECONDS: Final = 30
# Until a missing key or permission is looked for again. The job's check ends this wait, after two
# days without progress.
CONFIGURATION_RETRY_SECONDS: Final = 300
NOT_RECORDED: Final = TransferInterrupted("stored, but not recorded yet")

CopyResult = StoredImage | Exception
ForEach = Callable[[Callable[[int], CopyResult], Iterable[int]], Iterable[CopyResult]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchiveImages:
    """Copy each image independently of the others; a repeated message copies only missing ones.

    ``retry_delays`` are in seconds, one per retry; after the last retry copying gives up.
    ``for_each`` is ``map``, or a concurrent equivalent.
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
        problems = self._copy_missing(job, attempt)
        # A concurrent delivery may have recorded some of the images, or ended the job.
        job = self.jobs.get(job_id)
        if job.status is not JobStatus.ARCHIVING:
            return job
        missing = {number: problems.get(number, NOT_RECORDED) for number in job.missing_images}
        retryable = any(isinstance(problem, RETRYABLE) for problem in missing.values())
        if retryable and attempt <= len(self.retry_delays):
            self.queue.add(job_id, attempt=attempt + 1, delay=self.retry_delays[attempt - 1])
            return job
        return self._finish(job, missing)

    def _copy_missing(self, job: Job, attempt: int) -> dict[int, Exception]:
        # Each attempt starts with other images, so that slow ones do not starve the rest.
        order = deque(job.missing_images)
        order.rotate(COPIES_PER_ATTEMPT * (1 - attempt))
        start_by, problems = self.now() + MAX_START_DELAY, dict[int, Exception]()
        owners = {image.facts.sha256: image.source_url for image in job.images}
        results = self.for_each(lambda number: self._copy(job, number, start_by, owners), order)
        for number, result in zip(order, results, strict=True):
            problem = self._record(job, result) if isinstance(result, StoredImage) else result
            if problem:
                problems[number] = problem
        for problem in problems.values():
            if not isinstance(problem, RETRYABLE + PERMANENT):
                raise problem
        return problems

    @property
    def fetch(self) -> FetchImage:
        return FetchImage(download=self.download, clients=self.clients, now=self.now)

    def _record(self, job: Job, image: StoredImage) -> Exception | None:
        try:
            self.jobs.add_image(job.job_id, image, at=self.now())
        except Exception as problem:  # noqa: BLE001 - the other images are recorded first
            return problem
        return None

    def _copy(self, job: Job, number: int, start_by: datetime, owners: Owners) -> CopyResult:
        if self.now() >= start_by:
            return TransferInterrupted("not tried yet")
        try:
            stored = self._store(job, number, owners)
        except Exception as problem:  # noqa: BLE001 - the other images are recorded first
            return problem
        url = job.result_urls[number - 1]
        return StoredImage(number=number, key=stored.key, source_url=url, facts=stored.facts)

    def _store(self, job: Job, number: int, owners: Owners) -> StoredObject:
        try:
            with TemporaryFile() as content:
                facts = self.fetch(job, number, content, owners)
                return self.images.put_image(job.job_id, number, content, facts)
        except RETRYABLE + PERMANENT:
            # An earlier delivery may have stored it, and crashed before it recorded it.
            if stored := self.images.find_image(job.job_id, number):
                return stored
            raise

    def _finish(self, job: Job, problems: Mapping[int, Exception]) -> Job:
        at = self.now()
        self.images.put_record(job.job_id, provenance(job, at=at))
        for image in job.images:
            if not image.thumbnail:
                self.thumbnails.add(job.job_id, image.number)
        if not problems:
            return self._end(job, JobStatus.SUCCEEDED, finished_at=at)
        keeps = self.providers[job.request.provider].keeps_results
        details = "; ".join(f"image {number}: {problem}" for number, problem in problems.items())
        error = JobError(
            kind=ErrorKind.IMAGES_LOST,
            message=f"saved {len(job.images)} of {len(job.result_urls)} images. {details}",
            may_be_charged=True,
            missing=tuple(problems),
            kept_until=job.submitted_at + keeps if keeps and job.submitted_at else None,
        )
        return self._end(job, JobStatus.ARCHIVE_FAILED, finished_at=at, error=error)

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
