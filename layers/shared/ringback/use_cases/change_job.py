"""What a client may decide about a job that is there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.checks import Check
from ringback.domain.errors import WrongState
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.use_cases.ports import ArchiveQueue, CheckQueue, JobStore
from ringback.use_cases.submit_job import AcceptJob


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

    ``pass_through`` tells whether input that nobody has checked may be sent.
    """

    accept: AcceptJob
    pass_through: bool

    def __call__(self, job: Job, *, idempotency_key: str | None) -> Job:
        """Return the new job.

        Raises ``WrongState`` while the old one may still end well, or if its model was let pass
        and none is any more.
        """
        if job.status not in FINAL:
            raise WrongState(f"the job has not ended; it is {job.status}")
        if not (job.request.checked or self.pass_through):
            raise WrongState("a model that is not in the catalogue is no longer taken here")
        return self.accept(
            job.request,
            client=job.client,
            idempotency_key=idempotency_key,
            retry_of=job.job_id,
        )
