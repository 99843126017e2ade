"""Make events of changes in the jobs table."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from ringback.domain import canary
from ringback.domain.accounts import Account
from ringback.domain.changes import AccountChange, Change, FinishedDrop, JobChange, ReceiverOff
from ringback.domain.events import Event
from ringback.domain.jobs import Job
from ringback.domain.receivers import Receiver


@dataclass(frozen=True, slots=True, kw_only=True)
class MakeEvents:
    """``source`` names the deployment; the other two return what clients see of each."""

    source: str
    show_job: Callable[[Job], Mapping[str, Any]]
    show_account: Callable[[Account], Mapping[str, Any]]

    def __call__(self, change: Change | None) -> Event | None:
        """Return the event of a change, the same on every call; ``None`` if it is none."""
        match change:
            case JobChange():
                return self._of_job(change)
            case AccountChange():
                return self._of_account(change.old, change.new)
            case FinishedDrop():
                return self._of_drop(change)
            case ReceiverOff():
                return self._of_receiver(change.receiver)
            case None:
                return None

    def _of_job(self, change: JobChange) -> Event | None:
        if change.is_news:
            return event_of_job(change.new, source=self.source, show=self.show_job)
        if change.has_new_thumbnail:
            return event_of_thumbnail(change.new, source=self.source, show=self.show_job)
        return None

    def _of_account(self, old: Account, new: Account) -> Event | None:
        """Return the event of a pause that began or ended; half-open is a part of a pause."""
        if new.pause and new.pause.since != (old.pause.since if old.pause else None):
            return self._account_event("paused", new, new.pause.since)
        if old.pause and not new.pause and new.opened_at:
            return self._account_event("resumed", new, new.opened_at)
        return None

    def _account_event(self, state: str, account: Account, at: datetime) -> Event:
        return Event(
            type=f"ringback.account.{state}",
            source=self.source,
            subject=account.provider,
            number=int(at.timestamp() * 1000),
            time=at,
            data=self.show_account(account),
        )

    def _of_receiver(self, receiver: Receiver) -> Event | None:
        at = receiver.off_since
        if at is None:
            return None
        return Event(
            type="ringback.receiver.switched_off",
            source=self.source,
            subject=f"{receiver.client}/{receiver.host}",
            number=int(at.timestamp() * 1000),
            time=at,
            client=receiver.client,
            data={"host": receiver.host, "reason": receiver.off_reason, "since": at.isoformat()},
        )

    def _of_drop(self, finished: FinishedDrop) -> Event:
        # Each upload of a file is a drop, with an event of its own.
        return Event(
            type="ringback.drop.finished",
            source=self.source,
            subject=f"{finished.drop.key}@{finished.drop.version}",
            number=1,
            time=finished.at,
            client=finished.client,
            data=finished.summary,
        )


def event_of_job(job: Job, *, source: str, show: Callable[[Job], Mapping[str, Any]]) -> Event:
    """Return the event of the job's last change."""
    # Rules for jobs must not match the canary's.
    kind = "canary" if job.client == canary.CLIENT else "job"
    return Event(
        type=f"ringback.{kind}.{job.status}",
        source=source,
        subject=job.job_id,
        number=job.changes,
        # Of the last change: nothing else is written to a job with the time, but images while
        # they are copied.
        time=job.updated_at,
        client=job.client,
        data=show(job),
    )


def event_of_thumbnail(job: Job, *, source: str, show: Callable[[Job], Mapping[str, Any]]) -> Event:
    """Return the event of the job's last thumbnail: for those who follow live, nobody else."""
    return replace(
        event_of_job(job, source=source, show=show),
        type="ringback.job.thumbnail_made",
        number=job.thumbnails,
    )


def last_events_of_job(
    job: Job, *, source: str, show: Callable[[Job], Mapping[str, Any]]
) -> list[Event]:
    """Return what a client has to be told that may have missed any of the job's events."""
    made = [event_of_job(job, source=source, show=show)]
    return made + ([event_of_thumbnail(job, source=source, show=show)] if job.thumbnails else [])
