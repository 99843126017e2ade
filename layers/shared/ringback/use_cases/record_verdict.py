"""Turn what a provider reports into the job's next state."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from ringback.domain.checks import RECHECK_DELAY, Check
from ringback.domain.delays import whole_seconds
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import GONE, ErrorKind, Job, JobError, JobId, JobStatus, ProviderTaskId
from ringback.domain.verdicts import UNDECIDED, TaskReport, TaskState
from ringback.use_cases.ports import ArchiveQueue, Changes, CheckQueue, JobStore, Write

# Jobs that are not known to be with the provider, though they may be.
IN_DOUBT: Final = (JobStatus.ACCEPTED, JobStatus.SUBMITTING)


class Decided(Protocol):
    """Counts a job that was decided by its callback, or by a check because none came."""

    def __call__(self, job: Job, *, called_back: bool) -> None: ...


def uncounted(job: Job, *, called_back: bool) -> None:
    """Count nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordVerdict:
    """Record a report that is proven, and have its images copied. Safe to repeat.

    It may be the only proof of a task whose answer is lost: ``open_account`` gets the job then, if
    it was the one that tried. ``decided`` gets each job once.
    """

    jobs: JobStore
    checks: CheckQueue
    archive: ArchiveQueue
    open_account: Callable[[Job], None]
    now: Callable[[], datetime]
    decided: Decided = uncounted

    def __call__(
        self,
        job_id: JobId,
        report: TaskReport,
        *,
        revises_failure: bool = False,
        called_back: bool | None = None,
    ) -> Job:
        """Return the job as it now stands; with ``revises_failure`` a success may end a failure.

        ``called_back``: whether this comes from a callback; ``None`` if there are none.
        Raises ``UnknownJob``, also if the report is about another task than the job's own.
        """
        match report.state:
            case TaskState.RUNNING:
                job = self._keep_task(job_id, report.task_id)
            case TaskState.SUCCEEDED if not report.without_images:
                made = _images_made(report, called_back=called_back, at=self.now())
                write = self._success(job_id, made, revises_failure=revises_failure)
                job = self._counted(write, called_back=called_back)
            case _:
                write = self._failure(
                    job_id, _task_failed(report, called_back=called_back, at=self.now())
                )
                job = self._counted(write, called_back=called_back)
        if job.status in GONE:
            return job
        if job.task_id is None:
            job = self.jobs.keep_task(job_id, report.task_id)
        if job.task_id != report.task_id:
            raise UnknownJob(job_id)
        if job.is_trial:
            self.open_account(job)
        if job.status is JobStatus.ARCHIVING:
            # Also after a repeated report: the first may have crashed between these two steps.
            self.archive.add(job_id)
        return job

    def _counted(self, write: Write, *, called_back: bool | None) -> Job:
        if write.done and called_back is not None:
            self.decided(write.job, called_back=called_back)
        return write.job

    def _keep_task(self, job_id: JobId, task_id: ProviderTaskId) -> Job:
        """Keep the task's id: a job that was sent, or is still to be, is with the provider."""
        job = self.jobs.get(job_id)
        if job.task_id:
            return job
        at = self.now()
        job = self.jobs.move(
            job_id, expect=IN_DOUBT, to=JobStatus.RUNNING, at=at, task_id=task_id, running_at=at
        ).job
        return job if job.task_id else self.jobs.keep_task(job_id, task_id)

    def _success(self, job_id: JobId, made: Changes, *, revises_failure: bool) -> Write:
        # An accepted job was sent after all, whatever was answered: it is not bought again.
        write = self._start_archiving(job_id, made, expect=[JobStatus.ACCEPTED, *UNDECIDED])
        # Images may arrive after the job expired. A job that was archived before stays as it is:
        # the message may be a duplicate.
        late = [JobStatus.EXPIRED, JobStatus.CANCELLED]
        late += [JobStatus.FAILED] if revises_failure else []
        if write.job.status not in late:
            return write
        self._check_again(job_id)
        return self._start_archiving(job_id, made, expect=late)

    def _start_archiving(
        self, job_id: JobId, made: Changes, *, expect: Collection[JobStatus]
    ) -> Write:
        return self.jobs.move(job_id, expect=expect, to=JobStatus.ARCHIVING, at=self.now(), **made)

    def _failure(self, job_id: JobId, failed: Changes) -> Write:
        write = self._fail(job_id, failed, expect=[JobStatus.ACCEPTED, *UNDECIDED])
        if write.job.status is not JobStatus.EXPIRED:
            return write
        self._check_again(job_id)
        return self._fail(job_id, failed, expect=[JobStatus.EXPIRED])

    def _check_again(self, job_id: JobId) -> None:
        # The job's own check has passed; without another one a crash would leave it archiving, or
        # its end untold.
        self.checks.add(Check(job_id=job_id), delay=whole_seconds(RECHECK_DELAY))

    def _fail(self, job_id: JobId, failed: Changes, *, expect: Collection[JobStatus]) -> Write:
        return self.jobs.move(job_id, expect=expect, to=JobStatus.FAILED, at=self.now(), **failed)


def _images_made(report: TaskReport, *, called_back: bool | None, at: datetime) -> Changes:
    return {
        **_verdict(report, called_back=called_back, at=at),
        "result_urls": report.image_urls,
        "error": None,
        "finished_at": None,
    }


def _task_failed(report: TaskReport, *, called_back: bool | None, at: datetime) -> Changes:
    return {
        **_verdict(report, called_back=called_back, at=at),
        "error": _error(report),
        "finished_at": at,
    }


def _verdict(report: TaskReport, *, called_back: bool | None, at: datetime) -> Changes:
    return {
        "task_id": report.task_id,
        "credits": report.credits,
        "answer": report.answer or None,
        "decided_at": at,
        "called_back": called_back,
    }


def _error(report: TaskReport) -> JobError:
    if report.without_images:
        return JobError(
            kind=ErrorKind.NO_IMAGES,
            message="the provider reported success, but no image can be found in its answer",
            may_be_charged=True,
        )
    return JobError(kind=ErrorKind.GENERATION_FAILED, code=report.code, message=report.message)
