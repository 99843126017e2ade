"""Check on jobs whose callback is overdue, unproven or not to be expected."""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ringback.domain.accounts import Account, Probe
from ringback.domain.check_steps import (
    CheckAgain,
    CheckedJob,
    Question,
    QueueAgain,
    RecordReport,
    ResumeArchiving,
    Step,
    Unanswered,
    no_job,
)
from ringback.domain.checks import Check
from ringback.domain.endings import EndJob
from ringback.domain.errors import (
    NotConfigured,
    NotTold,
    ProviderUnavailable,
    TaskUnreadable,
    UnknownJob,
)
from ringback.domain.job_ids import made_at
from ringback.domain.jobs import (
    FINAL,
    GONE,
    Job,
    JobId,
    JobStatus,
    ProviderTaskId,
    seconds_until_due,
)
from ringback.domain.telling import seconds_to_tell
from ringback.domain.verdicts import TaskReport
from ringback.use_cases.event_ports import ToldMarks
from ringback.use_cases.ports import (
    AccountStore,
    ArchiveQueue,
    CheckQueue,
    JobStore,
    ProviderClient,
    SubmitQueue,
)
from ringback.use_cases.providers import Providers
from ringback.use_cases.record_verdict import RecordVerdict

# No read starts after this, so that a slow provider delays jobs but never times out the function.
READ_BUDGET: Final = timedelta(seconds=30)
# So often a batch that the provider can't answer is split: enough to find two bad tasks among 50.
MAX_SPLITS: Final = 12
# After this, checks that are not done go back to their queue. One that has begun makes three calls
# of AWS at most, each of which ends after 15 s (aws/clients.py).
HAND_BACK_AFTER: Final = timedelta(seconds=55)

# A job of this age has ended as a rule, and was told.
USUALLY_TOLD: Final = timedelta(minutes=5)

Result = TypeVar("Result")
Outcome = Job | Account | Exception | None
Answers = Mapping[ProviderTaskId, TaskReport] | Exception


class NotAsked(ProviderUnavailable):
    """There was no time for the read, or the provider had just been unavailable."""


class HandedBack(Exception):
    """There was no time left for a check: SQS delivers its message again."""


