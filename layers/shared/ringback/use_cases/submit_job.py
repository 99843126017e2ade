"""Send accepted jobs to their providers: the only place that makes the call that costs money."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from zlib import crc32

from ringback.domain.accounts import AccountPause, PauseReason
from ringback.domain.delays import Widening, whole_seconds
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.domain.jobs import Job, JobId, JobRequest, JobStatus, seconds_until_due
from ringback.domain.pace import DROPS, SHEETS, LowPriority
from ringback.domain.verdicts import Answered, Submission, TaskRefused
from ringback.use_cases.input_images import with_links
from ringback.use_cases.ports import (
    AccountStore,
    AnswerQueue,
    CheckQueue,
    JobStore,
    ProviderClient,
    RateWindow,
    Write,
)
from ringback.use_cases.providers import Providers
from ringback.use_cases.record_answer import TIME_TO_RECORD, RecordAnswer, SecondsLeft

# After this many temporary refusals a job fails. They are ten seconds to five minutes apart, so
# that takes between ten minutes and five hours.
MAX_ATTEMPTS: Final = 60
# A call that took longer may have reached the provider after its slot.
SLOW: Final = timedelta(milliseconds=200)
# Seconds until an unavailable provider is tried again.
UNAVAILABLE_RETRY: Final = 30
# Until a provider without a usable key is tried again, by the age of the pause.
PAUSE_RETRY: Final = Widening(
    share=0.25, shortest=timedelta(seconds=30), longest=timedelta(minutes=5)
)
# Seconds that a paid call takes at most (providers/api_calls.py). Nobody pays without the time to
# record what was paid for.
MAX_CALL: Final = 20.0
TIME_TO_PAY: Final = MAX_CALL + TIME_TO_RECORD
OUT_OF_TIME_RETRY: Final = 1
OUT_OF_TIME: Final = TaskRefused(
    code="out_of_time", message="there was no time to submit it", retry_after=OUT_OF_TIME_RETRY
)
# Low-priority jobs come back later the longer they are overdue.
YIELD: Final = Widening(share=0.25, shortest=timedelta(0), longest=timedelta(minutes=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidCall:
    """The arguments of createTask: the request with links to its input images, and our URL."""

    request: JobRequest
    callback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitJob:
    """Make the paid call once a job is due and has a slot; until then it goes back to the queue.

    Safe to repeat at any time: at most one delivery of a job's message calls createTask, unless
    the provider answers that it created nothing. ``link_to`` takes an s3 URL, its version and a
    lifetime, and returns a link to that version. ``new_attempt_id`` returns a random id.
    ``callback_base_url`` is recorded with the job, so that the provider's echo of its URL is
    recognized after the base URL has changed.
    """

    jobs: JobStore
    queue: AnswerQueue
    checks: CheckQueue
    window: RateWindow
    accounts: AccountStore
    providers: Providers
    clients: Mapping[str, ProviderClient]
    callback_url: Callable[[str, JobId], str]
    link_to: Callable[[str, str, timedelta], str]
    new_attempt_id: Callable[[], str]
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    callback_base_url: str | None = None

    def __call__(self, job_id: JobId, *, slot: int | None, seconds_left: SecondsLeft) -> Job:
        """Return the job in its new state. ``slot`` is the rate-window slot that it waited for.

        ``seconds_left`` returns the time that the function has left, in seconds.
        """
        job = self.jobs.get(job_id)
        if job.status is not JobStatus.ACCEPTED:
            return job
        if early := seconds_until_due(job, at=self.now()):
            return self._queue(job, delay=early)
        pause = self.accounts.paused(job.request.provider)
        if pause and self.now() < pause.next_try_at:
            return self._wait(job, pause)
        try:
            call = self._prepare(job)
        except NotConfigured:
            return self._pause(job, since=pause.since if pause else self.now())
        except ProviderUnavailable:
            return self._queue(job, delay=UNAVAILABLE_RETRY)
        if pause:
            self.accounts.resume(job.request.provider)
        return self._take_turn(job, call, slot, seconds_left)

    def _prepare(self, job: Job) -> PaidCall:
        """Get everything that can fail out of the way before a slot is used up."""
        name = job.request.provider
        self.clients[name].prepare()
        lifetime = self.providers[name].deadline
        return PaidCall(
            request=with_links(job.request, lambda url, v: self.link_to(url, v, lifetime)),
            callback_url=self.callback_url(name, job.job_id),
        )

    def _pause(self, job: Job, *, since: datetime) -> Job:
        """Note that the provider has no usable key: other jobs wait without trying."""
        at = self.now()
        pause = AccountPause(
            provider=job.request.provider,
            reason=PauseReason.NOT_CONFIGURED,
            since=since,
            next_try_at=at + PAUSE_RETRY.after(at - since),
        )
        # Without the note, other jobs find out by themselves: it must not cost a delivery.
        with suppress(Exception):
            self.accounts.pause(pause)
        return self._wait(job, pause)

    def _wait(self, job: Job, pause: AccountPause) -> Job:
        delay = whole_seconds(pause.next_try_at - self.now()) + spread(job) // 4
        return self._queue(job, delay=delay)

    def _take_turn(
        self, job: Job, call: PaidCall, slot: int | None, seconds_left: SecondsLeft
    ) -> Job:
        name, at = job.request.provider, self.now()
        turn = self.window.take(name, at=at, slot=slot, low_priority=priority_of(job))
        if turn.wait:
            yields = turn.slot is None
            delay = seconds_to_yield(job, turn.wait, at=at) if yields else turn.wait
            return self._queue(job, delay=delay, slot=turn.slot)
        if seconds_left() < TIME_TO_PAY:
            return self._queue(job, delay=OUT_OF_TIME_RETRY, slot=turn.slot)
        begun = self._begin(job)
        if not begun.done:
            return begun.job
        answer = self._pay(begun.job, call, seconds_left)
        answered_at = self.now()
        recorded = self.record(answer_to(begun.job, answer), seconds_left=seconds_left)
        if answered_at - at > SLOW:
            self.window.was_slow(name, asked_at=at, at=answered_at)
        return recorded or begun.job

    def _begin(self, job: Job) -> Write:
        at = self.now()
        return self.jobs.move(
            job.job_id,
            expect=[JobStatus.ACCEPTED],
            to=JobStatus.SUBMITTING,
            at=at,
            submitted_at=at,
            deadline_at=at + self.providers[job.request.provider].deadline,
            attempts=job.attempts + 1,
            attempt_id=self.new_attempt_id(),
            callback_base_url=self.callback_base_url,
        )

    def _pay(self, job: Job, call: PaidCall, seconds_left: SecondsLeft) -> Submission:
        if seconds_left() < TIME_TO_PAY:
            return OUT_OF_TIME  # marking the job took too long
        client = self.clients[job.request.provider]
        return client.create_task(replace(job, request=call.request), call.callback_url)

    def record(self, answered: Answered, *, seconds_left: SecondsLeft) -> Job | None:
        """Record what createTask answered; ``None`` if it had to be sent to the queue again."""
        record = RecordAnswer(
            jobs=self.jobs,
            queue=self.queue,
            checks=self.checks,
            window=self.window,
            sleep=self.sleep,
            now=self.now,
        )
        return record.keep(answered, seconds_left=seconds_left)

    def _queue(self, job: Job, *, delay: int, slot: int | None = None) -> Job:
        # This loop ends when the job is sent or cancelled, or when its check fails it (MAX_WAIT).
        # Sent before the job is marked: a check that sees the mark may rely on the message.
        self.queue.add(job.job_id, delay=delay, slot=slot)
        self.jobs.mark_queued(job.job_id, at=self.now())
        return job


def answer_to(job: Job, answer: Submission) -> Answered:
    """Return the answer as it is kept; after too many refusals for now the last one is final."""
    if isinstance(answer, TaskRefused) and job.attempts >= MAX_ATTEMPTS:
        answer = replace(answer, retry_after=None)
    return Answered(job_id=job.job_id, attempt_id=job.attempt_id or "", answer=answer)


def priority_of(job: Job) -> LowPriority | None:
    """Return the priority of a dropped job, ``None`` (normal) for a posted job."""
    if job.due_at:
        return SHEETS
    return DROPS if job.source else None


def seconds_to_yield(job: Job, wait: int, *, at: datetime) -> int:
    """Return the seconds until a job that got no slot tries again, more each time.

    Jobs that were turned away together don't return together.
    """
    overdue = at - (job.due_at or job.created_at)
    longest = max(wait, YIELD.after(overdue).total_seconds())
    return ceil(wait / 2 + longest * spread(job) / 64)


def spread(job: Job) -> int:
    """Return a number from 0 to 63 by the job's id, so that jobs don't return all at once."""
    return crc32(job.job_id.encode()) % 64
