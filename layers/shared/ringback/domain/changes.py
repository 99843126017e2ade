"""Changes of the table's items that events are made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ringback.domain.accounts import Account
from ringback.domain.drops import Drop
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.domain.receivers import Receiver


@dataclass(frozen=True, slots=True)
class JobChange:
    """``old`` is ``None`` for a new job."""

    old: Job | None
    new: Job

    @property
    def is_news(self) -> bool:
        """Tell whether the state has changed, or its event was asked for again."""
        return self.old is None or _told(self.old) != _told(self.new)

    @property
    def has_new_thumbnail(self) -> bool:
        return self.old is not None and self.new.thumbnails > self.old.thumbnails

    @property
    def is_counted(self) -> bool:
        """Tell whether the job is new, or has ended; that a job waits again is neither."""
        old, new = self.old, self.new
        if old is None:
            return new.status is JobStatus.ACCEPTED
        return new.status in FINAL and (old.status, old.changes) != (new.status, new.changes)

    @property
    def is_end(self) -> bool:
        """Tell whether the job has ended, or is deleted: its receiver and the bus are told."""
        return self.is_news and self.new.status in (*FINAL, JobStatus.DELETED)

    @property
    def whose(self) -> Job:
        """Return the job as it says who is told: of a deleted one, as it was before."""
        is_deleted = self.new.status is JobStatus.DELETED
        return self.old if self.old and is_deleted else self.new


@dataclass(frozen=True, slots=True)
class AccountChange:
    old: Account
    new: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedDrop:
    """A drop whose jobs are all final, at the time ``at``.

    ``summary`` is its summary without the results. ``client`` owns it; older versions wrote none
    for a drop without jobs.
    """

    drop: Drop
    client: str | None
    at: datetime
    summary: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ReceiverOff:
    """A client's receiver of webhooks was switched off."""

    receiver: Receiver


Change = JobChange | AccountChange | FinishedDrop | ReceiverOff


def _told(job: Job) -> tuple[object, ...]:
    # An older version changes the state without counting.
    return job.status, job.changes, job.tell_again_at
