"""A look at a job: what the check queue carries, and when the next one is due."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Final

from ringback.domain.jobs import Job, JobId, JobStatus, ProviderTaskId

# For a provider that calls back: when to look again at a job that waits beyond its deadline.
STILL_WAITING: Final = timedelta(minutes=15)
# For one that does not: each wait is half as long as the job has taken so far.
FIRST_LOOK: Final = timedelta(seconds=15)
WIDENING: Final = 0.5
# While such a job waits for its turn, it is not known when it will have been sent.
MAX_WAIT_FOR_TURN: Final = timedelta(minutes=1)
# Looks meet at the same moments, so that one call to the provider is about many jobs.
MEETING_EVERY: Final = timedelta(seconds=10)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``claimed_task`` is the task id of a callback that is not believed by itself.

    ``contradicts_failure``: it was a proven success of a job that had failed.
    """

    job_id: JobId
    claimed_task: ProviderTaskId | None = None
    contradicts_failure: bool = False


def seconds_to_next_look(job: Job, *, at: datetime, calls_back: bool) -> int:
    """Return the delay of the job's next check, that is, of its only one if all goes well."""
    due = at + (_wait_for_call(job, at=at) if calls_back else _wait_for_record(job, at=at))
    if not calls_back:
        due = _EPOCH + ceil((due - _EPOCH) / MEETING_EVERY) * MEETING_EVERY
    return max(1, ceil((due - at).total_seconds()))


def _wait_for_call(job: Job, *, at: datetime) -> timedelta:
    if at < job.deadline_at:
        return job.deadline_at - at
    # No later than the deadline that a job which is sent right now would have.
    return min(STILL_WAITING, job.deadline_at - (job.submitted_at or job.created_at))


def _wait_for_record(job: Job, *, at: datetime) -> timedelta:
    if job.status is JobStatus.ACCEPTED:
        wait = (at - job.created_at) * WIDENING
        return min(max(wait, FIRST_LOOK), MAX_WAIT_FOR_TURN)
    until_deadline = max(job.deadline_at - at, timedelta(0))
    if job.task_id is None:
        return until_deadline  # there is nothing to ask for
    taken = at - (job.submitted_at or job.created_at)
    return min(max(taken * WIDENING, FIRST_LOOK - taken), until_deadline)
