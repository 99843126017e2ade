"""Check a single job, or probe an account; ``CheckJobs`` takes a batch."""

from typing import Final

from ringback.domain.accounts import Account, Probe
from ringback.domain.checks import Check
from ringback.domain.jobs import Job
from ringback.use_cases.check_jobs import CheckJobs

from tests.support.jobs import NOON, TASK, a_job_id

# One with a value in every field.
FULL_CHECK: Final = Check(
    job_id=a_job_id(),
    claimed_task=TASK,
    contradicts_failure=True,
    unanswered=3,
    unconfigured=2,
    idle_until=NOON,
    seen_at=NOON,
    found_no_job=True,
)


def check_one(check_jobs: CheckJobs, check: Check) -> Job | None:
    """Return the job, ``None`` if it is unknown. Raises the error of its check."""
    [outcome] = check_jobs([check])
    if isinstance(outcome, Exception):
        raise outcome
    assert not isinstance(outcome, Account)
    return outcome


def probe_one(check_jobs: CheckJobs, probe: Probe) -> Account:
    """Return the account. Raises the error of its probe."""
    [outcome] = check_jobs([probe])
    if isinstance(outcome, Exception):
        raise outcome
    assert isinstance(outcome, Account)
    return outcome
