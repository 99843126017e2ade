from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import pytest
from ringback.domain.checks import Check
from ringback.domain.errors import ProviderUnavailable, RingbackError
from ringback.domain.jobs import ErrorKind, Job, JobStatus, ProviderTaskId
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.check_jobs import LONGEST_WAIT, NOT_VISIBLE_YET, PATIENCE, CheckJobs

from tests.support.in_memory import (
    InMemoryArchiveQueue,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
    ScriptedProvider,
)
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_report
from tests.support.looks import look

DEADLINE = NOON + timedelta(minutes=15)
OUR_URL = f"https://hooks.example/kie/{a_job_id()}"
SUCCESS, FAILURE = a_report(), a_report(TaskState.FAILED, code="500", message="no luck")
STILL_RUNNING = a_report(TaskState.RUNNING)
DOWN = ProviderUnavailable("down")


@dataclass
class Watch:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    queues: InMemoryQueues = field(default_factory=InMemoryQueues)
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)

    def __call__(
        self, *, at: datetime = DEADLINE, claimed: str | None = None, contradicts: bool = False
    ) -> Job | None:
        check_jobs = CheckJobs(
            jobs=self.jobs,
            checks=InMemoryCheckQueue(self.queues),
            archive=InMemoryArchiveQueue(self.queues),
            providers={"kie": self.provider},
            callback_url=lambda provider, job_id: f"https://hooks.example/{provider}/{job_id}",
            now=lambda: at,
        )
        task = ProviderTaskId(claimed) if claimed else None
        check = Check(job_id=a_job_id(), claimed_task=task, contradicts_failure=contradicts)
        return look(check_jobs, check)

    def status(
        self, *, at: datetime = DEADLINE, claimed: str | None = None, contradicts: bool = False
    ) -> JobStatus:
        job = self(at=at, claimed=claimed, contradicts=contradicts)
        assert job is not None
        assert job == self.jobs.get(job.job_id)
        return job.status


def a_watch(
    status: JobStatus = JobStatus.RUNNING,
    tasks: Mapping[str, TaskReport | RingbackError | None] | None = None,
    **changes: Any,
) -> Watch:
    watch = Watch()
    watch.provider.tasks.update(tasks or {})
    started = {JobStatus.RUNNING, JobStatus.ARCHIVING}
    known: dict[str, Any] = {"task_id": TASK} if status in started else {}
    watch.jobs.create(a_job(status, **(known | changes)))
    return watch


@pytest.mark.parametrize(
    "status",
    [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.CANCELLED],
)
def test_the_usual_check_finds_the_job_final_and_asks_nobody(status: JobStatus) -> None:
    watch = a_watch(status)
    assert watch.status() is status
    assert watch.provider.read == []
    assert watch.queues == InMemoryQueues()


def test_a_check_of_a_job_that_was_never_recorded_is_dropped() -> None:
    assert Watch()() is None


@pytest.mark.parametrize("status", [JobStatus.SUBMITTING, JobStatus.RUNNING])
def test_a_check_before_the_deadline_waits_for_the_rest_of_it(status: JobStatus) -> None:
    watch = a_watch(status)
    assert watch.status(at=DEADLINE - timedelta(seconds=40)) is status
    assert watch.queues.due == [(a_job_id(), 40)]
    assert watch.provider.read == []


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (SUCCESS, JobStatus.ARCHIVING),
        (FAILURE, JobStatus.FAILED),
        (STILL_RUNNING, JobStatus.EXPIRED),
        (None, JobStatus.EXPIRED),
    ],
    ids=["success", "failure", "running", "not visible"],
)
def test_an_overdue_job_is_asked_about_once(report: TaskReport | None, status: JobStatus) -> None:
    watch = a_watch(tasks={TASK: report})
    assert watch.status() is status
    assert watch.provider.read == [TASK]
    assert watch.queues.archive == ([(a_job_id(), 1, 0)] if report is SUCCESS else [])
    assert watch.queues.due == []


