"""Decides the next step of a job's check; ``use_cases/check_jobs.py`` carries it out."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, NamedTuple

from ringback.domain.accounts import PROBE_TIME, Account
from ringback.domain.checks import (
    FIRST_CHECK,
    RECHECK_DELAY,
    Check,
    next_read,
    seconds_to_next_check,
    seconds_until,
)
from ringback.domain.delays import Widening, whole_seconds
from ringback.domain.endings import EXPIRE, NOT_SUBMITTED, EndJob, copying_given_up
from ringback.domain.jobs import FINAL, Job, JobStatus, ProviderTaskId
from ringback.domain.telling import TELLING
from ringback.domain.verdicts import UNDECIDED, TaskReport, TaskState

RETRY_SECONDS: Final = 30
# A new task may be invisible to reads for this long.
MAX_INVISIBLE: Final = timedelta(seconds=90)
# So many questions in a row, half a minute apart, an unavailable provider may leave unanswered
# before a job is put off or expires. Counted, not timed: a check that comes hours late, out of a
# backlog or a redrive, has asked no more often for that.
MAX_UNANSWERED: Final = 20
# So many times in a row, about two days, a job waits for a key or a permission.
MAX_UNCONFIGURED: Final = 210
MAX_CONFIGURATION_DELAY: Final = 900
# A check that finds no job is sent once more: the function that records it has ended by then.
RECORDING_SECONDS: Final = 60
# While images are copied, a message that copies them is sent again at widening intervals, in case
# the last one was lost. Copying is given up once it has made no progress for this long.
COPYING_RECHECK: Final = Widening(share=1.0, shortest=RECHECK_DELAY)
MAX_COPYING: Final = timedelta(days=2)
# What held up a check for so long may hold up the answer to createTask as well: it is in the submit
# queue then, which delivers it again within so long.
HELD_UP: Final = timedelta(minutes=5)
ANSWER_REDELIVERY: Final = timedelta(minutes=10)
# Later than this, a submit message counts as lost, perhaps as a dead letter. The time of a pause
# does not count.
MAX_WAIT: Final = timedelta(days=2)
# A job that waits for its account comes back, and is marked, every 15 minutes at least.
LOST_MESSAGE: Final = timedelta(hours=1)
# A job that has not been sent by then ends so long before it is forgotten.
LAST_CALL: Final = timedelta(days=1)


class Question(NamedTuple):
    """Read this task from the provider; ``about.answered`` then decides."""

    about: "CheckedJob"
    task_id: ProviderTaskId


class CheckAgain(NamedTuple):
    """Check later. Every reason for it has an end: the ``MAX_`` above, and ``LAST_READ``."""

    check: Check
    seconds: int


class RecordReport(NamedTuple):
    report: TaskReport


class ResumeArchiving(NamedTuple):
    """Have the images copied, and check later whether they were."""

    later: CheckAgain


class QueueAgain(NamedTuple):
    """Send the job's submit message again, and check later whether it was submitted."""

    later: CheckAgain


class Unanswered(Enum):
    """Why there is no answer about a task."""

    NOT_ASKED = auto()  # no time was left, or the provider had just been unavailable
    UNAVAILABLE = auto()
    NOT_CONFIGURED = auto()  # a key or a permission is missing


Step = Question | CheckAgain | EndJob | RecordReport | ResumeArchiving | QueueAgain | None


