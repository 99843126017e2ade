"""Tell what has changed in the jobs table: to the bus, to clients' receivers, to connections."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ringback.domain.changes import Change, JobChange
from ringback.domain.errors import NotTold
from ringback.domain.events import Event
from ringback.domain.jobs import FINAL, RINGBACK, Job
from ringback.domain.webhooks import form_of
from ringback.use_cases.event_ports import (
    Connections,
    EventBus,
    NotifyQueue,
    Receivers,
    ToldMarks,
)

Outcome = Event | Exception | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishEvents:
    """Safe to repeat: the same change makes an event with the same id.

    It never waits for a client. Every event goes to the connections of those who follow; an error
    there holds up nothing, and goes to ``unsent``. Those of final jobs, and all others, go to the
    bus and to the job's receiver; a job whose end has reached both is marked as told.
    """

    make: Callable[[Change | None], Event | None]
    bus: EventBus
    receivers: Receivers
    notifications: NotifyQueue
    connections: Connections
    told: ToldMarks
    unsent: Callable[[Exception], None]

    def __call__(self, changes: Sequence[Change | None]) -> list[Exception | None]:
        """Return for each change, in order, why it was not told; ``None`` if it was."""
        made = [self._make(change) for change in changes]
        try:
            self.connections.send([each for each in made if isinstance(each, Event)])
        except Exception as error:  # noqa: BLE001
            self.unsent(error)
        begun = [self._begin(*each) for each in zip(changes, made, strict=True)]
        refused = self.bus.put([each for each in begun if isinstance(each, Event)])
        outcomes = [
            NotTold(refused[each.id]) if isinstance(each, Event) and each.id in refused else each
            for each in begun
        ]
        self.told.add(_told_jobs(changes, outcomes))
        return [each if isinstance(each, Exception) else None for each in outcomes]

    def _make(self, change: Change | None) -> Outcome:
        """Return the event, or the error: one change must not fail others."""
        try:
            return self.make(change)
        except Exception as error:  # noqa: BLE001
            return error

    def _begin(self, change: Change | None, made: Outcome) -> Outcome:
        """Return the event if it is for the bus, once the job's receiver will be told."""
        if not isinstance(made, Event) or not isinstance(change, JobChange):
            return made
        if not change.is_end:
            return None
        try:
            job, url = change.whose, self.receivers.url_for(change.whose)
            # A provider has no callback about a task that was deleted.
            if url and (change.new.status in FINAL or form_of(job, url) == RINGBACK):
                self.notifications.add(made, job=job, url=url)
        except Exception as error:  # noqa: BLE001
            return error
        return made


def _told_jobs(changes: Sequence[Change | None], outcomes: Sequence[Outcome]) -> list[Job]:
    return [
        change.new
        for change, outcome in zip(changes, outcomes, strict=True)
        if isinstance(change, JobChange) and isinstance(outcome, Event)
    ]
