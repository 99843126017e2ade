"""What a client may decide about a job that is there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.checks import RECHECK_DELAY, Check
from ringback.domain.errors import FieldError, InputImageRefused, InvalidRequest, WrongState
from ringback.domain.jobs import FINAL, Job, JobRequest, JobStatus
from ringback.use_cases.ports import ArchiveQueue, CheckQueue, JobStore
from ringback.use_cases.submit_job import AcceptJob, as_before


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelJob:
    """Withdraw a job before the paid call. Safe to repeat."""

    jobs: JobStore
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> Job:
        """Return the cancelled job. Raises ``WrongState`` once it may have been paid."""
        at = self.now()
        job = self.jobs.move(
            job.job_id,
            expect=[JobStatus.ACCEPTED],
            to=JobStatus.CANCELLED,
            at=at,
            finished_at=at,
        ).job
        if job.status is not JobStatus.CANCELLED:
            reason = "has ended" if job.status in FINAL else "is with the provider and may be paid"
            raise WrongState(f"the job {reason}; it is {job.status}")
        return job


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeArchive:
    """Copy what is missing of images that are made and paid. Safe to repeat."""

    jobs: JobStore
    checks: CheckQueue
    archive: ArchiveQueue
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> Job:
        """Return the job, being archived. Raises ``WrongState`` if nothing is there to resume.

        A job that expired with a task has its provider asked once more, and is returned as it is.
        """
        if job.status is JobStatus.EXPIRED and job.task_id:
            self.checks.add(Check(job_id=job.job_id, claimed_task=job.task_id), delay=0)
            return job
        if job.status is JobStatus.ARCHIVE_FAILED:
            # Its own check is past: another one sees to it that what is begun here is ended.
            self.checks.add(Check(job_id=job.job_id), delay=int(RECHECK_DELAY.total_seconds()))
        job = self.jobs.move(
            job.job_id,
            expect=[JobStatus.ARCHIVE_FAILED],
            to=JobStatus.ARCHIVING,
            at=self.now(),
            error=None,
            finished_at=None,
        ).job
        if job.status is not JobStatus.ARCHIVING:
            raise WrongState(f"there is nothing to copy; the job is {job.status}")
        self.archive.add(job.job_id)
        return job


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryJob:
    """Make a new job, which is paid for anew, of one that has ended.

    ``pass_through`` tells whether input that nobody has checked may be sent. ``look`` looks at the
    version of an s3 URL that the old job had, or raises ``InputImageRefused``.
    """

    accept: AcceptJob
    pass_through: bool
    look: Callable[[str, str], object]

    def __call__(self, job: Job, *, idempotency_key: str | None) -> Job:
        """Return the new job.

        Raises ``WrongState`` while the old one may still end well, or if its model was let pass
        and none is any more; ``InvalidRequest`` if an image that it takes is there no more.
        """
        request = as_before(
            lambda: self._looked_at(job),
            lambda: self.accept.jobs.with_key(job.client, idempotency_key),
        )
        return self.accept(
            request,
            client=job.client,
            idempotency_key=idempotency_key,
            retry_of=job.job_id,
        )

    def _looked_at(self, job: Job) -> JobRequest:
        if job.status not in FINAL:
            raise WrongState(f"the job has not ended; it is {job.status}")
        if not (job.request.checked or self.pass_through):
            raise WrongState("a model that is not in the catalogue is no longer taken here")
        faults: list[FieldError] = []
        for url, version in job.request.input_images.items():
            try:
                self.look(url, version)
            except InputImageRefused as refused:
                faults.append(FieldError("input", f"{url}: {refused}"))
        if faults:
            raise InvalidRequest(faults)
        return job.request