def none_told(job_ids: Collection[JobId]) -> Mapping[JobId, Job]:
    """Have each job looked at by itself."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckJobs:
    """See jobs through to their end, and until it was told. Most checks find that it was.

    ``told_jobs`` returns those that have ended and were told, perhaps as they were a moment ago.
    ``callback_urls`` returns every URL that a job may have been sent with. ``probe`` asks whether
    a paused account is good again; its messages come in the same queue.
    """

    jobs: JobStore
    accounts: AccountStore
    probe: Callable[[Probe], Account]
    checks: CheckQueue
    archive: ArchiveQueue
    queue: SubmitQueue
    record: RecordVerdict
    told: ToldMarks | None
    providers: Providers
    clients: Mapping[str, ProviderClient]
    callback_urls: Callable[[Job], Collection[str]]
    now: Callable[[], datetime]
    told_jobs: Callable[[Collection[JobId]], Mapping[JobId, Job]] = none_told

    def __call__(self, checks: Sequence[Check | Probe]) -> list[Outcome]:
        """Return for each check its job (or account) as it now stands, or what went wrong.

        ``None`` stands for a job that was never recorded. Tasks are read together, as many in one
        call as the provider allows.
        """
        began_at = self.now()
        stop_at, hand_back_at = began_at + READ_BUDGET, began_at + HAND_BACK_AFTER
        told = self._told_already(checks, at=began_at)
        begun = [
            told.get(check) or self._attempt(hand_back_at, self._begin, check) for check in checks
        ]
        questions = [each for each in begun if isinstance(each, Question)]
        outcomes = dict[Question, Outcome]()
        # Batch-capable providers first, so that a slow one cannot use up their time.
        for name in sorted(self.providers, key=lambda name: -self.providers[name].max_batch_size):
            to_ask = [each for each in questions if each.about.job.request.provider == name]
            outcomes |= self._ask(name, to_ask, stop_at=stop_at, hand_back_at=hand_back_at)
        return [outcomes[each] if isinstance(each, Question) else each for each in begun]

    def _told_already(
        self, checks: Sequence[Check | Probe], *, at: datetime
    ) -> Mapping[Check | Probe, Job]:
        plain = [each for each in checks if isinstance(each, Check) and not each.claimed_task]
        try:
            old = [each.job_id for each in plain if made_at(each.job_id) + USUALLY_TOLD <= at]
            told = self.told_jobs(old) if old else {}
        except Exception:  # noqa: BLE001  each is looked at by itself then
            return {}
        return {each: told[each.job_id] for each in plain if each.job_id in told}

    def _begin(self, check: Check | Probe) -> Job | Account | Question | None:
        if isinstance(check, Probe):
            return self.probe(check)
        try:
            job = self.jobs.get(check.job_id)
        except UnknownJob:
            if again := no_job(check):
                self.checks.add(again.check, delay=again.seconds)
            return None
        if job.status in GONE:
            return job
        if job.status in FINAL and not check.claimed_task:
            return self._see_it_told(job)
        name = job.request.provider
        waits = job.status is JobStatus.ACCEPTED
        checked = CheckedJob(
            job=job,
            check=check,
            at=self.now(),
            calls_back=self.providers[name].calls_back,
            account=self.accounts.read(name) if waits else None,
        )
        step = checked.first_step()
        return step if isinstance(step, Question) else self._apply(checked, step)

    def _see_it_told(self, job: Job) -> Job:
        """Have the event of a final job told again unless it was told (docs/decisions/0040).

        Raises ``NotTold``, so that SQS delivers the check again until it was.
        """
        if self.told is None or self.told.changes_told(job.job_id) >= job.changes:
            return job
        if seconds := seconds_to_tell(job, at=self.now()):
            self.checks.add(Check(job_id=job.job_id), delay=seconds)
            return job
        self.jobs.tell_again(job.job_id, changes=job.changes, at=self.now())
        raise NotTold(job.job_id)

    def _ask(
        self,
        name: str,
        questions: Sequence[Question],
        *,
        stop_at: datetime,
        hand_back_at: datetime,
    ) -> dict[Question, Outcome]:
        outcomes, stopped = dict[Question, Outcome](), None
        size, splits = self.providers[name].max_batch_size, MAX_SPLITS
        batches = deque(questions[n : n + size] for n in range(0, len(questions), size))
        while batches:
            batch = batches.popleft()
            answers = stopped or self._read(name, batch)
            stopped = stopped or reason_to_stop(answers, is_late=self.now() >= stop_at)
            if isinstance(answers, TaskUnreadable) and len(batch) > 1 and splits and not stopped:
                # Perhaps because of one of them.
                half, splits = len(batch) // 2, splits - 1
                batches.extendleft([batch[half:], batch[:half]])
                continue
            outcomes |= {
                each: self._attempt(hand_back_at, self._finish, each, answers) for each in batch
            }
        return outcomes

    def _read(self, name: str, batch: Sequence[Question]) -> Answers:
        task_ids = dict.fromkeys(question.task_id for question in batch)
        try:
            return self.clients[name].read_tasks([*task_ids])
        except Exception as error:  # noqa: BLE001  what it means depends on the job
            return error

    def _finish(self, question: Question, answers: Answers) -> Job:
        checked = question.about
        try:
            if isinstance(answers, Exception):
                raise answers
            report = answers.get(question.task_id)
            is_ours = report is not None and self._is_ours(checked.job, report)
        except (ProviderUnavailable, NotConfigured) as error:
            step = checked.unanswered(reason_of(error))
            if step is None:
                # The claim about a final job is in this message only: let SQS keep it.
                raise
            return self._apply(checked, step)
        return self._apply(checked, checked.answered(report, is_ours=is_ours))

    def _is_ours(self, job: Job, report: TaskReport) -> bool:
        if job.task_id:
            return True
        # So far, the task id is only the claim of an unproven callback.
        provider = self.providers[job.request.provider]
        return provider.recognizes(job, report, self.callback_urls(job))

    def _apply(self, checked: CheckedJob, step: Step) -> Job:
        job, at = checked.job, checked.at
        match step:
            case CheckAgain(check, seconds):
                self.checks.add(check, delay=seconds)
            case QueueAgain(later):
                self.checks.add(later.check, delay=later.seconds)
                self.queue.add(job.job_id, delay=seconds_until_due(job, at=at), slot=None)
                self.jobs.mark_queued(job.job_id, at=at)
            case ResumeArchiving(later):
                self.checks.add(later.check, delay=later.seconds)
                self.archive.add(job.job_id)
            case EndJob(expect, to, error, unless_changed):
                moved = self.jobs.move(
                    job.job_id,
                    expect=expect,
                    to=to,
                    at=at,
                    unchanged_since=job.updated_at if unless_changed else None,
                    finished_at=at,
                    error=error,
                )
                self._look_once_more(moved.job, checked)
                return moved.job
            case RecordReport(report):
                return self._record(checked, report)
        return job

    def _record(self, checked: CheckedJob, report: TaskReport) -> Job:
        check = checked.check
        job = self.record(
            checked.job.job_id,
            report,
            revises_failure=check.contradicts_failure,
            # A claim is a callback that proved nothing by itself.
            called_back=check.claimed_task is not None if checked.calls_back else None,
        )
        self._look_once_more(job, checked)
        return job

    def _look_once_more(self, job: Job, checked: CheckedJob) -> None:
        if again := checked.followed_by(job):
            self.checks.add(again.check, delay=again.seconds)

    def _attempt(
        self, hand_back_at: datetime, act: Callable[..., Result], *given: object
    ) -> Result | Exception:
        """Return an error instead of raising it: one bad check must not fail the batch."""
        if self.now() >= hand_back_at:
            return HandedBack("there was no time for this check")
        try:
            return act(*given)
        except Exception as error:  # noqa: BLE001
            return error


def reason_to_stop(answers: Answers, *, is_late: bool) -> Exception | None:
    """Return why the remaining batches are not read, ``None`` if they are.

    What the provider itself answered is about these tasks. Silence is about the provider, and so
    is a missing or refused key.
    """
    if isinstance(answers, NotConfigured):
        return answers
    is_silent = isinstance(answers, ProviderUnavailable) and not isinstance(answers, TaskUnreadable)
    return NotAsked("left to a later check") if is_silent or is_late else None


def reason_of(error: ProviderUnavailable | NotConfigured) -> Unanswered:
    if isinstance(error, NotConfigured):
        return Unanswered.NOT_CONFIGURED
    return Unanswered.NOT_ASKED if isinstance(error, NotAsked) else Unanswered.UNAVAILABLE
