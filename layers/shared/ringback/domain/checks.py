"""Checks: what a message in the check queue carries, and when a job's next one is due."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Final

from ringback.domain.accounts import Probe
from ringback.domain.clock import EPOCH
from ringback.domain.delays import Widening, whole_seconds
from ringback.domain.jobs import Job, JobId, JobStatus, ProviderTaskId
from ringback.domain.versions import of_any_version

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
# Longer deadlines are in whole minutes, so that many checks of final jobs are due at once.
LONG_DEADLINE: Final = timedelta(minutes=10)
# A task that is still being generated at its deadline is read for so long after its submission;
# with callbacks at these ages and at twice the deadline, without them at widening intervals.
LAST_READ: Final = timedelta(days=1)
LATER_READS: Final = (timedelta(hours=1), LAST_READ)


# The fields of the first version, which refuses a body with any other (docs/decisions/0027).
# Without the details, it checks sooner.
IN_BODY: Final = frozenset({"job_id", "claimed_task", "contradicts_failure"})
# The message attribute with the details.
DETAILS: Final = "details"


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``claimed_task`` is the task id of a callback that needs the provider's confirmation.

    ``contradicts_failure``: the callback was a signed success of a job that had failed.
    ``unanswered`` counts the questions since the deadline that the provider left unanswered in a
    row, ``unconfigured`` those that could not be put for want of configuration.
    ``idle_until``: nothing is done before then unless the job's ``updated_at`` is no longer
    ``seen_at``; SQS delays a message by 15 minutes at most.
    ``found_no_job``: the same check has found no job before.
    """

    job_id: JobId
    claimed_task: ProviderTaskId | None = None
    contradicts_failure: bool = False
    unanswered: int = 0
    unconfigured: int = 0
    idle_until: datetime | None = None
    seen_at: datetime | None = None
    found_no_job: bool = False


def to_message(check: Check) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the body and the details, as JSON: the fields that say something."""
    message = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(check).items()
        if value
    }
    details = {name: message[name] for name in message.keys() - IN_BODY}
    return {name: message[name] for name in message.keys() - details.keys()}, details


def probe_message(probe: Probe) -> dict[str, Any]:
    return {"probe": asdict(probe)}


def from_message(message: Mapping[str, Any]) -> Check | Probe:
    """Read a message of this version, an older or a newer one; it must name a job or an account."""
    if "probe" in message:
        return of_any_version(Probe, message["probe"])
    times = {
        name: datetime.fromisoformat(message[name])
        for name in ("idle_until", "seen_at")
        if name in message
    }
    return of_any_version(Check, {**message, **times})


def deadline_after(wait: timedelta, *, at: datetime) -> datetime:
    """Return a job's deadline: ``wait`` from now on, less up to a minute if that is long.

    Shorter ones are in whole seconds: each write of a job is billed by its size.
    """
    step = timedelta(minutes=1) if wait >= LONG_DEADLINE else timedelta(seconds=1)
    return EPOCH + (at + wait - EPOCH) // step * step


def seconds_to_next_check(job: Job, *, at: datetime, calls_back: bool) -> int:
    """Return the delay of the job's next check; most jobs are final by their first."""
    due = at + (_until_overdue(job, at=at) if calls_back else _until_read(job, at=at))
    return seconds_until(due if calls_back else _aligned(due), at=at)


def next_read(job: Job, *, at: datetime, calls_back: bool) -> datetime | None:
    """Return when a task that was not finished by its deadline is read again.

    ``None`` if it has been read for the last time.
    """
    submitted_at = job.submitted_at or job.created_at
    if calls_back:
        ages = (2 * (job.deadline_at - submitted_at), *LATER_READS)
        return min((submitted_at + age for age in ages if submitted_at + age > at), default=None)
    last = max(submitted_at + LAST_READ, job.deadline_at)
    if at >= last:
        return None
    return _aligned(min(at + (at - submitted_at) * WIDENING_SHARE, last))


def seconds_until(due: datetime, *, at: datetime) -> int:
    return max(1, whole_seconds(due - at))


def _aligned(due: datetime) -> datetime:
    return EPOCH + ceil((due - EPOCH) / ALIGNMENT) * ALIGNMENT


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
