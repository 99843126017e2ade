"""The ports of those who tell events, and of those who make sure that they were told."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from ringback.domain.events import Event
from ringback.domain.jobs import Job, JobId


class EventBus(Protocol):
    def put(self, events: Sequence[Event]) -> Mapping[str, str]:
        """Put events on the bus; return the ids of those that it did not take, and why."""
        ...


class NotifyQueue(Protocol):
    def add(self, event: Event, *, job: Job, url: str) -> None:
        """Have a client's receiver told of an event of its job."""
        ...


class Receivers(Protocol):
    def url_for(self, job: Job) -> str | None:
        """Return where the end of a job is told to its client, ``None`` if nowhere."""
        ...


class Connections(Protocol):
    def send(self, events: Sequence[Event]) -> None:
        """Send events to their clients' open connections, and keep them for who comes back."""
        ...


class ToldMarks(Protocol):
    """Stores up to which of its changes a job was told, once it is final."""

    def add(self, jobs: Sequence[Job]) -> None:
        """Mark jobs as told as they are."""
        ...

    def changes_told(self, job_id: JobId) -> int:
        """Return the ``changes`` of the job when it was last told, 0 if it never was."""
        ...
