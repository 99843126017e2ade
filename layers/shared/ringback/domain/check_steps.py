"""Decides the next step of a job's check; ``use_cases/check_jobs.py`` carries it out."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from ringback.domain.checks import FIRST_CHECK, Check, seconds_to_next_check
from ringback.domain.delays import whole_seconds
from ringback.domain.jobs import ErrorKind, Job, JobError, JobStatus, ProviderTaskId
from ringback.domain.verdicts import UNDECIDED, TaskReport, TaskState

RETRY_SECONDS: Final = 30
# A new task may be invisible to reads for this long.
MAX_INVISIBLE: Final = timedelta(seconds=90)
# A job expires if its provider is still unavailable this long after the job's deadline.
OUTAGE_GRACE: Final = timedelta(minutes=10)
# Later than this, a submit message counts as lost, perhaps as a dead letter.
MAX_WAIT: Final = timedelta(days=2)


class Question(NamedTuple):
    """Read this task from the provider; ``about.answered`` then decides."""

    about: "CheckedJob"
    task_id: ProviderTaskId


class CheckAgain(NamedTuple):
    check: Check
    seconds: int


class EndJob(NamedTuple):
    expect: Collection[JobStatus]
    to: JobStatus
    error: JobError


class RecordReport(NamedTuple):
    report: TaskReport


class ResumeArchiving(NamedTuple):
    pass


Step = Question | CheckAgain | EndJob | RecordReport | ResumeArchiving | None

NOT_SUBMITTED: Final = EndJob(
    (JobStatus.ACCEPTED,),
    JobStatus.FAILED,
    JobError(
        kind=ErrorKind.NOT_SUBMITTED,
        message="the job was never submitted to the provider; nothing was charged",
    ),
)
EXPIRE: Final = EndJob(
    UNDECIDED,
    JobStatus.EXPIRED,
    JobError(
        kind=ErrorKind.NO_VERDICT,
        message="the provider reported no result by the deadline; it may have charged for the job",
        may_be_charged=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CheckedJob:
    """A job at the time ``at`` of its check; ``calls_back``: its provider sends callbacks."""

    job: Job
    check: Check
    at: datetime
    calls_back: bool

    def first_step(self) -> Step:
        match self.job.status:
            case JobStatus.ACCEPTED if not self.check.claimed_task:
                return self._check_again() if self._may_be_submitted() else NOT_SUBMITTED
            case JobStatus.SUBMITTING | JobStatus.RUNNING if self._is_early():
                return self._check_again()
            case JobStatus.SUBMITTING | JobStatus.RUNNING:
                return self._question() or EXPIRE  # overdue, without a task to read
            case JobStatus.EXPIRED if self.check.claimed_task:
                return self._question()
            case JobStatus.FAILED if self.check.contradicts_failure:
                return self._question()
            case JobStatus.ARCHIVING if not self.check.claimed_task:
                return ResumeArchiving()
        return None

    def answered(self, report: TaskReport | None, *, is_ours: bool) -> Step:
        """Decide on the provider's report, ``None`` if it has no such task (yet).

        ``is_ours``: the task in the report is the job's own.
        """
        if report and is_ours and self._is_final(report):
            return RecordReport(report)
        if self.job.status not in UNDECIDED:
            return None
        if self._is_overdue():
            return EXPIRE
        if not self.check.claimed_task:
            return self._check_again()
        visible_at = (self.job.submitted_at or self.at) + MAX_INVISIBLE
        if report is None and not self.job.task_id and self.at < visible_at:
            return CheckAgain(self.check, whole_seconds(visible_at - self.at))
        return None

    def unanswered(self, *, was_asked: bool) -> Step:
        """Decide for an undecided job whose provider is unavailable or was not called."""
        if was_asked and self.at >= self.job.deadline_at + OUTAGE_GRACE:
            return EXPIRE
        return CheckAgain(self.check, RETRY_SECONDS)

    def _question(self) -> Question | None:
        task_id = self.job.task_id or self.check.claimed_task
        return Question(self, task_id) if task_id else None

    def _check_again(self) -> CheckAgain:
        delay = seconds_to_next_check(self.job, at=self.at, calls_back=self.calls_back)
        return CheckAgain(Check(job_id=self.job.job_id), delay)

    def _may_be_submitted(self) -> bool:
        latest = (self.job.due_at or self.job.created_at) + MAX_WAIT
        return not self._is_overdue() or (self.job.queued_at is not None and self.at < latest)

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
