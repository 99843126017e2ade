"""A provider's answers: to createTask, and about a task later on."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Final

from ringback.domain.jobs import JobId, JobStatus, ProviderTaskId
from ringback.domain.links import other_links

# The states of a job that waits for its provider's verdict.
UNDECIDED: Final = (JobStatus.SUBMITTING, JobStatus.RUNNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCreated:
    task_id: ProviderTaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRefused:
    """The provider provably created nothing.

    ``retry_after`` is in seconds, ``None`` if a retry is no use. ``too_fast``: the account is over
    its rate limit; the job itself was not refused. ``maintenance``: the provider accepts no jobs.
    ``account`` is why the account was refused, not the job: a ``PauseReason``.
    """

    code: str
    message: str
    retry_after: int | None = None
    too_fast: bool = False
    maintenance: bool = False
    account: str | None = None
    # What was read, bounded.
    answer: str = field(default="", compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutcomeUnknown:
    """A task may have been created and charged: createTask must not be retried automatically.

    ``task_id`` is the one that the answer names although it contradicts itself. ``account`` is why
    the account seems to be refused, a ``PauseReason``: no proof for this job, but reason enough to
    send no other one.
    """

    reason: str
    task_id: ProviderTaskId | None = None
    account: str | None = None


Submission = TaskCreated | TaskRefused | OutcomeUnknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """The answer to one attempt to submit a job. It is never asked for again: it must be kept.

    ``is_trial``: the account was half-open, and this job the one that tried.
    ``is_nudge``: the job has another message, so that a refusal need not send one.
    ``account_refusals`` is the job's number of them if this is one.
    """

    job_id: JobId
    attempt_id: str
    answer: Submission
    is_trial: bool = False
    is_nudge: bool = False
    account_refusals: int = 0


class TaskState(StrEnum):
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReport:
    """A task as the provider describes it, in a callback or when it is read.

    ``image_urls`` has an entry for each image by its number; one whose URL the provider left out
    is ``""``. It is empty if there is no URL at all. ``callback_url`` is the provider's echo of
    ours. It, ``model`` and ``created_at`` are empty if the provider does not return them.
    ``answer`` is what all this was read from, bounded.
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
    answer: str = field(default="", compare=False, repr=False)

    @property
    def without_images(self) -> bool:
        """Tell whether it reports a success, but has no image."""
        return self.state is TaskState.SUCCEEDED and not self.image_urls

    def other_links(self, number: int, *, known: Sequence[str]) -> tuple[str, ...]:
        """Return links to the image of that number that are not ``known``, the likeliest first."""
        urls = self.image_urls if self.state is TaskState.SUCCEEDED else ()
        return other_links(number, known=known, fresh=urls)
