"""What a client may decide about a job that is there."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.checks import STILL_WAITING, Check
from ringback.domain.errors import WrongState
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.use_cases.ports import ArchiveQueue, CheckQueue, JobStore


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
            self.checks.add(Check(job_id=job.job_id), delay=int(STILL_WAITING.total_seconds()))
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
