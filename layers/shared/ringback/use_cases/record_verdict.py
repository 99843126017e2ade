"""Turn what a provider reports into the job's next state."""

from datetime import datetime
from functools import partial
from typing import Final

from ringback.domain.checks import STILL_WAITING, Check
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.ports import ArchiveQueue, CheckQueue, JobStore

UNDECIDED: Final = (JobStatus.SUBMITTING, JobStatus.RUNNING)


def record_verdict(
    job_id: JobId,
    report: TaskReport,
    *,
    jobs: JobStore,
    checks: CheckQueue,
    archive: ArchiveQueue,
    at: datetime,
    revises_failure: bool = False,
) -> Job:
    """Record a verdict that is a fact, and have its images copied. Safe to repeat.

    Raises ``UnknownJob``, also if the report is about another task than the job's own.
    """
    match report.state:
        case TaskState.RUNNING:
            job = jobs.get(job_id)
        case TaskState.SUCCEEDED if report.image_urls:
            archiving = partial(
                jobs.move,
                job_id,
                to=JobStatus.ARCHIVING,
                at=at,
                task_id=report.task_id,
                result_urls=report.image_urls,
                credits=report.credits,
                error=None,
                finished_at=None,
            )
            job = archiving(expect=UNDECIDED).job
            # A job that expired takes its images after all; one that was archived before does not
            # start again because a message is repeated.
            late = [JobStatus.EXPIRED, *([JobStatus.FAILED] if revises_failure else [])]
            if job.status in late:
                # Its own check is past: another one sees to it that what is begun here is ended.
                checks.add(Check(job_id=job_id), delay=int(STILL_WAITING.total_seconds()))
                job = archiving(expect=late).job
        case _:
            job = jobs.move(
                job_id,
                expect=[*UNDECIDED, JobStatus.EXPIRED],
                to=JobStatus.FAILED,
                at=at,
                task_id=report.task_id,
                credits=report.credits,
                error=_error(report),
                finished_at=at,
            ).job
    if job.task_id not in (None, report.task_id):
        raise UnknownJob(job_id)
    if job.status is JobStatus.ARCHIVING:
        # Also after a repeated report: the first may have died between these two steps.
        archive.add(job_id)
    return job


def _error(report: TaskReport) -> JobError:
    if report.state is TaskState.SUCCEEDED:
        return JobError(
            kind=ErrorKind.NO_IMAGES,
            message="the provider reports success and no image",
            may_be_charged=True,
        )
    return JobError(kind=ErrorKind.GENERATION_FAILED, code=report.code, message=report.message)
