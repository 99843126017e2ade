"""Check on jobs whose callback is overdue, unproven or not to be expected."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from ringback.domain.check_steps import (
    CheckAgain,
    CheckedJob,
    EndJob,
    Question,
    RecordReport,
    ResumeArchiving,
    Step,
)
from ringback.domain.checks import Check
from ringback.domain.errors import ProviderUnavailable, UnknownJob
from ringback.domain.jobs import FINAL, Job, JobId, ProviderTaskId
from ringback.domain.verdicts import UNDECIDED, TaskReport
from ringback.use_cases.ports import ArchiveQueue, CheckQueue, JobStore, ProviderClient
from ringback.use_cases.providers import Providers
from ringback.use_cases.record_verdict import RecordVerdict

# No read starts after this, so that a slow provider delays jobs but never times out the function.
READ_BUDGET: Final = timedelta(seconds=30)

Result = TypeVar("Result")
Outcome = Job | Exception | None
Answers = Mapping[ProviderTaskId, TaskReport] | Exception


class NotAsked(ProviderUnavailable):
    """There was no time for the read, or the provider had just been unavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckJobs:
    """See jobs through to their end. Most checks find a final job and do nothing."""

    jobs: JobStore
    checks: CheckQueue
    archive: ArchiveQueue
    record: RecordVerdict
    providers: Providers
    clients: Mapping[str, ProviderClient]
    callback_url: Callable[[str, JobId], str]
    now: Callable[[], datetime]

    def __call__(self, checks: Sequence[Check]) -> list[Outcome]:
        """Return for each check its job as it now stands, or what went wrong.

        ``None`` stands for a job that was never recorded. Tasks are read together, as many in one
        call as the provider allows.
        """
        stop_at = self.now() + READ_BUDGET
        begun = [attempt(self._begin, check) for check in checks]
        questions = [each for each in begun if isinstance(each, Question)]
        outcomes = dict[Question, Outcome]()
        # Batch-capable providers first, so that a slow one cannot use up their time.
        for name in sorted(self.providers, key=lambda name: -self.providers[name].max_batch_size):
            to_ask = [each for each in questions if each.about.job.request.provider == name]
            outcomes |= self._ask(name, to_ask, stop_at=stop_at)
        return [outcomes[each] if isinstance(each, Question) else each for each in begun]

    def _begin(self, check: Check) -> Job | Question | None:
        try:
            job = self.jobs.get(check.job_id)
        except UnknownJob:
            return None
        if job.status in FINAL and not check.claimed_task:
            return job
        calls_back = self.providers[job.request.provider].calls_back
        checked = CheckedJob(job=job, check=check, at=self.now(), calls_back=calls_back)
        step = checked.first_step()
        return step if isinstance(step, Question) else self._apply(checked, step)

    def _ask(
        self, name: str, questions: Sequence[Question], *, stop_at: datetime
    ) -> dict[Question, Outcome]:
        outcomes, stopped = dict[Question, Outcome](), False
        size = self.providers[name].max_batch_size
        for start in range(0, len(questions), size):
            batch = questions[start : start + size]
            answers = NotAsked("left to a later check") if stopped else self._read(name, batch)
            # Unavailable (as is NotAsked) or out of time: skip the remaining batches.
            stopped = isinstance(answers, ProviderUnavailable) or self.now() >= stop_at
            outcomes |= {each: attempt(self._finish, each, answers) for each in batch}
        return outcomes

    def _read(self, name: str, batch: Sequence[Question]) -> Answers:
        task_ids = dict.fromkeys(question.task_id for question in batch)
        try:
            return self.clients[name].read_tasks([*task_ids])
        except Exception as error:  # noqa: BLE001  what it means depends on the job
            return error

    def _finish(self, question: Question, answers: Answers) -> Job:
        checked = question.about
        if not isinstance(answers, Exception):
            report = answers.get(question.task_id)
            is_ours = report is not None and self._is_ours(checked.job, report)
            return self._apply(checked, checked.answered(report, is_ours=is_ours))
        if isinstance(answers, ProviderUnavailable) and checked.job.status in UNDECIDED:
            was_asked = not isinstance(answers, NotAsked)
            return self._apply(checked, checked.unanswered(was_asked=was_asked))
        # The claim about a final job is in this message only, so the message is redelivered.
        raise answers

    def _is_ours(self, job: Job, report: TaskReport) -> bool:
        if job.task_id:
            return True
        # So far, the task id is only the claim of an unproven callback.
        name = job.request.provider
        our_url = self.callback_url(name, job.job_id)
        return self.providers[name].recognizes(job, report, our_url)

    def _apply(self, checked: CheckedJob, step: Step) -> Job:
        job, at = checked.job, checked.at
        match step:
            case CheckAgain(check, seconds):
                self.checks.add(check, delay=seconds)
            case ResumeArchiving():
                self.archive.add(job.job_id)
            case EndJob(expect, to, error):
                return self.jobs.move(
                    job.job_id, expect=expect, to=to, at=at, finished_at=at, error=error
                ).job
            case RecordReport(report):
                revises = checked.check.contradicts_failure
                return self.record(job.job_id, report, revises_failure=revises)
        return job


def attempt(act: Callable[..., Result], *given: object) -> Result | Exception:
    """Return an error instead of raising it: one bad check must not fail the batch."""
    try:
        return act(*given)
    except Exception as error:  # noqa: BLE001
        return error
