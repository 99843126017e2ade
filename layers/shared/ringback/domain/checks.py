"""Checks: what a message in the check queue carries, and when a job's next one is due."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from ringback.domain.clock import EPOCH
from ringback.domain.delays import Widening, whole_seconds
from ringback.domain.jobs import Job, JobId, JobStatus, ProviderTaskId

# With callbacks, a job that is not final at its deadline is checked this often.
RECHECK_DELAY: Final = timedelta(minutes=15)
# Without callbacks, a task is first read at this age, and then at widening intervals.
FIRST_CHECK: Final = timedelta(seconds=15)
WIDENING_SHARE: Final = 0.5
# An accepted job may be submitted at any time, so its checks stay frequent.
UNTIL_SUBMITTED: Final = Widening(
    share=WIDENING_SHARE, shortest=FIRST_CHECK, longest=timedelta(minutes=1)
)
# These checks are aligned, so that one call to the provider reads many tasks.
ALIGNMENT: Final = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``claimed_task`` is the task id of a callback that needs the provider's confirmation.

    ``contradicts_failure``: the callback was a signed success of a job that had failed.
    """

    job_id: JobId
    claimed_task: ProviderTaskId | None = None
    contradicts_failure: bool = False


def seconds_to_next_check(job: Job, *, at: datetime, calls_back: bool) -> int:
    """Return the delay of the job's next check; most jobs are final by their first."""
    due = at + (_until_overdue(job, at=at) if calls_back else _until_read(job, at=at))
    if not calls_back:
        due = EPOCH + ceil((due - EPOCH) / ALIGNMENT) * ALIGNMENT
    return max(1, whole_seconds(due - at))


def _until_overdue(job: Job, *, at: datetime) -> timedelta:
    if at < job.deadline_at:
        return job.deadline_at - at
    # A job that is submitted right now must be checked by its new deadline.
    return min(RECHECK_DELAY, job.deadline_at - (job.submitted_at or job.created_at))


def _until_read(job: Job, *, at: datetime) -> timedelta:
    if job.status is JobStatus.ACCEPTED:
        return UNTIL_SUBMITTED.after(at - job.created_at)
    until_deadline = max(job.deadline_at - at, timedelta(0))
    if job.task_id is None:
        return until_deadline  # there is no task to read
    age = at - (job.submitted_at or job.created_at)
    delay = Widening(share=WIDENING_SHARE, shortest=FIRST_CHECK - age, longest=until_deadline)
    return delay.after(age)
