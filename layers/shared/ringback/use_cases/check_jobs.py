"""Look at jobs whose callback is overdue, unproven or not to be had."""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final, NamedTuple

from ringback.domain.checks import FIRST_LOOK, Check, seconds_to_next_look
from ringback.domain.errors import ProviderUnavailable, UnknownJob
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus, ProviderTaskId
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.ports import ArchiveQueue, CheckQueue, JobStore, ProviderClient
from ringback.use_cases.providers import Provider, Providers
from ringback.use_cases.record_verdict import UNDECIDED, record_verdict

ASK_AGAIN: Final = timedelta(seconds=30)
# A task may be invisible for so long after it was created (provider-apis.md).
NOT_VISIBLE_YET: Final = timedelta(seconds=90)
# How long past the deadline a provider that does not answer is asked before the job expires.
PATIENCE: Final = timedelta(minutes=10)
# After this its message is taken for lost: a dead letter perhaps, which a redrive then drops.
MAX_WAIT: Final = timedelta(days=2)
# No read is begun after this, so that a slow provider costs a delay and not the function's time.
ENOUGH: Final = timedelta(seconds=30)


class NotAsked(ProviderUnavailable):
    """It was not this look's turn to be asked about."""


class Wanted(NamedTuple):
    """What a look has to be told before it can go on."""

    provider: str
    task_id: ProviderTaskId


Steps = Generator[Wanted, TaskReport | None, Job | None]
Outcome = Job | Exception | None


