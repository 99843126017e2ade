"""What the deletion of a job means for everything that still arrives for it."""

from datetime import datetime, timedelta
from typing import Final

from ringback.domain.errors import JobDeleted, WrongState
from ringback.domain.jobs import GONE, Job, JobRequest, JobStatus

# What receipts say of such a row.
IN_WORDS: Final = "its job was deleted"

# A job that is being deleted, or was, is remembered for so long at least: longer than its messages
# last, which is 14 days, and as long again once they were redriven. What they find is then sure.
MIN_KEPT: Final = timedelta(days=30)


def forget_at(job: Job, *, at: datetime) -> datetime:
    """Return when a job may be forgotten whose deletion begins now."""
    return max(job.forget_at, at + MIN_KEPT)


def what_is_left(request: JobRequest) -> JobRequest:
    """Return what a tombstone has of a request: its receiver, which is still to be told."""
    return JobRequest(
        model="",
        provider=request.provider,
        input={},
        sent={},
        call_back_url=request.call_back_url,
        form=request.form,
    )


def kept(job: Job) -> Job:
    """Return the job unless it is deleted, or is being so. Raises ``JobDeleted``."""
    if job.status in GONE:
        raise JobDeleted(job.job_id)
    return job


def refuse_while_deleting(job: Job) -> None:
    """Raise ``WrongState`` for what a client asks of a job that is on its way out."""
    if job.status is JobStatus.DELETING:
        raise WrongState("the job is being deleted")
