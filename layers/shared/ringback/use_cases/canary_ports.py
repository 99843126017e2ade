"""What the canary needs of AWS and of the deployment's own public API."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ringback.domain.jobs import JobId, ProviderTaskId


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryTask:
    """A task of the canary's provider: the message that stands for createTask."""

    job_id: JobId
    task_id: ProviderTaskId
    callback_url: str


class CanaryTasks(Protocol):
    def add(self, task: CanaryTask) -> None:
        """Queue a task. Raises ``TryAgain`` if the queue did not confirm it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedCall:
    headers: Mapping[str, str]
    body: bytes


class CallBack(Protocol):
    def __call__(self, url: str, call: SignedCall) -> int:
        """Return the status of the answer. Raises ``ProviderUnavailable`` if there is none."""
        ...


class CanaryPicture(Protocol):
    def link(self) -> str:
        """Return a presigned link to the canary's picture, which is stored if it was missing."""
        ...


class JobsOverHttp(Protocol):
    """The public API, as clients use it. Raises ``ProviderUnavailable`` for any other answer."""

    def post(self) -> JobId:
        """Have the API accept a job of the canary."""
        ...

    def get(self, job_id: JobId) -> Mapping[str, Any]:
        """Return the job as ``GET /jobs/{job_id}`` shows it."""
        ...

    def download(self, url: str) -> bytes:
        """Return what a link to an image leads to."""
        ...


class CanaryEvents(Protocol):
    def end_of(self, job_id: JobId) -> str:
        """Return the state in the event of the job's end; wait a moment, and return "" if none."""
        ...
