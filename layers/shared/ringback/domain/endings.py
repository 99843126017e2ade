"""How a check may end a job by itself, without a provider's verdict."""

from collections.abc import Collection
from typing import Final, NamedTuple

from ringback.domain.jobs import ErrorKind, Job, JobError, JobStatus
from ringback.domain.verdicts import UNDECIDED


class EndJob(NamedTuple):
    """With ``unless_changed`` it only ends a job that is as the check found it."""

    expect: Collection[JobStatus]
    to: JobStatus
    error: JobError
    unless_changed: bool = False


NOT_SUBMITTED: Final = EndJob(
    (JobStatus.ACCEPTED,),
    JobStatus.FAILED,
    JobError(
        kind=ErrorKind.NOT_SUBMITTED,
        message="the job was never submitted to the provider; nothing was charged",
    ),
)
EXPIRE: Final = EndJob(
    UNDECIDED,
    JobStatus.EXPIRED,
    JobError(
        kind=ErrorKind.NO_VERDICT,
        message="the provider reported no result in time; it may have charged for the job",
        may_be_charged=True,
    ),
)


def copying_given_up(job: Job) -> EndJob:
    error = JobError(
        kind=ErrorKind.IMAGES_LOST,
        message=f"saved {len(job.images)} of {len(job.result_urls)} images; no progress for two"
        " days. Copying can be resumed",
        may_be_charged=True,
        missing=tuple(job.missing_images),
    )
    return EndJob((JobStatus.ARCHIVING,), JobStatus.ARCHIVE_FAILED, error, unless_changed=True)
