"""Make the failed jobs of a dropped file again, as new, paid jobs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from ringback.domain.delays import whole_seconds
from ringback.domain.drops import (
    DroppedJob,
    RowsToRetry,
    is_older_drop,
    is_same_drop,
    job_id_again,
)
from ringback.domain.errors import FieldError, InvalidRequest, RequestRefused, UnknownDrop
from ringback.domain.jobs import Job, JobId, JobRequest, JobStatus
from ringback.domain.suggestions import unknown_parameters
from ringback.use_cases.accept_job import AcceptJob, NewJob
from ringback.use_cases.dropped_files import jobs_of_file, key_errors, key_of
from ringback.use_cases.ports import DropQueue, JobReader
from ringback.use_cases.providers import Providers
from ringback.use_cases.take_drop import BEFORE_TURN, TooEarly

PARAMETERS: Final = frozenset({"source", "status"})
JOBS_PER_READ: Final = 99
# After this long, the rest is left to a new message.
TIME_PER_MESSAGE: Final = timedelta(seconds=12)
# Jobs are made faster than providers accept them, so each is due a little later.
AHEAD: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRetry:
    """Have a file's failed jobs made again. Its jobs are too many for one request.

    ``queue`` is ``None`` where no dropped files are read.
    """

    jobs: JobReader
    queue: DropQueue | None
    now: Callable[[], datetime]

    def __call__(self, query: Mapping[str, str], *, client: str) -> RowsToRetry:
        """Return what has been queued.

        Raises ``InvalidRequest``, ``UnknownDrop`` if the client has no job of the file, or
        ``TryAgain``.
        """
        source = key_of(query.get("source", ""))
        errors = unknown_parameters(query, PARAMETERS)
        errors += key_errors(source)
        # Any other job may have been charged, or still may succeed.
        if query.get("status") != JobStatus.FAILED:
            errors.append(FieldError("status", "must be failed: only those jobs were not charged"))
        if self.queue is None:
            errors.append(FieldError("source", "dropped files are disabled on this deployment"))
        if errors or self.queue is None:
            raise InvalidRequest(errors)
        source, found = jobs_of_file(self.jobs, source, client=client, limit=1)
        if not found:
            raise UnknownDrop(source)
        rows = RowsToRetry(
            source=source, client=client, newest=found[0].job_id, requested_at=self.now()
        )
        self.queue.retry(rows)
        return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryRows:
    """Make each failed job of a dropped file again, once. Safe to repeat.

    A new job's id follows from the old one's, so a repeated request makes no second job; it makes
    those again that have failed a second time. ``request_again`` returns a job's request, or raises
    ``RequestRefused`` if it can't be sent again.
    """

    jobs: JobReader
    queue: DropQueue
    accept: AcceptJob
    providers: Providers
    request_again: Callable[[Job], JobRequest]
    now: Callable[[], datetime]

    def __call__(self, rows: RowsToRetry) -> RowsToRetry:
        """Return how far it has come; the rest has been left to another message."""
        stop_at = self.now() + TIME_PER_MESSAGE
        while True:
            page = self.jobs.newest_of(
                rows.source, client=rows.client, limit=JOBS_PER_READ, before=rows.before
            )
            made = self._made_of(page, rows)
            for job in page:
                try:
                    rows = self._retry(job, rows, made)
                except TooEarly as early:
                    # This loop ends with the file: each message waits for the next row's turn.
                    self.queue.retry(rows, delay=whole_seconds(early.pause))
                    return rows
            if not page or is_older_drop(page[-1].job_id, rows.newest):
                return rows
            if self.now() >= stop_at:
                self.queue.retry(rows)
                return rows

    def _made_of(self, page: Sequence[Job], rows: RowsToRetry) -> Mapping[JobId, Job]:
        ids = [job_id_again(job.job_id) for job in page if is_to_retry(job, rows)]
        return {job.job_id: job for job in self.jobs.find([each for each in ids if each])}

    def _retry(self, job: Job, rows: RowsToRetry, made: Mapping[JobId, Job]) -> RowsToRetry:
        """Make the job again if it is to be, and return how far it has come.

        Raises ``TooEarly``.
        """
        seen, job_id = replace(rows, before=job.job_id), job_id_again(job.job_id)
        earlier = made.get(job_id) if job_id else None
        if not is_to_retry(job, rows) or job_id is None or (earlier and is_queued(earlier)):
            return seen
        try:
            request = earlier.request if earlier else self.request_again(job)
        except RequestRefused:
            return seen  # its input images are gone: POST /jobs/{job_id}/retry says so
        self.accept(self._new(job, job_id, request, rows))
        return replace(seen, made=rows.made + 1)

    def _new(self, job: Job, job_id: JobId, request: JobRequest, rows: RowsToRetry) -> NewJob:
        spacing, at = self.providers[request.provider].pace.of_rows, self.now()
        turn_at = rows.requested_at + rows.made * spacing
        if turn_at - at > BEFORE_TURN:
            raise TooEarly(turn_at - at)
        due_at = max(turn_at, at + AHEAD)
        dropped = DroppedJob(
            job_id=job_id,
            source=rows.source,
            row=job.row,
            due_at=due_at if job.row else None,
        )
        return NewJob(request=request, client=job.client, retry_of=job.job_id, dropped=dropped)


def is_to_retry(job: Job, rows: RowsToRetry) -> bool:
    """Tell whether it is a failed job of this drop that cost nothing."""
    is_failed = job.status is JobStatus.FAILED and job.error and not job.error.may_be_charged
    return bool(is_failed) and is_same_drop(job.job_id, rows.newest)


def is_queued(job: Job) -> bool:
    return job.status is not JobStatus.ACCEPTED or job.queued_at is not None