def test_a_success_without_an_image_is_a_failure_that_cost_money() -> None:
    watch = a_watch(tasks={TASK: a_report(image_urls=())})
    job = watch()
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error.kind, job.error.may_be_charged) == (
        JobStatus.FAILED,
        ErrorKind.NO_IMAGES,
        True,
    )


def test_an_ambiguous_submission_expires_and_says_that_it_may_have_been_charged() -> None:
    watch = a_watch(JobStatus.SUBMITTING)
    job = watch()
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error.kind, job.error.may_be_charged) == (
        JobStatus.EXPIRED,
        ErrorKind.NO_VERDICT,
        True,
    )
    assert (job.finished_at, watch.provider.created) == (DEADLINE, [])


def test_a_job_that_was_neither_sent_nor_queued_fails_uncharged() -> None:
    job = a_watch(JobStatus.ACCEPTED)()
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error.kind, job.error.may_be_charged) == (
        JobStatus.FAILED,
        ErrorKind.NOT_SUBMITTED,
        False,
    )


def test_a_job_that_waits_for_its_turn_goes_on_waiting() -> None:
    watch = a_watch(JobStatus.ACCEPTED, queued_at=NOON)
    assert watch.status() is JobStatus.ACCEPTED
    assert len(watch.queues.due) == 1


@pytest.mark.parametrize("seconds", [30, 900])
def test_a_job_that_waits_long_is_looked_at_before_its_next_deadline_can_pass(seconds: int) -> None:
    deadline = NOON + timedelta(seconds=seconds)
    watch = a_watch(JobStatus.ACCEPTED, queued_at=NOON, deadline_at=deadline)
    watch(at=deadline + timedelta(hours=1))
    assert watch.queues.due == [(a_job_id(), seconds)]


def test_a_job_whose_turn_does_not_come_ends_after_two_days_uncharged() -> None:
    watch = a_watch(JobStatus.ACCEPTED, queued_at=NOON)
    assert watch.status(at=NOON + LONGEST_WAIT - timedelta(seconds=1)) is JobStatus.ACCEPTED
    assert watch.status(at=NOON + LONGEST_WAIT) is JobStatus.FAILED
    error = watch.jobs.get(a_job_id()).error
    assert error is not None
    assert (error.kind, error.may_be_charged) == (ErrorKind.NOT_SUBMITTED, False)


def test_a_job_that_is_being_archived_gets_its_message_again() -> None:
    watch = a_watch(JobStatus.ARCHIVING)
    assert watch.status() is JobStatus.ARCHIVING
    assert watch.queues.archive == [(a_job_id(), 1, 0)]


def test_a_provider_that_does_not_answer_is_asked_again_and_not_for_ever() -> None:
    watch = a_watch(tasks={TASK: DOWN})
    assert watch.status() is JobStatus.RUNNING
    assert watch.queues.due == [(a_job_id(), 30)]
    assert watch.status(at=DEADLINE + PATIENCE) is JobStatus.EXPIRED


def test_a_wake_up_reads_the_task_before_its_time() -> None:
    watch = a_watch(tasks={TASK: SUCCESS})
    assert watch.status(at=NOON, claimed=TASK) is JobStatus.ARCHIVING


def test_a_wake_up_while_the_task_runs_leaves_the_armed_check_alone() -> None:
    watch = a_watch(tasks={TASK: STILL_RUNNING})
    assert watch.status(at=NOON, claimed=TASK) is JobStatus.RUNNING
    assert watch.queues.due == []


def test_a_wake_up_that_finds_the_provider_down_comes_again() -> None:
    watch = a_watch(tasks={TASK: DOWN})
    watch(at=NOON, claimed=TASK)
    assert watch.queues.woken == [(a_job_id(), TASK, 30)]


def test_a_claim_about_a_job_with_a_task_is_checked_at_its_own_task() -> None:
    watch = a_watch(tasks={TASK: STILL_RUNNING, "another": SUCCESS})
    assert watch.status(at=NOON, claimed="another") is JobStatus.RUNNING
    assert watch.provider.read == [TASK]


