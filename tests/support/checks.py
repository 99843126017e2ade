"""Check a single job; ``CheckJobs`` takes a batch."""

from ringback.domain.checks import Check
from ringback.domain.jobs import Job
from ringback.use_cases.check_jobs import CheckJobs


def check_one(check_jobs: CheckJobs, check: Check) -> Job | None:
    """Return the job, ``None`` if it is unknown. Raises the error of its check."""
    [outcome] = check_jobs([check])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
