"""Record what createTask answered. The attempt's id tells its own job from a later attempt's."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Unpack

from ringback.domain.accounts import AFTER_OTHERS, REFUSED_AGAIN, HoldReason
from ringback.domain.checks import Check
from ringback.domain.delays import whole_seconds
from ringback.domain.errors import TryAgain, UnknownJob
from ringback.domain.jobs import ErrorKind, Job, JobError, JobStatus, ProviderTaskId
from ringback.domain.telling import TELLING
from ringback.domain.verdicts import Answered, OutcomeUnknown, TaskCreated, TaskRefused
from ringback.use_cases.change_account import ChangeAccount
from ringback.use_cases.ports import AnswerQueue, Changes, CheckQueue, JobStore, RateWindow, Write

SecondsLeft = Callable[[], float]

# Seconds that recording takes while the table and then the queue hang, each for as long as its
# client waits (aws/clients.py).
TIME_TO_RECORD: Final = 32.0
# With less time left than this, an answer that could not be recorded is sent to the queue instead.
TIME_TO_SEND: Final = 16.0
KEEP_PAUSE: Final = 1.0
KEEP_RETRY: Final = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAnswer:
    """Safe to repeat, also long after the answer."""

    jobs: JobStore
    queue: AnswerQueue
    checks: CheckQueue
    window: RateWindow
    change_account: ChangeAccount
    sleep: Callable[[float], None]
    now: Callable[[], datetime]

    def keep(self, answered: Answered, *, seconds_left: SecondsLeft) -> Job | None:
        """Record an answer that cannot be had again, for as long as the function has time.

        Then it goes into the queue, and ``None`` is returned. The loop of such messages ends once
        the table can be written to. Raises ``UnknownJob``.
        """
        while True:
            try:
                return self(answered)
            except UnknownJob:
                raise
            except Exception:  # whatever it is, there is no other copy of the answer
                if seconds_left() < TIME_TO_SEND and self._is_sent(answered):
                    return None
                if seconds_left() < KEEP_PAUSE:
                    raise
            self.sleep(KEEP_PAUSE)

    def _is_sent(self, answered: Answered) -> bool:
        try:
            self.queue.add_answer(answered, delay=KEEP_RETRY)
        except TryAgain:
            return False
        return True

    def __call__(self, answered: Answered) -> Job:
        """Return the job as it now stands. Raises ``UnknownJob``, and ``TryAgain``."""
        match answered.answer:
            case TaskCreated(task_id=task_id):
                job = self._leave_submitting(
                    answered, JobStatus.RUNNING, task_id=task_id, running_at=self.now()
                ).job
                if answered.is_trial:
                    self.change_account.accepted(job)
                return self._keep(job, task_id)
            case TaskRefused(account=str()) | TaskRefused(retry_after=int()) as refusal:
                return self._release(answered, refusal)
            case TaskRefused() as refusal:
                return self._fail(answered, refusal)
            case OutcomeUnknown(task_id=named, account=reason):
                # The task may exist. Its callback, which names this job, or the deadline decides.
                # It was no proof for the account either: the next job tries when the trial is over.
                job = self.jobs.get(answered.job_id)
                if reason and job.status is JobStatus.SUBMITTING:
                    began_at = job.submitted_at or self.now()
                    self.change_account.refused(job, reason, began_at=began_at)
                return self._keep(job, named) if named else job

    def _keep(self, job: Job, task_id: ProviderTaskId) -> Job:
        """Keep the id also of a job that is no longer waiting for this answer."""
        if job.task_id:
            return job
        if job.status is JobStatus.EXPIRED:
            # The check before the record: its own checks are over.
            self.checks.add(Check(job_id=job.job_id, claimed_task=task_id), delay=0)
        return self.jobs.keep_task(job.job_id, task_id)

    def _release(self, answered: Answered, refusal: TaskRefused) -> Job:
        refused = self.jobs.get(answered.job_id)
        changes: Changes = {"queued_at": None, "request": refused.request}
        if refusal.account:
            changes["account_refusals"] = answered.account_refusals
        if refusal.account or refusal.maintenance:
            # It was not the job that was refused, as far as one can tell.
            changes["attempts"] = max(0, refused.attempts - 1)
        released = self._leave_submitting(answered, JobStatus.ACCEPTED, **changes)
        job = released.job
        if refusal.too_fast:
            self.window.pause(job.request.provider, at=self.now())
        if not released.done:
            # Its check was faster. A job that was final is not bought again.
            return self._fail(answered, refusal) if job.status is JobStatus.EXPIRED else job
        delay = self._delay(job, answered, refusal)
        if answered.is_nudge:
            # Its own message marks it again; if that came during this call, its check sends one.
            return job
        self.queue.add(job.job_id, delay=delay, slot=None)
        self.jobs.mark_queued(job.job_id, at=self.now())
        return job

    def _delay(self, job: Job, answered: Answered, refusal: TaskRefused) -> int:
        """Note what the refusal says about the account; return the seconds that the job waits."""
        if refusal.account:
            at = self.now()
            began_at = job.submitted_at or at
            wait = self.change_account.refused(job, refusal.account, began_at=began_at)
            again = REFUSED_AGAIN.after(at - (job.due_at or job.created_at))
            return whole_seconds(max(wait + AFTER_OTHERS, again))
        delay = refusal.retry_after or 0
        if reason := hold_reason(refusal):
            self.change_account.hold(job, reason, seconds=delay)
        if answered.is_trial:
            self.change_account.end_trial(job)
        return delay

    def _fail(self, answered: Answered, refusal: TaskRefused) -> Job:
        job = self._refused(answered, refusal, was=JobStatus.SUBMITTING)
        if job.status is JobStatus.EXPIRED:
            # It "may be charged"; its refusal proves that it was not. Its own checks are over: this
            # one sees that the change was told.
            self.checks.add(Check(job_id=job.job_id), delay=whole_seconds(TELLING))
            job = self._refused(answered, refusal, was=JobStatus.EXPIRED)
        if answered.is_trial:
            self.change_account.end_trial(job)
        return job

    def _refused(self, answered: Answered, refusal: TaskRefused, *, was: JobStatus) -> Job:
        error = JobError(kind=ErrorKind.REFUSED, code=refusal.code, message=refusal.message)
        return self._move(
            answered,
            JobStatus.FAILED,
            expect=[was],
            finished_at=self.now(),
            error=error,
            answer=refusal.answer or None,
        ).job

    def _leave_submitting(
        self, answered: Answered, to: JobStatus, **changes: Unpack[Changes]
    ) -> Write:
        return self._move(answered, to, expect=[JobStatus.SUBMITTING], **changes)

    def _move(
        self,
        answered: Answered,
        to: JobStatus,
        *,
        expect: Collection[JobStatus],
        **changes: Unpack[Changes],
    ) -> Write:
        # A callback may have been faster than the answer; then this write does nothing.
        return self.jobs.move(
            answered.job_id,
            expect=expect,
            to=to,
            at=self.now(),
            of_attempt=answered.attempt_id,
            **changes,
        )


def hold_reason(refusal: TaskRefused) -> HoldReason | None:
    if refusal.maintenance:
        return HoldReason.MAINTENANCE
    return HoldReason.RATE_LIMITED if refusal.too_fast else None
