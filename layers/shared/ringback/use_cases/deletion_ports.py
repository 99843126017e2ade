"""The ports of the use cases that delete jobs."""

from datetime import datetime
from typing import Protocol

from ringback.domain.jobs import Job, JobId
from ringback.use_cases.ports import Write


class DeletionStore(Protocol):
    """What the table has of a job that is being deleted. Every method is safe to repeat."""

    def begin(self, job: Job, *, at: datetime) -> Write:
        """Let a job that has ended be deleted. From here on nothing else is written to it.

        It is forgotten later if it would be soon. Raises ``UnknownJob``.
        """
        ...

    def forget_details(self, job: Job) -> None:
        """Delete what lies beside the record: its deliveries, and what its key was used with."""
        ...

    def bury(self, job: Job, *, at: datetime) -> Job:
        """Replace the record of a job that is being deleted with a tombstone; return that.

        Raises ``UnknownJob``.
        """
        ...

    def tell_again(self, job: Job, *, at: datetime) -> None:
        """Have it told once more that a job is deleted, with the same event."""
        ...

    def forget_receiver(self, job: Job) -> None:
        """Delete the URL from a tombstone that was told that the job is deleted."""
        ...


class JobObjects(Protocol):
    def delete_all(self, job_id: JobId) -> None:
        """Delete every version of every object of the job, and every deletion marker.

        Raises ``TransferInterrupted`` if some are left.
        """
        ...


class DeleteQueue(Protocol):
    def add(self, job_id: JobId, *, delay: int) -> None:
        """Have a job deleted after ``delay`` seconds. Raises ``TryAgain``."""
        ...
