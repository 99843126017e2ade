from dataclasses import replace
from datetime import timedelta

import pytest
from ringback.domain.check_steps import CheckedJob, Question, RecordReport
from ringback.domain.checks import Check
from ringback.domain.endings import EndJob
from ringback.domain.jobs import JobStatus
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
