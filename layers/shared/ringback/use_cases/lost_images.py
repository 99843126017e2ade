"""Images that could not be copied: what the job says of them, and whether anything is left."""

from collections.abc import Mapping
from datetime import timedelta

from ringback.domain.errors import NotAnImage, ProviderUnavailable, TransferInterrupted
from ringback.domain.jobs import ErrorKind, Job, JobError


def images_lost(
    job: Job, problems: Mapping[int, Exception], *, keeps: timedelta | None
) -> JobError:
    """Return the error of a job; ``keeps`` is how long its provider keeps results, if known."""
    details = "; ".join(f"image {number}: {problem}" for number, problem in problems.items())
    return JobError(
        kind=ErrorKind.IMAGES_LOST,
        message=f"saved {len(job.images)} of {len(job.result_urls)} images. {details}",
        may_be_charged=True,
        missing=tuple(problems),
        reasons=tuple(map(str, problems.values())),
        kept_until=job.submitted_at + keeps if keeps and job.submitted_at else None,
    )


def is_at_stake(problem: Exception) -> bool:
    """Tell whether a link gave something that only the last attempt keeps.

    Then the attempts go on to the last, though another image of the job waits for a key, or meets
    an unexpected error.
    """
    has_part = isinstance(problem, TransferInterrupted) and problem.part is not None
    return has_part or isinstance(problem, NotAnImage | ProviderUnavailable)
