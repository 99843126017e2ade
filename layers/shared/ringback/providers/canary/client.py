"""The canary's createTask: a message to a queue of the deployment."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ringback.domain.accounts import ProbeAnswer
from ringback.domain.errors import TryAgain
from ringback.domain.jobs import Job, ProviderTaskId
from ringback.domain.verdicts import Submission, TaskCreated, TaskRefused, TaskReport, TaskState
from ringback.use_cases.canary_ports import CanaryTask, CanaryTasks

# Seconds, as after a provider that can't be reached.
RETRY: Final = 30
NO_CALLBACK: Final = "no_callback"


class CanaryClient:
    """``tasks`` is ``None`` where no job is submitted, or the canary is switched off."""

    def __init__(self, tasks: CanaryTasks | None) -> None:
        self._tasks = tasks

    def prepare(self) -> None:
        """Do nothing: it needs no credentials."""

    def create_task(self, job: Job, callback_url: str) -> Submission:
        if self._tasks is None:
            return TaskRefused(code="off", message="the canary is switched off")
        task_id = ProviderTaskId(f"canary-{job.job_id}")
        try:
            self._tasks.add(
                CanaryTask(job_id=job.job_id, task_id=task_id, callback_url=callback_url)
            )
        except TryAgain:
            # A message that was sent all the same costs nothing.
            message = "its queue could not be reached"
            return TaskRefused(code="unreachable", message=message, retry_after=RETRY)
        return TaskCreated(task_id=task_id)

    def probe(self) -> ProbeAnswer:
        return ProbeAnswer(is_good=True)

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        """Report a task without a callback as failed: there is nothing to wait for."""
        return {
            task_id: TaskReport(
                task_id=task_id,
                state=TaskState.FAILED,
                code=NO_CALLBACK,
                message="the canary's callback did not come",
            )
            for task_id in task_ids
        }

    def fresh_links(self, job: Job, number: int) -> Iterable[str]:
        return ()
