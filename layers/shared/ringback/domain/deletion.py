"""What the deletion of a job means for everything that still arrives for it."""

from typing import Final

from ringback.domain.errors import JobDeleted, WrongState
from ringback.domain.jobs import GONE, Job, JobStatus

# What receipts say of such a row.
IN_WORDS: Final = "its job was deleted"


def kept(job: Job) -> Job:
    """Return the job unless it is deleted, or is being so. Raises ``JobDeleted``."""
    if job.status in GONE:
        raise JobDeleted(job.job_id)
    return job


def refuse_while_deleting(job: Job) -> None:
    """Raise ``WrongState`` for what a client asks of a job that is on its way out."""
    if job.status is JobStatus.DELETING:
        raise WrongState("the job is being deleted")