def no_job(check: Check) -> CheckAgain | None:
    """Decide for a check that finds no job: it may still be being recorded."""
    if check.found_no_job:
        return None
    return CheckAgain(replace(check, found_no_job=True), RECORDING_SECONDS)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedJob:
    """A job at the time ``at`` of its check; ``calls_back``: its provider sends callbacks.

    ``account`` is the provider's account. Only an accepted job waits for it.
    """

    job: Job
    check: Check
    at: datetime
    calls_back: bool
    account: Account | None = None

    def first_step(self) -> Step:
        if self._is_idle():
            return self._wait(self.check, until=self.check.idle_until or self.at)
        match self.job.status:
            case JobStatus.ACCEPTED if not self.check.claimed_task:
                return self._wait_for_turn()
            case JobStatus.ACCEPTED | JobStatus.CANCELLED if self.job.submitted_at:
                # Refused, and claimed to be with the provider all the same.
                return self._question()
            case JobStatus.SUBMITTING | JobStatus.RUNNING if self._is_early():
                return self._check_again()
            case JobStatus.SUBMITTING | JobStatus.RUNNING:
                return self._question() or self._expire_without_task()
            case JobStatus.EXPIRED if self.check.claimed_task:
                return self._question()
            case JobStatus.FAILED if self.check.contradicts_failure:
                return self._question()
            case JobStatus.ARCHIVING if not self.check.claimed_task:
                return self._copying()
        return None

    def answered(self, report: TaskReport | None, *, is_ours: bool) -> Step:
        """Decide on the provider's report, ``None`` if it has no such task (yet).

        ``is_ours``: the task in the report is the job's own.
        """
        if report and is_ours and self._is_final(report):
            return RecordReport(report)
        if report and is_ours and not self.job.task_id:
            # The claim has proved to be true: its task id is kept, whatever else is reported.
            return RecordReport(replace(report, state=TaskState.RUNNING))
        if self.job.status not in UNDECIDED:
            return None
        if self.check.claimed_task:
            return self._without_verdict_on_claim(report)
        if not self._is_overdue():
            return self._check_again()
        return self._read_later() if report else EXPIRE

    def unanswered(self, why: Unanswered) -> Step:
        """Decide for a job about whose task there is no answer; ``None`` gives up a claim."""
        check, is_overdue = self.check, self._is_overdue()
        if why is Unanswered.UNAVAILABLE:
            check = replace(check, unanswered=check.unanswered + is_overdue, unconfigured=0)
        if why is Unanswered.NOT_CONFIGURED:
            check = replace(check, unanswered=0, unconfigured=check.unconfigured + 1)
        if check.unanswered < MAX_UNANSWERED and check.unconfigured < MAX_UNCONFIGURED:
            delay = RETRY_SECONDS * max(1, check.unconfigured)
            return CheckAgain(check, min(delay, MAX_CONFIGURATION_DELAY))
        return self._read_later() if self.job.status in UNDECIDED else None

    def followed_by(self, job: Job) -> CheckAgain | None:
        """Return the check that the job needs now that this one has changed its state."""
        if self.check.claimed_task:
            return None  # the job's own check comes
        is_final = job.status in FINAL
        if not is_final and job.status is not JobStatus.ARCHIVING:
            return None
        # A final job's is to see that it was told.
        delay = TELLING if is_final else RECHECK_DELAY
        return CheckAgain(Check(job_id=job.job_id), whole_seconds(delay))

    def _question(self) -> Question | None:
        task_id = self.job.task_id or self.check.claimed_task
        return Question(self, task_id) if task_id else None

    def _check_again(self) -> CheckAgain:
        delay = seconds_to_next_check(self.job, at=self.at, calls_back=self.calls_back)
        return CheckAgain(Check(job_id=self.job.job_id), delay)

    def _read_later(self) -> Step:
        """Read the task again at a later age; the last read, after a day, ends the job."""
        due = next_read(self.job, at=self.at, calls_back=self.calls_back)
        if due is None:
            return EXPIRE
        return self._wait(replace(self.check, unanswered=0, unconfigured=0), until=due)

    def _wait(self, check: Check, *, until: datetime) -> CheckAgain:
        idle = replace(check, idle_until=until, seen_at=self.job.updated_at)
        return CheckAgain(idle, seconds_until(until, at=self.at))

    def _without_verdict_on_claim(self, report: TaskReport | None) -> Step:
        if self._is_overdue():
            later = next_read(self.job, at=self.at, calls_back=self.calls_back)
            return None if later else EXPIRE  # the job's own check comes then
        visible_at = (self.job.submitted_at or self.at) + MAX_INVISIBLE
        if report is None and not self.job.task_id and self.at < visible_at:
            return CheckAgain(self.check, whole_seconds(visible_at - self.at))
        return None

    def _expire_without_task(self) -> Step:
        """Expire an overdue job; if its check was held up, only after one more delay."""
        was_held_up = self.at >= self.job.deadline_at + HELD_UP
        has_waited = self.check.seen_at == self.job.updated_at
        if was_held_up and not has_waited:
            return self._wait(self.check, until=self.at + ANSWER_REDELIVERY)
        return EXPIRE

    def _copying(self) -> Step:
        """Have images copied until the job is final: after two days without progress at most."""
        since = self.at - self.job.updated_at
        if since >= MAX_COPYING:
            return copying_given_up(self.job)
        until = self.at + COPYING_RECHECK.after(since)
        return ResumeArchiving(self._wait(Check(job_id=self.job.job_id), until=until))

    def _is_idle(self) -> bool:
        check = self.check
        is_unchanged = check.seen_at == self.job.updated_at
        return is_unchanged and check.idle_until is not None and self.at < check.idle_until

    def _wait_for_turn(self) -> Step:
        job = self.job
        # Each trial of an account moves the deadline, so this does not wait for it.
        if self._has_waited_too_long():
            return NOT_SUBMITTED
        if not self._is_overdue():
            return self._check_while_waiting()
        if job.not_queued_at is not None and job.queued_at is None:
            return NOT_SUBMITTED
        later = self._check_while_waiting()
        return QueueAgain(later) if self._may_lack_message() else later

    def _may_lack_message(self) -> bool:
        """Tell whether the job's message may be lost; a second one would buy nothing twice."""
        if self.job.queued_at is None:
            return True  # though its client was answered 202
        # While the account is paused, the job would never end, nor send the probe.
        is_paused = self.account is not None and self.account.pause is not None
        return is_paused and self.at >= self.job.queued_at + LOST_MESSAGE

    def _has_waited_too_long(self) -> bool:
        account, since = self.account, self.job.due_at or self.job.created_at
        if self.at >= self.job.forget_at - LAST_CALL:
            return True
        if account and account.pause:
            return False
        if account and account.opened_at:
            since = max(since, account.opened_at)
        return self.at >= since + MAX_WAIT

    def _check_while_waiting(self) -> CheckAgain:
        """Check again at the usual time; while no job is sent, not before the next probe."""
        check, usual = self._check_again()
        account = self.account
        if account is None or account.pause is None or account.is_half_open:
            return CheckAgain(check, usual)
        sent_at = account.pause.probe_at + PROBE_TIME
        return CheckAgain(check, max(usual, whole_seconds(sent_at - self.at)))

    def _is_overdue(self) -> bool:
        return self.at >= self.job.deadline_at

    def _is_early(self) -> bool:
        """Tell whether it is too early, or useless, to read the task without a claim."""
        if self._is_overdue() or self.check.claimed_task:
            return False
        first_check_at = (self.job.submitted_at or self.at) + FIRST_CHECK
        return self.calls_back or not self.job.task_id or self.at < first_check_at

    def _is_final(self, report: TaskReport) -> bool:
        """Tell whether the report is a verdict; until the deadline, missing images may appear."""
        if report.without_images and not self._is_overdue():
            return False
        return report.state is not TaskState.RUNNING