def test_a_claimed_task_is_ours_if_the_provider_echoes_our_url() -> None:
    watch = a_watch(JobStatus.SUBMITTING, {TASK: a_report(callback_url=OUR_URL)})
    assert watch.status(at=NOON, claimed=TASK) is JobStatus.ARCHIVING
    assert watch.jobs.get(a_job_id()).task_id == TASK


@pytest.mark.parametrize("echoed", ["", "https://hooks.example/kie/job_of_another"])
def test_a_claimed_task_with_another_url_is_not_ours(echoed: str) -> None:
    watch = a_watch(JobStatus.SUBMITTING, {TASK: a_report(callback_url=echoed)})
    assert watch.status(at=NOON, claimed=TASK) is JobStatus.SUBMITTING
    assert watch.queues.archive == []


@pytest.mark.parametrize("status", [JobStatus.ACCEPTED, JobStatus.ARCHIVING])
def test_a_wake_up_is_nothing_to_a_job_that_has_no_open_task(status: JobStatus) -> None:
    watch = a_watch(status)
    assert watch.status(at=NOON, claimed=TASK) is status
    assert watch.queues == InMemoryQueues()


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (a_report(callback_url=OUR_URL), JobStatus.ARCHIVING),
        (a_report(TaskState.FAILED, callback_url=OUR_URL), JobStatus.FAILED),
        (a_report(TaskState.RUNNING, callback_url=OUR_URL), JobStatus.EXPIRED),
        (SUCCESS, JobStatus.EXPIRED),
        (None, JobStatus.EXPIRED),
    ],
    ids=["success", "failure", "running", "not ours", "not visible"],
)
def test_a_claim_about_a_job_that_was_given_up_is_looked_into(
    report: TaskReport | None, status: JobStatus
) -> None:
    watch = a_watch(JobStatus.EXPIRED, {TASK: report})
    assert watch.status(claimed=TASK) is status
    assert watch.provider.read == [TASK]


def test_a_claim_about_a_task_that_is_not_visible_yet_is_looked_into_once_more() -> None:
    watch = a_watch(JobStatus.SUBMITTING, {TASK: None}, submitted_at=NOON)
    assert watch.status(at=NOON + timedelta(seconds=20), claimed=TASK) is JobStatus.SUBMITTING
    assert watch.queues.woken == [(a_job_id(), TASK, 70)]
    assert watch.status(at=NOON + NOT_VISIBLE_YET, claimed=TASK) is JobStatus.SUBMITTING
    assert len(watch.queues.woken) == 1


def test_a_claim_that_finds_the_provider_down_after_the_deadline_comes_again() -> None:
    watch = a_watch(JobStatus.SUBMITTING, {TASK: DOWN})
    assert watch.status(claimed=TASK) is JobStatus.SUBMITTING
    assert watch.queues.woken == [(a_job_id(), TASK, 30)]


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (SUCCESS, JobStatus.ARCHIVING),
        (FAILURE, JobStatus.FAILED),
        (STILL_RUNNING, JobStatus.FAILED),
        (None, JobStatus.FAILED),
    ],
    ids=["success", "failure", "running", "not visible"],
)
def test_a_success_that_contradicts_a_failure_is_settled_by_the_record(
    report: TaskReport | None, status: JobStatus
) -> None:
    watch = a_watch(JobStatus.FAILED, {TASK: report}, task_id=TASK)
    assert watch.status(claimed=TASK, contradicts=True) is status
    assert watch.provider.read == [TASK]


def test_a_failure_is_not_looked_into_because_of_an_unproven_claim() -> None:
    watch = a_watch(JobStatus.FAILED, {TASK: SUCCESS}, task_id=TASK)
    assert watch.status(claimed=TASK) is JobStatus.FAILED
    assert watch.provider.read == []
