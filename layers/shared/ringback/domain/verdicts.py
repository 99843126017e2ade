"""What a provider says: of a new task, and of a task later on."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from ringback.domain.jobs import ProviderTaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCreated:
    task_id: ProviderTaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRefused:
    """The provider provably created nothing; ``retry_after`` in seconds, ``None`` for never.

    ``too_fast`` says that it is the account's rate that was refused, not this job.
    """

    code: str
    message: str
    retry_after: int | None = None
    too_fast: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown:
    """A task may have been created and paid: it must never be asked for again by itself."""

    reason: str


Submission = TaskCreated | TaskRefused | OutcomeUnknown


class TaskState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """A task as the provider describes it, in a callback or when it is asked.

    ``callback_url`` is the one that the provider echoes; it, ``model`` and ``created_at`` are
    empty if the provider does not tell.
    """

    task_id: ProviderTaskId
    state: TaskState
    image_urls: tuple[str, ...] = ()
    code: str = ""
    message: str = ""
    credits: Decimal | None = None
    callback_url: str = ""
    model: str = ""
    created_at: datetime | None = None

    def other_link(self, number: int, *, instead_of: str) -> tuple[str, ...]:
        """Return the link to the image of that number if it is another one than ``instead_of``."""
        urls = self.image_urls if self.state is TaskState.SUCCEEDED else ()
        return tuple(url for url in urls[number - 1 : number] if url != instead_of)
