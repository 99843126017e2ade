"""Send accepted jobs to their providers: the only place that makes the call that costs money."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from zlib import crc32

from ringback.domain.accounts import Account, pause_reason
from ringback.domain.checks import deadline_after
from ringback.domain.delays import Widening, whole_seconds
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.domain.jobs import Job, JobId, JobRequest, JobStatus, seconds_until_due
from ringback.domain.pace import DROPS, SHEETS, LowPriority
from ringback.domain.verdicts import Answered, Submission, TaskCreated, TaskRefused
from ringback.use_cases.change_account import ChangeAccount, uncounted
from ringback.use_cases.input_images import with_links
from ringback.use_cases.note_credits import NoteCredits
from ringback.use_cases.open_account import Announce
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

# After this many temporary refusals a job fails. They are ten seconds to half a minute apart, so
# that takes ten minutes at least.
MAX_ATTEMPTS: Final = 60
# A job that the account was refused for this often, while it was good for others each time, is
# refused itself.
MAX_ACCOUNT_REFUSALS: Final = 5
# A call that took longer may have reached the provider after its slot.
SLOW: Final = timedelta(milliseconds=200)
# Seconds until an unavailable provider is tried again.
UNAVAILABLE_RETRY: Final = 30
# Seconds that a paid call takes at most (providers/api_calls.py). Nobody pays without the time to
# record what was paid for.
MAX_CALL: Final = 20.0
TIME_TO_PAY: Final = MAX_CALL + TIME_TO_RECORD
OUT_OF_TIME_RETRY: Final = 1
OUT_OF_TIME: Final = TaskRefused(
    code="out_of_time", message="there was no time to submit it", retry_after=OUT_OF_TIME_RETRY
)
# The mark that a job has a message is written anew when it is this old: well before the message
# counts as lost (``LOST_MESSAGE``), though it comes back every 15 minutes only.
MARK_AGAIN: Final = timedelta(minutes=15)
# Low-priority jobs come back later the longer they are overdue.
YIELD: Final = Widening(share=0.25, shortest=timedelta(0), longest=timedelta(minutes=1))


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidCall:
    """The arguments of createTask: the request with links to its input images, and our URL."""

    request: JobRequest
    callback_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """The message that is being worked on; see ``SubmitJob.__call__``."""

    slot: int | None
    seconds_left: SecondsLeft
    is_nudge: bool


def untold(account: Account) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitJob:
    """Make the paid call once a job is due and has a slot; until then it goes back to the queue.

    A paused account sends none, a half-open one a single job at a time.

    Safe to repeat at any time: at most one delivery of a job's message calls createTask, unless
    the provider answers that it created nothing. ``link_to`` takes an s3 URL, its version and a
    lifetime, and returns a link to that version. ``new_attempt_id`` returns a random id.
    ``announce`` tells the owner that an account was paused or is open again,
    ``count_refusal`` gets the provider of each refusal of its account, and ``tell_credits`` an
    account whose balance was asked for.
    ``read_together`` returns a job and its account in one read.
    ``callback_base_url`` is recorded with the job, so that the provider's echo of its URL is
    recognized after the base URL has changed.
    """

    jobs: JobStore
    read_together: Callable[[JobId], tuple[Job, Account]]
    queue: AnswerQueue
    checks: CheckQueue
    window: RateWindow
    accounts: AccountStore
    providers: Providers
    clients: Mapping[str, ProviderClient]
    callback_url: Callable[[str, JobId], str]
    link_to: Callable[[str, str, timedelta], str]
    new_attempt_id: Callable[[], str]
    announce: Announce
    sleep: Callable[[float], None]
    now: Callable[[], datetime]
    callback_base_url: str | None = None
    count_refusal: Callable[[str], None] = uncounted
    tell_credits: Callable[[Account], None] = untold
    asked_credits_at: dict[str, datetime] = field(default_factory=dict)

    def __call__(
        self,
        job_id: JobId,
        *,
        slot: int | None,
        seconds_left: SecondsLeft,
        is_nudge: bool = False,
    ) -> Job:
        """Return the job in its new state. ``slot`` is the rate-window slot that it waited for.

        ``seconds_left`` returns the time that the function has left, in seconds. ``is_nudge``: the
        job has another message, so this one is not sent on if it has to wait.
        """
        job, account = self.read_together(job_id)
        if job.status is not JobStatus.ACCEPTED:
            return job
        delivery = Delivery(slot=slot, seconds_left=seconds_left, is_nudge=is_nudge)
        if early := seconds_until_due(job, at=self.now()):
            return self._queue(job, delivery, delay=early)
        if account.delay(at=self.now()):
            return self._wait(job, delivery, account)
        if wait := account.maintenance_of(job.request.model, at=self.now()):
            return self._queue(job, delivery, delay=seconds_to_wait(job, wait))
        try:
            call = self._prepare(job)
        except NotConfigured as error:
            wait = self.change_account.refused(job, pause_reason(error), began_at=self.now())
            return self._queue(job, delivery, delay=seconds_to_wait(job, wait))
        except ProviderUnavailable:
            return self._queue(job, delivery, delay=UNAVAILABLE_RETRY)
        return self._take_turn(job, call, delivery, account)

    def _prepare(self, job: Job) -> PaidCall:
        """Get everything that can fail out of the way before a slot is used up."""
        name = job.request.provider
        self.clients[name].prepare()
        lifetime = self.providers[name].deadline
        return PaidCall(
            request=with_links(job.request, lambda url, v: self.link_to(url, v, lifetime)),
            callback_url=self.callback_url(name, job.job_id),
        )

    def _wait(self, job: Job, delivery: Delivery, account: Account) -> Job:
        account = self.change_account.keep_probing(account)
        wait = account.delay(at=self.now())
        return self._queue(job, delivery, delay=seconds_to_wait(job, wait))

    def _take_turn(self, job: Job, call: PaidCall, delivery: Delivery, account: Account) -> Job:
        name, at, seconds_left = job.request.provider, self.now(), delivery.seconds_left
        turn = self.window.take(name, at=at, slot=delivery.slot, low_priority=priority_of(job))
        if turn.wait:
            yields = turn.slot is None
            delay = seconds_to_yield(job, turn.wait, at=at) if yields else turn.wait
            return self._queue(job, delivery, delay=delay, slot=turn.slot)
        if seconds_left() < TIME_TO_PAY:
            return self._queue(job, delivery, delay=OUT_OF_TIME_RETRY, slot=turn.slot)
        if account.is_half_open:
            account = self.change_account.claim_trial(job, account)
            if account.pause and account.pause.trial != job.job_id:
                return self._wait(job, delivery, account)
        begun = self._begin(job, is_trial=account.is_half_open)
        if not begun.done:
            return begun.job
        answer = self._pay(begun.job, call, seconds_left)
        answered_at = self.now()
        answered = answer_to(
            begun.job,
            answer,
            is_trial=account.is_half_open,
            is_nudge=delivery.is_nudge,
            account_refusals=account_refusals(job, account),
        )
        recorded = self.record(answered, seconds_left=seconds_left)
        if answered_at - at > SLOW:
            self.window.was_slow(name, asked_at=at, at=answered_at)
        if recorded and isinstance(answer, TaskCreated):
            self.note_credits(account, seconds_left=seconds_left)
        return recorded or begun.job

    def _begin(self, job: Job, *, is_trial: bool) -> Write:
        at = self.now()
        return self.jobs.move(
            job.job_id,
            expect=[JobStatus.ACCEPTED],
            to=JobStatus.SUBMITTING,
            at=at,
            submitted_at=at,
            deadline_at=deadline_after(self.providers[job.request.provider].deadline, at=at),
            attempts=job.attempts + 1,
            attempt_id=self.new_attempt_id(),
            is_trial=is_trial or None,
            callback_base_url=self.callback_base_url,
            request=job.request,
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
            change_account=self.change_account,
            sleep=self.sleep,
            now=self.now,
        )
        return record.keep(answered, seconds_left=seconds_left)

    @property
    def change_account(self) -> ChangeAccount:
        return ChangeAccount(
            accounts=self.accounts,
            checks=self.checks,
            announce=self.announce,
            count_refusal=self.count_refusal,
            new_probe_id=self.new_attempt_id,
            now=self.now,
        )

    @property
    def note_credits(self) -> NoteCredits:
        return NoteCredits(
            accounts=self.accounts,
            providers=self.providers,
            clients=self.clients,
            asked_at=self.asked_credits_at,
            tell=self.tell_credits,
            now=self.now,
        )

    def _queue(self, job: Job, delivery: Delivery, *, delay: int, slot: int | None = None) -> Job:
        if delivery.is_nudge:
            return job
        # This loop ends when the job is sent or cancelled, or when its check fails it (MAX_WAIT).
        # Sent before the job is marked: a check that sees the mark may rely on the message.
        self.queue.add(job.job_id, delay=delay, slot=slot)
        if job.queued_at is None or self.now() >= job.queued_at + MARK_AGAIN:
            self.jobs.mark_queued(job.job_id, at=self.now())
        return job


def account_refusals(job: Job, account: Account) -> int:
    """Return how many of its account's refusals are about the job itself, if one more follows.

    ``job`` is as it was before this attempt. Its last refusal is disproved if another job's task
    has opened the account since; one in a trial proves nothing.
    """
    if account.pause:
        return job.account_refusals
    opened_at, refused_at = account.opened_at, job.submitted_at
    disproved = opened_at is not None and refused_at is not None and opened_at > refused_at
    return job.account_refusals + disproved


def answer_to(
    job: Job, answer: Submission, *, is_trial: bool, is_nudge: bool, account_refusals: int
) -> Answered:
    """Return the answer as it is kept; after too many refusals the last one is final.

    One for maintenance is not: like a paused account, it lasts as long as it lasts.
    """
    if isinstance(answer, TaskRefused):
        if job.attempts >= MAX_ATTEMPTS and not answer.maintenance:
            answer = replace(answer, retry_after=None)
        if answer.account and account_refusals >= MAX_ACCOUNT_REFUSALS:
            answer = replace(answer, account=None, retry_after=None)
    return Answered(
        job_id=job.job_id,
        attempt_id=job.attempt_id or "",
        answer=answer,
        is_trial=is_trial,
        is_nudge=is_nudge,
        account_refusals=account_refusals,
    )


def seconds_to_wait(job: Job, wait: timedelta) -> int:
    """Return when a job comes back that waits for its account: some seconds apart from others."""
    return whole_seconds(wait) + spread(job) // 4


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
