from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from ringback.domain.accounts import (
    AFTER_OTHERS,
    LONGEST,
    PROBE_TIME,
    Account,
    Pause,
    PauseReason,
)
from ringback.domain.check_steps import (
    LAST_CALL,
    LOST_MESSAGE,
    MAX_UNANSWERED,
    MAX_UNCONFIGURED,
    CheckAgain,
    CheckedJob,
    Question,
    QueueAgain,
    RecordReport,
    Unanswered,
)
from ringback.domain.checks import Check
from ringback.domain.endings import EXPIRE, NOT_SUBMITTED, EndJob
from ringback.domain.jobs import Job, JobStatus
from ringback.domain.verdicts import TaskReport, TaskState

from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_report

LATER = NOON + timedelta(days=1)


def checked(status: JobStatus, *, contradicts: bool) -> CheckedJob:
    return CheckedJob(
        job=a_job(status, task_id=TASK),
        check=Check(job_id=a_job_id(), claimed_task=TASK, contradicts_failure=contradicts),
        at=LATER,
        calls_back=True,
    )


@pytest.mark.parametrize("report", [None, a_report(TaskState.RUNNING)], ids=["none", "running"])
def test_without_a_verdict_an_open_job_ends_and_a_final_one_stays(
    report: TaskReport | None,
) -> None:
    running = checked(JobStatus.RUNNING, contradicts=False).answered(report, is_ours=True)
    assert isinstance(running, EndJob)
    assert running.to is JobStatus.EXPIRED
    for final in (JobStatus.EXPIRED, JobStatus.FAILED):
        assert checked(final, contradicts=True).answered(report, is_ours=True) is None


RUNNING = a_job(JobStatus.RUNNING, task_id=TASK, submitted_at=NOON)
PLAIN, CLAIM = Check(job_id=a_job_id()), Check(job_id=a_job_id(), claimed_task=TASK)
WAITING = a_job(queued_at=NOON)


def waiting(at: datetime, *, job: Job = WAITING, account: Account) -> CheckedJob:
    return CheckedJob(job=job, check=PLAIN, at=at, calls_back=True, account=account)


def test_a_job_ends_before_it_is_forgotten_however_often_its_account_is_opened() -> None:
    last_call = WAITING.forget_at - LAST_CALL
    for at, ends in ((last_call - timedelta(minutes=1), False), (last_call, True)):
        account = Account(provider="kie", opened_at=at - timedelta(hours=1))
        assert (waiting(at, account=account).first_step() == NOT_SUBMITTED) is ends


PAUSED = Pause(reason=PauseReason.NO_CREDITS, since=NOON, probe_at=NOON)
PAUSES = {
    "paused": PAUSED,
    "probed": replace(PAUSED, probe_id="f" * 16),
    "half-open": replace(PAUSED, half_open_at=NOON),
}


@pytest.mark.parametrize("state", [*PAUSES, "open"])
def test_the_lost_message_of_a_job_is_sent_again_while_its_account_is_paused(state: str) -> None:
    """A message that is left would have marked the job again by then."""
    account = Account(provider="kie", pause=PAUSES.get(state))
    queued_at = NOON + timedelta(hours=5)
    job, at = replace(WAITING, queued_at=queued_at), queued_at + LOST_MESSAGE
    early = waiting(at - timedelta(seconds=1), job=job, account=account).first_step()
    assert isinstance(early, CheckAgain)
    again = waiting(at, job=job, account=account).first_step()
    assert isinstance(again, CheckAgain if state == "open" else QueueAgain)


def test_while_a_job_waits_for_its_account_its_message_marks_it_often_enough() -> None:
    spread = timedelta(seconds=16)
    longest = LONGEST + PROBE_TIME + AFTER_OTHERS + spread
    assert 3 * longest < LOST_MESSAGE


REPORTS: list[TaskReport | None] = [None, a_report(TaskState.RUNNING)]


