"""Check a single job, or probe an account; ``CheckJobs`` takes a batch."""

from ringback.domain.accounts import Account, Probe
from ringback.domain.checks import Check
from ringback.domain.jobs import Job
from ringback.use_cases.check_jobs import CheckJobs


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
