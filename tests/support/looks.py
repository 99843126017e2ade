"""Look at one job as the check queue has it done."""

from ringback.domain.checks import Check
from ringback.domain.jobs import Job
from ringback.use_cases.check_jobs import CheckJobs


def look(check_jobs: CheckJobs, check: Check) -> Job | None:
    """Return the job, ``None`` if there is none, and raise what went wrong."""
    [outcome] = check_jobs([check])
    if isinstance(outcome, Exception):
        raise outcome
    return outcome
