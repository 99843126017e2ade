"""Delete a job and everything that is about it (docs/decisions/0065)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ringback.domain.deletion import kept
from ringback.domain.errors import FieldError, InvalidRequest, NotTold, UnknownJob, WrongState
from ringback.domain.jobs import FINAL, GONE, Job, JobId, JobStatus
from ringback.domain.telling import seconds_to_tell
from ringback.use_cases.deletion_ports import DeleteQueue, DeletionStore, JobObjects
from ringback.use_cases.event_ports import ToldMarks
from ringback.use_cases.ports import JobReader

# Whoever has read the job before it was being deleted has ended by then: longer than any function
# takes. SQS delays no message for longer.
LAST_LOOK: Final = 900
# A message that buries a job so long after its deletion began may be the last one.
MAY_BE_LAST: Final = timedelta(seconds=LAST_LOOK / 2)
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
    be left, the record says so. The last message sees that it was told. ``told`` is ``None`` where
    nothing is.
    """

    jobs: JobReader
    objects: JobObjects
    deletions: DeletionStore
    told: ToldMarks | None
    now: Callable[[], datetime]

    def __call__(self, job_id: JobId) -> Job | None:
        """Return the job as it now stands, ``None`` if it is unknown.

        Raises ``TransferInterrupted`` if some objects are left, and ``NotTold``, so that SQS
        delivers the message again until nothing is, and it was.
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
            return self._see_it_told(job)
        at = self.now()
        buried = self.deletions.bury(job, at=at)
        if self.told and at - job.updated_at > MAY_BE_LAST:
            raise NotTold(job_id)
        return buried

    def _see_it_told(self, job: Job) -> Job:
        """Forget the job's receiver once it was told. Until then, have it told again."""
        if self.told and self.told.changes_told(job.job_id) < job.changes:
            if seconds_to_tell(job, at=self.now()):
                # A message that was delivered twice, or comes again.
                return job
            self.deletions.tell_again(job, at=self.now())
            raise NotTold(job.job_id)
        self.deletions.forget_receiver(job)
        return job