class Look:
    """One check, as far as it has come: to a task it has to hear about, or to its outcome."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.wanted: Wanted | None = None
        self.outcome: Outcome = None
        self.go_on(None)

    def go_on(self, answer: TaskReport | Exception | None) -> None:
        try:
            if isinstance(answer, Exception):
                self.wanted = self._steps.throw(answer)
            else:
                self.wanted = self._steps.send(answer)
        except StopIteration as end:
            self.wanted, self.outcome = None, end.value
        except Exception as error:  # noqa: BLE001  the other checks are not to pay for it
            self.wanted, self.outcome = None, error


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckJobs:
    """See that jobs come to their end. Most checks find that they have, and do nothing."""

    jobs: JobStore
    checks: CheckQueue
    archive: ArchiveQueue
    providers: Providers
    clients: Mapping[str, ProviderClient]
    callback_url: Callable[[str, JobId], str]
    now: Callable[[], datetime]

    def __call__(self, checks: Sequence[Check]) -> list[Outcome]:
        """Return for each check its job as it now stands, or what went wrong.

        ``None`` is for a job that was never recorded. Jobs that have to be asked about are asked
        about together, as many in one call as the provider allows.
        """
        enough = self.now() + ENOUGH
        looks = [Look(self._look(check)) for check in checks]
        # First who is quickly asked: time spent on others is not to be lost by him.
        for name, provider in sorted(
            self.providers.items(), key=lambda each: -each[1].max_batch_size
        ):
            wanting = [look for look in looks if look.wanted and look.wanted.provider == name]
            self._ask(provider, wanting, enough=enough)
        return [look.outcome for look in looks]

    def _ask(self, provider: Provider, looks: Sequence[Look], *, enough: datetime) -> None:
        is_enough = False
        for start in range(0, len(looks), provider.max_batch_size):
            some = looks[start : start + provider.max_batch_size]
            ids = dict.fromkeys(look.wanted.task_id for look in some if look.wanted)
            reports: Mapping[ProviderTaskId, TaskReport] = {}
            failure: Exception | None = NotAsked("another time") if is_enough else None
            if not is_enough:
                try:
                    reports = self.clients[provider.name].read_tasks([*ids])
                except Exception as error:  # noqa: BLE001  each look decides what it means
                    failure = error
                # Who does not answer about these jobs is not asked about the next ones too.
                is_enough = isinstance(failure, ProviderUnavailable) or self.now() >= enough
            for look in some:
                look.go_on(failure or (look.wanted and reports.get(look.wanted.task_id)))

    def _look(self, check: Check) -> Steps:
        try:
            job = self.jobs.get(check.job_id)
        except UnknownJob:
            return None
        match job.status:
            case JobStatus.ACCEPTED if check.claimed_task is None:
                return self._see_that_it_is_sent(job)
            case JobStatus.SUBMITTING | JobStatus.RUNNING:
                return (yield from self._see_that_it_ends(job, check))
            case JobStatus.EXPIRED if check.claimed_task:
                return (yield from self._look_again(job, check))
            case JobStatus.FAILED if check.contradicts_failure:
                return (yield from self._look_again(job, check))
            case JobStatus.ARCHIVING if check.claimed_task is None:
                self.archive.add(job.job_id)
        return job

    def _see_that_it_is_sent(self, job: Job) -> Job:
        at = self.now()
        latest = (job.due_at or job.created_at) + MAX_WAIT
        if at < job.deadline_at or (job.queued_at and at < latest):
            return self._arm(job, at=at)
        error = JobError(
            kind=ErrorKind.NOT_SUBMITTED,
            message="its turn at the provider never came; nothing was sent or charged",
        )
        return self.jobs.move(
            job.job_id,
            expect=[JobStatus.ACCEPTED],
            to=JobStatus.FAILED,
            at=at,
            finished_at=at,
            error=error,
        ).job

    def _see_that_it_ends(self, job: Job, check: Check) -> Steps:
        at, provider = self.now(), self.providers[job.request.provider]
        overdue = at >= job.deadline_at
        if not overdue and not check.claimed_task and (provider.calls_back or is_fresh(job, at=at)):
            return self._arm(job, at=at)
        try:
            report = yield from self._read(job, check)
        except ProviderUnavailable as error:
            if at >= job.deadline_at + PATIENCE and not isinstance(error, NotAsked):
                return self._expire(job, at=at)
            self.checks.add(check, delay=int(ASK_AGAIN.total_seconds()))
            return job
        if report and is_decided(report, overdue=overdue) and self._is_ours(job, report):
            return record_verdict(
                job.job_id,
                report,
                jobs=self.jobs,
                checks=self.checks,
                archive=self.archive,
                at=at,
            )
        if overdue:
            return self._expire(job, at=at)
        if not check.claimed_task:
            return self._arm(job, at=at)
        visible_at = (job.submitted_at or at) + NOT_VISIBLE_YET
        if report is None and not job.task_id and at < visible_at:
            self.checks.add(check, delay=ceil((visible_at - at).total_seconds()))
        return job

    def _read(
        self, job: Job, check: Check
    ) -> Generator[Wanted, TaskReport | None, TaskReport | None]:
        task_id = job.task_id or check.claimed_task
        return (yield Wanted(job.request.provider, task_id)) if task_id else None

    def _is_ours(self, job: Job, report: TaskReport) -> bool:
        if job.task_id:
            return True
        # The id is a stranger's claim so far.
        ours = self.callback_url(job.request.provider, job.job_id)
        return self.providers[job.request.provider].recognizes(job, report, ours)

    def _look_again(self, job: Job, check: Check) -> Steps:
        """Hear a provider that calls about a job that was given up, or was said to have failed.

        Raises ``ProviderUnavailable``: the claim is in this message only, so this one comes again.
        """
        report = yield from self._read(job, check)
        if not report or report.state is TaskState.RUNNING or not self._is_ours(job, report):
            return job
        return record_verdict(
            job.job_id,
            report,
            jobs=self.jobs,
            checks=self.checks,
            archive=self.archive,
            at=self.now(),
            revises_failure=check.contradicts_failure,
        )

    def _arm(self, job: Job, *, at: datetime) -> Job:
        calls_back = self.providers[job.request.provider].calls_back
        delay = seconds_to_next_look(job, at=at, calls_back=calls_back)
        self.checks.add(Check(job_id=job.job_id), delay=delay)
        return job

    def _expire(self, job: Job, *, at: datetime) -> Job:
        error = JobError(
            kind=ErrorKind.NO_VERDICT,
            message="no verdict by the deadline; the provider may have charged for it",
            may_be_charged=True,
        )
        return self.jobs.move(
            job.job_id,
            expect=UNDECIDED,
            to=JobStatus.EXPIRED,
            at=at,
            finished_at=at,
            error=error,
        ).job


def is_fresh(job: Job, *, at: datetime) -> bool:
    """Tell whether it is too early, or no use, to ask a provider that does not call back."""
    return job.task_id is None or at < (job.submitted_at or at) + FIRST_LOOK


def is_decided(report: TaskReport, *, overdue: bool) -> bool:
    """Tell whether to believe a report now: a success without an image may get its images yet."""
    without_images = report.state is TaskState.SUCCEEDED and not report.image_urls
    return report.state is not TaskState.RUNNING and (overdue or not without_images)
