"""Delete a job and everything that is about it (docs/decisions/0065)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ringback.domain.deletion import kept
from ringback.domain.errors import FieldError, InvalidRequest, UnknownJob, WrongState
from ringback.domain.jobs import FINAL, GONE, Job, JobId, JobStatus
from ringback.use_cases.deletion_ports import DeleteQueue, DeletionStore, JobObjects
from ringback.use_cases.ports import JobReader

# Whoever has read the job before it was being deleted has ended by then: longer than any function
# takes. SQS delays no message for longer.
LAST_LOOK: Final = 900
DISABLED: Final = "deleting jobs is disabled on this deployment"


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestDeletion:
    """Begin to delete a job that has ended. Safe to repeat.

    ``queue`` is ``None`` where deleting is disabled.
    """

    deletions: DeletionStore
    queue: DeleteQueue | None
    now: Callable[[], datetime]

    def __call__(self, job: Job) -> Job:
        """Return the job, which is being deleted.

        Raises ``InvalidRequest`` where deleting is disabled, ``WrongState`` while the job is under
        way, ``JobDeleted``, and ``TryAgain``.
        """
        if self.queue is None:
            raise InvalidRequest([FieldError("", DISABLED)])
        if job.status is not JobStatus.DELETING:
            check_ended(kept(job))
            # Sent before the record: it deletes the job if the last step is not taken, and
            # otherwise what was written meanwhile by those who had read the job before.
            self.queue.add(job.job_id, delay=LAST_LOOK)
            job = self.deletions.begin(job, at=self.now()).job
            if job.status is not JobStatus.DELETING:
                check_ended(kept(job))
        self.queue.add(job.job_id, delay=0)
        return job


def check_ended(job: Job) -> None:
    if job.status not in FINAL:
        raise WrongState(f"the job is under way; it is {job.status}. Delete it once it has ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteJob:
    """Delete what there is of a job whose client has asked for it. Safe to repeat, and repeated.

    First the objects, then what lies beside the record, then the record: as long as something may
    be left, the record says so.
    """

    jobs: JobReader
    objects: JobObjects
    deletions: DeletionStore
    now: Callable[[], datetime]

    def __call__(self, job_id: JobId) -> Job | None:
        """Return the job as it now stands, ``None`` if it is unknown.

        Raises ``TransferInterrupted`` if some objects are left.
        """
        try:
            job = self.jobs.get(job_id)
        except UnknownJob:
            # Its time was over before its deletion could begin. Images outlive their records.
            return None
        if job.status not in GONE:
            return job
        self.objects.delete_all(job_id)
        self.deletions.forget_details(job)
        if job.status is JobStatus.DELETED:
            return job
        return self.deletions.bury(job, at=self.now())
