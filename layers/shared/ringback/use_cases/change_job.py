"""What a client can do to a job: cancel it, or resume copying its images."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.checks import RECHECK_DELAY, Check
from ringback.domain.delays import whole_seconds
from ringback.domain.deletion import refuse_while_deleting
from ringback.domain.errors import WrongState
from ringback.domain.jobs import ENDED, ErrorKind, Job, JobStatus
from ringback.use_cases.ports import ArchiveQueue, CheckQueue, JobStore


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelJob:
    """Cancel a job before the paid call. Safe to repeat."""

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
            ended = job.status in ENDED
            reason = "has ended" if ended else "is with the provider and may be charged"
            raise WrongState(f"the job {reason}; it is {job.status}")
        return job


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeArchive:
    """Resume copying images that were made and paid for. Safe to repeat."""

    jobs: JobStore
    checks: CheckQueue
    archive: ArchiveQueue
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> Job:
        """Return the job, being archived. Raises ``WrongState`` if there is nothing to resume.

        A job with a task id that expired, or in whose result no image was found, is checked once
        more and returned as it is.
        """
        refuse_while_deleting(job)
        is_unread = job.error is not None and job.error.kind is ErrorKind.NO_IMAGES
        if job.task_id and (job.status is JobStatus.EXPIRED or is_unread):
            claim = Check(
                job_id=job.job_id, claimed_task=job.task_id, contradicts_failure=is_unread
            )
            self.checks.add(claim, delay=0)
            return job
        if job.status is JobStatus.ARCHIVE_FAILED:
            # The job's own check has ended: this one makes sure that copying ends.
            self.checks.add(Check(job_id=job.job_id), delay=whole_seconds(RECHECK_DELAY))
        job = self.jobs.move(
            job.job_id,
            expect=[JobStatus.ARCHIVE_FAILED],
            to=JobStatus.ARCHIVING,
            at=self.now(),
            error=None,
            finished_at=None,
        ).job
        if job.status is not JobStatus.ARCHIVING:
            raise WrongState(f"there are no images to copy; the job is {job.status}")
        self.archive.add(job.job_id)
        return job
