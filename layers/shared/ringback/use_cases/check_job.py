"""Look at a job whose callback is overdue or unproven."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from ringback.domain.checks import Check
from ringback.domain.errors import ProviderUnavailable, UnknownJob
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.ports import ArchiveQueue, CheckQueue, JobStore, ProviderClient
from ringback.use_cases.record_verdict import UNDECIDED, record_verdict

ASK_AGAIN: Final = timedelta(seconds=30)
# A task may be invisible for so long after it was created (provider-apis.md).
NOT_VISIBLE_YET: Final = timedelta(seconds=90)
# How long past the deadline a provider that does not answer is asked before the job expires.
PATIENCE: Final = timedelta(minutes=10)
# When to look again at a job that waits for its turn beyond its deadline.
STILL_WAITING: Final = timedelta(minutes=15)
# After this its message is taken for lost: a dead letter perhaps, which a redrive then drops.
LONGEST_WAIT: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckJob:
    """See that a job comes to its end. Most checks find that it has, and do nothing."""

    jobs: JobStore
    checks: CheckQueue
    archive: ArchiveQueue
    providers: Mapping[str, ProviderClient]
    callback_url: Callable[[str, JobId], str]
    now: Callable[[], datetime]

    def __call__(self, check: Check) -> Job | None:
        """Return the job as it now stands, ``None`` if it was never recorded."""
        try:
            job = self.jobs.get(check.job_id)
        except UnknownJob:
            return None
        match job.status:
            case JobStatus.ACCEPTED if check.claimed_task is None:
                return self._see_that_it_is_sent(job)
            case JobStatus.SUBMITTING | JobStatus.RUNNING:
                return self._see_that_it_ends(job, check)
            case JobStatus.EXPIRED if check.claimed_task:
                return self._look_again(job, check)
            case JobStatus.FAILED if check.contradicts_failure:
                return self._look_again(job, check)
            case JobStatus.ARCHIVING if check.claimed_task is None:
                self.archive.add(job.job_id)
        return job

    def _see_that_it_is_sent(self, job: Job) -> Job:
        at = self.now()
        if at < job.deadline_at or (job.queued_at and at < job.created_at + LONGEST_WAIT):
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

    def _see_that_it_ends(self, job: Job, check: Check) -> Job:
        at = self.now()
        overdue = at >= job.deadline_at
        if not overdue and check.claimed_task is None:
            return self._arm(job, at=at)
        try:
            report = self._read(job, check)
        except ProviderUnavailable:
            return self._ask_later(job, check, at=at)
        if report and report.state is not TaskState.RUNNING and self._is_ours(job, report):
            return record_verdict(job.job_id, report, jobs=self.jobs, archive=self.archive, at=at)
        if overdue:
            return self._expire(job, at=at)
        visible_at = (job.submitted_at or at) + NOT_VISIBLE_YET
        if report is None and not job.task_id and at < visible_at:
            self.checks.add(check, delay=ceil((visible_at - at).total_seconds()))
        return job

    def _read(self, job: Job, check: Check) -> TaskReport | None:
        task_id = job.task_id or check.claimed_task
        return self.providers[job.request.provider].read_task(task_id) if task_id else None

    def _is_ours(self, job: Job, report: TaskReport) -> bool:
        # The id may be a stranger's claim. The provider's own echo of our URL makes it a fact.
        ours = self.callback_url(job.request.provider, job.job_id)
        return job.task_id is not None or report.callback_url == ours

    def _ask_later(self, job: Job, check: Check, *, at: datetime) -> Job:
        if at >= job.deadline_at + PATIENCE:
            return self._expire(job, at=at)
        delay = int(ASK_AGAIN.total_seconds())
        self.checks.add(check, delay=delay)
        return job

    def _look_again(self, job: Job, check: Check) -> Job:
        """Hear a provider that calls about a job that was given up, or was said to have failed.

        Raises ``ProviderUnavailable``: the claim is in this message only, so this one comes again.
        """
        report = self._read(job, check)
        if not report or report.state is TaskState.RUNNING or not self._is_ours(job, report):
            return job
        # The job's own check is past: another one sees to it that what is begun here is ended.
        self.checks.add(Check(job_id=job.job_id), delay=int(STILL_WAITING.total_seconds()))
        return record_verdict(
            job.job_id,
            report,
            jobs=self.jobs,
            archive=self.archive,
            at=self.now(),
            revises_failure=check.contradicts_failure,
        )

    def _arm(self, job: Job, *, at: datetime) -> Job:
        due_in = job.deadline_at - at
        if at >= job.deadline_at:
            # No later than the deadline that a job which is sent right now would have.
            patience = job.deadline_at - (job.submitted_at or job.created_at)
            due_in = min(STILL_WAITING, patience)
        self.checks.add(Check(job_id=job.job_id), delay=max(1, int(due_in.total_seconds())))
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
