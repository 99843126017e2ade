"""The other half of the canary's provider: call back about a task, as a provider does."""

from collections.abc import Callable
from dataclasses import dataclass

from ringback.domain.errors import ProviderUnavailable
from ringback.use_cases.canary_ports import CallBack, CanaryPicture, CanaryTask, SignedCall


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerCanary:
    """``sign`` takes the task's id and the link to its picture."""

    picture: CanaryPicture
    sign: Callable[[str, str], SignedCall]
    call_back: CallBack

    def __call__(self, task: CanaryTask) -> None:
        """Call back. Raises ``ProviderUnavailable`` if that was not accepted: it is tried again."""
        status = self.call_back(task.callback_url, self.sign(task.task_id, self.picture.link()))
        if status != 200:
            raise ProviderUnavailable(f"the callback was answered {status}")
