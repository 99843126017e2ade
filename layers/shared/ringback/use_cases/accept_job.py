"""Accept jobs: record the request and send its submit message. Nothing is paid here."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from ringback.domain import canary
from ringback.domain.checks import Check, deadline_after, seconds_to_next_check
from ringback.domain.deletion import kept
from ringback.domain.drops import DroppedJob
from ringback.domain.errors import InvalidRequest, RequestRefused, TryAgain, adding
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import (
    ErrorKind,
    Job,
    JobError,
    JobId,
    JobRequest,
    JobStatus,
    seconds_until_due,
)
from ringback.use_cases.ports import CheckQueue, JobReader, JobStore, SubmitQueue, Write
from ringback.use_cases.providers import Providers


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """A checked request, and the client that will own its job."""

    request: JobRequest
    client: str
    idempotency_key: str | None = None
    retry_of: JobId | None = None
    dropped: DroppedJob | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptJob:
    """Record a new job and send its submit message.

    Safe to repeat: a known idempotency key or dropped row returns the job that it made.
    ``retention`` is how long a job is kept.
    """

    jobs: JobStore
    checks: CheckQueue
    queue: SubmitQueue
    providers: Providers
    retention: timedelta
    new_job_id: Callable[[datetime], JobId]
    now: Callable[[], datetime]

    def __call__(self, new: NewJob) -> Job:
        """Return the job, whose submit message has been sent.

        Raises ``IdempotencyConflict``, ``KeyInUse``, ``JobDeleted`` if there was such a job, or
        ``TryAgain`` if the message was not sent.
        """
        job = self._job(new)
        # The check comes first, so that no crash leaves a job without one.
        calls_back = self.providers[job.request.provider].calls_back
        delay = seconds_to_next_check(job, at=job.created_at, calls_back=calls_back)
        self.checks.add(Check(job_id=job.job_id), delay=delay)
        recorded = kept(self.jobs.create(job).job)
        # A repeated call queues the job only if the first one crashed before it could.
        if recorded.status is JobStatus.ACCEPTED and recorded.queued_at is None:
            return self._queue(recorded)
        return recorded

    def _job(self, new: NewJob) -> Job:
        at, dropped = self.now(), new.dropped
        due_at = dropped.due_at if dropped else None
        return Job(
            job_id=dropped.job_id if dropped else self.new_job_id(at),
            client=new.client,
            request=new.request,
            status=JobStatus.ACCEPTED,
            created_at=at,
            updated_at=at,
            deadline_at=deadline_after(self.providers[new.request.provider].deadline, at=at),
            forget_at=max(at, due_at or at) + self._retention_for(new.client),
            idempotency_key=new.idempotency_key,
            retry_of=new.retry_of,
            source=dropped.source if dropped else None,
            row=dropped.row if dropped else None,
            due_at=due_at,
        )

    def _retention_for(self, client: str) -> timedelta:
        return canary.RETENTION if client == canary.CLIENT else self.retention

    def _queue(self, job: Job) -> Job:
        try:
            self.queue.add(job.job_id, delay=seconds_until_due(job, at=self.now()), slot=None)
        except TryAgain:
            # Without a key, and not of a drop, a repeat makes another job: this one must never be
            # sent.
            if is_repeatable(job):
                self._mark_not_queued(job)
                raise
            withdrawn = self._withdraw(job)
            if withdrawn.done:
                raise
            return withdrawn.job
        # The message is what sends the job: whatever fails from here on, it is accepted. The mark
        # tells a repeat that there is one; the first delivery writes it if the job has to wait.
        if is_repeatable(job):
            with suppress(Exception):
                self.jobs.mark_queued(job.job_id, at=self.now())
        return job

    def _mark_not_queued(self, job: Job) -> None:
        """Leave it to the repeat to queue the job: its client is about to be told.

        A dropped file has no client to tell. Its job is queued by the drop's next delivery, or by
        its check at its deadline, as is a job whose mark cannot be written.
        """
        if not job.source:
            with suppress(Exception):
                self.jobs.mark_not_queued(job.job_id, at=self.now())

    def _withdraw(self, job: Job) -> Write:
        at = self.now()
        error = JobError(
            kind=ErrorKind.NOT_SUBMITTED,
            message="the job could not be queued; nothing was sent or charged",
        )
        return self.jobs.move(
            job.job_id,
            expect=[JobStatus.ACCEPTED],
            to=JobStatus.FAILED,
            at=at,
            finished_at=at,
            error=error,
        )


def is_repeatable(job: Job) -> bool:
    """Tell whether its request may be repeated: then it queues the job if nothing else has."""
    return bool(job.idempotency_key or job.source)


@dataclass(frozen=True, slots=True, kw_only=True)
class PostJob:
    """``read_request`` checks a client's body against the model's limits.

    It raises ``RequestRefused``.
    """

    read_request: Callable[[Mapping[str, Any], str], JobRequest]
    jobs: JobReader
    accept: Callable[[NewJob], Job]

    def __call__(self, post: JobPost) -> Job:
        """Return the accepted job. Raises what ``read_request`` and ``AcceptJob`` raise."""
        request = replace(self._request(post), form=post.form)
        return self.accept(
            NewJob(request=request, client=post.client, idempotency_key=post.idempotency_key)
        )

    def dry_run(self, post: JobPost) -> JobRequest:
        """Return the request as it would be sent, and record nothing."""
        return self._checked(post)

    def _request(self, post: JobPost) -> JobRequest:
        try:
            return self._checked(post)
        except RequestRefused:
            if post.faults:
                raise
            # A repeated request returns its job, even if an input image is gone by now.
            earlier = self.jobs.with_key(post.client, post.idempotency_key)
            if earlier is None or kept(earlier).request.sent != post.body:
                raise
            return earlier.request

    def _checked(self, post: JobPost) -> JobRequest:
        """Return the request. Raises ``InvalidRequest`` with all that is wrong with the post."""
        request = adding(post.faults, self.read_request, post.body, post.client)
        if post.faults:
            raise InvalidRequest(post.faults)
        return request
