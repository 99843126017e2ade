"""Take a job in, and make the one call that costs money."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final, Unpack
from zlib import crc32

from ringback.domain.checks import Check, seconds_to_next_check
from ringback.domain.drops import DroppedJob
from ringback.domain.errors import ProviderUnavailable, RequestRefused, UnknownJob
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobRequest, JobStatus
from ringback.domain.pace import DROPS, SHEETS, LowPriority
from ringback.domain.verdicts import OutcomeUnknown, Submission, TaskCreated, TaskRefused
from ringback.use_cases.input_images import with_links
from ringback.use_cases.ports import (
    Changes,
    CheckQueue,
    JobStore,
    ProviderClient,
    RateWindow,
    SubmitQueue,
    Write,
)

# A provider that refuses a job for now this many times is out of order; at kie's pace of one
# refusal in ten seconds to five minutes that is between ten minutes and five hours.
MAX_ATTEMPTS: Final = 60
# A call that took longer may have reached the provider later than its turn was.
SLOW: Final = timedelta(milliseconds=200)
# Seconds until a provider is tried again that cannot be prepared for.
NOT_READY_RETRY: Final = 30
# For jobs of sheets, which are held back and yield: a message may come so many seconds early; the
# longer a job is overdue, the more seldom it asks.
ABOUT_NOW: Final = 1.0
WIDENING: Final = 0.25
MAX_YIELD: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendJob:
    """Submit an accepted job if it is its turn; else leave it to the submit queue.

    Safe to call again at any time: of all calls for a job, one at most reaches the provider,
    unless the provider says that it created nothing. ``link_to`` makes a link to an s3 URL of a
    version that lives as long as is said.
    """

    jobs: JobStore
    queue: SubmitQueue
    window: RateWindow
    providers: Mapping[str, ProviderClient]
    callback_url: Callable[[str, JobId], str]
    deadlines: Mapping[str, timedelta]
    link_to: Callable[[str, str, timedelta], str]
    now: Callable[[], datetime]

    def __call__(self, job: Job, *, slot: int | None = None) -> Job:
        """Return the job as it now stands. ``slot`` is the one it has waited for."""
        if job.status is not JobStatus.ACCEPTED:
            return job
        if early := seconds_until_due(job, at=self.now()):
            return self._queue(job, delay=early, slot=None)
        provider = self.providers[job.request.provider]
        try:
            provider.prepare()
        except ProviderUnavailable:
            return self._queue(job, delay=NOT_READY_RETRY, slot=None)
        callback_url = self.callback_url(job.request.provider, job.job_id)
        deadline = self.deadlines[job.request.provider]
        sent = with_links(job.request, lambda url, version: self.link_to(url, version, deadline))
        asked_at = self.now()
        turn = self.window.take(
            job.request.provider, at=asked_at, slot=slot, yielding=yielding_of(job)
        )
        if turn.wait:
            delay = (
                turn.wait
                if turn.slot is not None
                else seconds_to_yield(job, turn.wait, at=asked_at)
            )
            return self._queue(job, delay=delay, slot=turn.slot)
        at = self.now()
        begun = self.jobs.move(
            job.job_id,
            expect=[JobStatus.ACCEPTED],
            to=JobStatus.SUBMITTING,
            at=at,
            submitted_at=at,
            deadline_at=at + deadline,
            attempts=job.attempts + 1,
        )
        if not begun.done:
            return begun.job
        answer = provider.create_task(replace(begun.job, request=sent), callback_url)
        answered_at = self.now()
        recorded = self._record(begun.job, answer)
        if answered_at - asked_at > SLOW:
            self.window.was_slow(job.request.provider, asked_at=asked_at, at=answered_at)
        return recorded

    def _record(self, job: Job, answer: Submission) -> Job:
        match answer:
            case TaskCreated(task_id=task_id):
                return self._leave_submitting(job, JobStatus.RUNNING, task_id=task_id).job
            case TaskRefused(retry_after=int(delay)) if job.attempts < MAX_ATTEMPTS:
                released = self._leave_submitting(job, JobStatus.ACCEPTED, queued_at=None)
                if answer.too_fast:
                    self.window.pause(job.request.provider, at=self.now())
                if not released.done:
                    return released.job
                return self._queue(released.job, delay=delay, slot=None)
            case TaskRefused():
                return self._fail(job, answer)
            case OutcomeUnknown():
                # The task may exist. Its callback, which names this job, or the deadline decides.
                return job

    def _queue(self, job: Job, *, delay: int, slot: int | None) -> Job:
        # The message before the mark: a check that sees the mark may rely on the message.
        self.queue.add(job.job_id, delay=delay, slot=slot)
        self.jobs.mark_queued(job.job_id, at=self.now())
        return job

    def _fail(self, job: Job, refusal: TaskRefused) -> Job:
        at = self.now()
        error = JobError(kind=ErrorKind.REFUSED, code=refusal.code, message=refusal.message)
        return self._leave_submitting(job, JobStatus.FAILED, finished_at=at, error=error).job

    def _leave_submitting(self, job: Job, to: JobStatus, **changes: Unpack[Changes]) -> Write:
        # A callback may have been faster than the answer; then this write does nothing.
        return self.jobs.move(
            job.job_id, expect=[JobStatus.SUBMITTING], to=to, at=self.now(), **changes
        )


def yielding_of(job: Job) -> LowPriority | None:
    """Return how a job lets others pass, ``None`` if it does not."""
    if job.due_at:
        return SHEETS
    return DROPS if job.source else None


def seconds_until_due(job: Job, *, at: datetime) -> int:
    """Return how long a job is to be held back, 0 if it need not be."""
    early = ((job.due_at or at) - at).total_seconds()
    return ceil(early) if early > ABOUT_NOW else 0


def seconds_to_yield(job: Job, wait: int, *, at: datetime) -> int:
    """Return the seconds after which a job that let others pass asks again, later each time.

    Spread by its id, so that those who were let wait together do not come back together.
    """
    overdue = at - (job.due_at or job.created_at)
    longest = max(wait, min(overdue * WIDENING, MAX_YIELD).total_seconds())
    return ceil(wait / 2 + longest * (crc32(job.job_id.encode()) % 64) / 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptJob:
    """Record a job that passed its model's limits, and send it."""

    jobs: JobStore
    checks: CheckQueue
    send: SendJob
    retention: timedelta
    new_job_id: Callable[[datetime], JobId]

    def __call__(
        self,
        request: JobRequest,
        *,
        client: str,
        idempotency_key: str | None,
        retry_of: JobId | None = None,
        dropped: DroppedJob | None = None,
    ) -> Job:
        """Return the job; with a known idempotency key or dropped row, the one it belongs to.

        Raises ``IdempotencyConflict``; ``NotConfigured`` before anything is recorded.
        """
        provider = self.send.providers[request.provider]
        with suppress(ProviderUnavailable):  # the job can wait for it
            provider.prepare()
        at, due_at = self.send.now(), dropped.due_at if dropped else None
        job = Job(
            job_id=dropped.job_id if dropped else self.new_job_id(at),
            client=client,
            request=request,
            status=JobStatus.ACCEPTED,
            created_at=at,
            updated_at=at,
            deadline_at=at + self.send.deadlines[request.provider],
            forget_at=max(at, due_at or at) + self.retention,
            idempotency_key=idempotency_key,
            retry_of=retry_of,
            source=dropped.source if dropped else None,
            row=dropped.row if dropped else None,
            due_at=due_at,
        )
        # The check comes first: no crash leaves a job that nobody will look at.
        delay = seconds_to_next_check(job, at=at, calls_back=provider.calls_back)
        self.checks.add(Check(job_id=job.job_id), delay=delay)
        # A repeat finds the job of the first call. If that call died before it sent or queued
        # the job, this one does it; if it did not, the job is past `accepted` or has its message.
        recorded = self.jobs.create(job)
        return recorded.job if recorded.job.queued_at else self.send(recorded.job)


def as_before(read: Callable[[], JobRequest], earlier: Callable[[], Job]) -> JobRequest:
    """Return a request, which may come again: what was taken once is not refused then.

    An input image may be gone by then, a recipe changed; the job may be paid. ``earlier`` returns
    the job of the first time or raises ``UnknownJob``.
    """
    try:
        return read()
    except RequestRefused:
        with suppress(UnknownJob):
            return earlier().request
        raise


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeTurn:
    """Send a job that was waiting in the submit queue, if it still waits."""

    send: SendJob

    def __call__(self, job_id: JobId, *, slot: int | None) -> Job:
        return self.send(self.send.jobs.get(job_id), slot=slot)