@pytest.mark.parametrize("report", REPORTS, ids=["none", "running"])
def test_before_its_deadline_no_job_expires(report: TaskReport | None) -> None:
    """A new task may be invisible; a provider without callbacks is asked before the deadline."""
    at = RUNNING.deadline_at - timedelta(minutes=5)
    job = CheckedJob(job=RUNNING, check=PLAIN, at=at, calls_back=False)
    step = job.answered(report, is_ours=True)
    assert isinstance(step, CheckAgain)
    assert step.check == PLAIN


@pytest.mark.parametrize("report", REPORTS, ids=["none", "running"])
def test_a_late_claim_leaves_the_end_to_the_jobs_own_check(report: TaskReport | None) -> None:
    for at in (RUNNING.deadline_at, RUNNING.deadline_at + timedelta(hours=3)):
        claimed = CheckedJob(job=RUNNING, check=CLAIM, at=at, calls_back=True)
        assert claimed.answered(report, is_ours=True) is None


def test_an_overdue_job_without_a_task_expires_without_a_question() -> None:
    job = replace(RUNNING, status=JobStatus.SUBMITTING, task_id=None)
    checked = CheckedJob(job=job, check=PLAIN, at=job.deadline_at, calls_back=True)
    assert checked.first_step() == EXPIRE


def test_a_job_that_is_put_off_is_asked_about_as_often_again() -> None:
    check = replace(PLAIN, unanswered=MAX_UNANSWERED - 1, unconfigured=7)
    job = CheckedJob(job=RUNNING, check=check, at=RUNNING.deadline_at, calls_back=True)
    step = job.unanswered(Unanswered.UNAVAILABLE)
    assert isinstance(step, CheckAgain)
    assert (step.check.unanswered, step.check.unconfigured) == (0, 0)
    assert step.check.idle_until is not None


def test_no_check_is_delayed_for_longer_than_sqs_can() -> None:
    for count in range(MAX_UNCONFIGURED - 1):
        check = replace(PLAIN, unconfigured=count)
        job = CheckedJob(job=RUNNING, check=check, at=RUNNING.deadline_at, calls_back=True)
        step = job.unanswered(Unanswered.NOT_CONFIGURED)
        assert isinstance(step, CheckAgain)
        assert step.seconds <= 900


@pytest.mark.parametrize("status", [JobStatus.RUNNING, JobStatus.EXPIRED, JobStatus.FAILED])
def test_only_a_verdict_on_the_jobs_own_task_is_recorded(status: JobStatus) -> None:
    job = checked(status, contradicts=True)
    assert job.answered(a_report(), is_ours=True) == RecordReport(a_report())
    assert job.answered(a_report(), is_ours=False) != RecordReport(a_report())


@pytest.mark.parametrize(
    "report", [a_report(TaskState.RUNNING), a_report(image_urls=())], ids=["running", "no images"]
)
def test_a_recognized_task_is_kept_though_there_is_no_verdict(report: TaskReport) -> None:
    check = Check(job_id=a_job_id(), claimed_task=TASK)
    job = a_job(JobStatus.SUBMITTING, submitted_at=NOON)
    claimed = CheckedJob(job=job, check=check, at=NOON, calls_back=True)
    step = claimed.answered(report, is_ours=True)
    assert step == RecordReport(replace(report, state=TaskState.RUNNING))
    assert claimed.answered(report, is_ours=False) is None
    known = CheckedJob(job=replace(job, task_id=TASK), check=check, at=NOON, calls_back=True)
    assert known.answered(report, is_ours=True) is None


@pytest.mark.parametrize("status", sorted(JobStatus))
def test_a_claim_is_checked_unless_it_is_no_use(status: JobStatus) -> None:
    open_or_late = {JobStatus.SUBMITTING, JobStatus.RUNNING, JobStatus.EXPIRED}
    for contradicts in (False, True):
        step = checked(status, contradicts=contradicts).first_step()
        expected = status in open_or_late or (status is JobStatus.FAILED and contradicts)
        assert isinstance(step, Question) is expected
