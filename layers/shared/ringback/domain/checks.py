"""A look at a job: what the check queue carries."""

from dataclasses import dataclass

from ringback.domain.jobs import JobId, ProviderTaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """``claimed_task`` is the task id of a callback that is not believed by itself.

    ``contradicts_failure``: it was a proven success of a job that had failed.
    """

    job_id: JobId
    claimed_task: ProviderTaskId | None = None
    contradicts_failure: bool = False
