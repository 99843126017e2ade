import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from ringback.domain.check_steps import MAX_INVISIBLE, MAX_WAIT, OUTAGE_GRACE
from ringback.domain.checks import Check, seconds_to_next_check
from ringback.domain.errors import NotConfigured, ProviderUnavailable, RingbackError
from ringback.domain.jobs import ErrorKind, Job, JobStatus, ProviderTaskId
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.check_jobs import READ_BUDGET, CheckJobs
from ringback.use_cases.record_verdict import RecordVerdict

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
        task = ProviderTaskId(claimed) if claimed else None
        check = Check(job_id=a_job_id(), claimed_task=task, contradicts_failure=contradicts)
        return look(self.check_jobs(at=at), check)

    def check_jobs(
        self, *, at: datetime = DEADLINE, now: Callable[[], datetime] | None = None
    ) -> CheckJobs:
        now = now or (lambda: at)
        checks, archive = InMemoryCheckQueue(self.queues), InMemoryArchiveQueue(self.queues)
        return CheckJobs(
            jobs=self.jobs,
            checks=checks,
            archive=archive,
            record=RecordVerdict(jobs=self.jobs, checks=checks, archive=archive, now=now),
            providers={"kie": self.provider},
            callback_url=lambda provider, job_id: f"https://hooks.example/{provider}/{job_id}",
            now=now,
        )

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
    assert watch.status(at=NOON + MAX_WAIT - timedelta(seconds=1)) is JobStatus.ACCEPTED
    assert watch.status(at=NOON + MAX_WAIT) is JobStatus.FAILED
    error = watch.jobs.get(a_job_id()).error
    assert error is not None
    assert (error.kind, error.may_be_charged) == (ErrorKind.NOT_SUBMITTED, False)


def test_a_row_far_down_a_sheet_is_not_given_up_before_it_is_due() -> None:
    due_at = NOON + timedelta(days=4)
    watch = a_watch(JobStatus.ACCEPTED, queued_at=NOON, due_at=due_at)
    assert watch.status(at=due_at) is JobStatus.ACCEPTED
    assert watch.status(at=due_at + MAX_WAIT) is JobStatus.FAILED


def test_a_job_that_is_being_archived_gets_its_message_again() -> None:
    watch = a_watch(JobStatus.ARCHIVING)
    assert watch.status() is JobStatus.ARCHIVING
    assert watch.queues.archive == [(a_job_id(), 1, 0)]


def test_a_provider_that_does_not_answer_is_asked_again_and_not_for_ever() -> None:
    watch = a_watch(tasks={TASK: DOWN})
    assert watch.status() is JobStatus.RUNNING
    assert watch.queues.due == [(a_job_id(), 30)]
    assert watch.status(at=DEADLINE + OUTAGE_GRACE) is JobStatus.EXPIRED


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


def test_a_claim_about_a_job_with_a_task_checked_at_its_own_task() -> None:
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
    assert watch.status(at=NOON + MAX_INVISIBLE, claimed=TASK) is JobStatus.SUBMITTING
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


# ------------------------------------------------------------------ many at once


def a_crowd(size: int, *, silent: bool = True) -> tuple[Watch, list[Check]]:
    """Return jobs that are all due, each with a task of its own that still runs."""
    watch = Watch()
    watch.provider.calls_back, watch.provider.max_batch_size = not silent, 50 if silent else 1
    for number in range(size):
        task = ProviderTaskId(f"task_{number}")
        watch.provider.tasks[task] = a_report(TaskState.RUNNING, task_id=task)
        job = a_job(JobStatus.RUNNING, number=number, task_id=task, submitted_at=NOON)
        watch.jobs.create(job)
    return watch, [Check(job_id=a_job_id(number)) for number in range(size)]


def test_many_are_asked_about_in_one_call() -> None:
    watch, checks = a_crowd(120)
    outcomes = watch.check_jobs(at=NOON + timedelta(minutes=1))(checks)
    assert [type(outcome) for outcome in outcomes] == [Job] * 120
    assert [len(call) for call in watch.provider.calls] == [50, 50, 20]
    assert len(watch.queues.due) == 120


def test_one_job_that_cannot_be_looked_at_does_not_stop_the_others() -> None:
    watch, checks = a_crowd(3)
    watch.provider.tasks[ProviderTaskId("task_1")] = a_report(task_id=ProviderTaskId("other"))
    outcomes = watch.check_jobs(at=NOON + timedelta(minutes=1))(checks)
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, True, False]
    assert [job_id for job_id, _ in watch.queues.due] == [a_job_id(0), a_job_id(2)]


def test_who_does_not_answer_is_not_asked_about_the_next_one_too() -> None:
    watch, checks = a_crowd(3, silent=False)
    watch.provider.tasks[ProviderTaskId("task_0")] = DOWN
    watch.check_jobs(at=DEADLINE)(checks)
    assert watch.provider.read == ["task_0"]
    assert watch.queues.due == [(a_job_id(number), 30) for number in range(3)]


@pytest.mark.parametrize("reason", ["one does not answer", "there is no time"])
def test_nobody_is_given_up_who_was_not_asked_about(reason: str) -> None:
    watch, checks = a_crowd(20, silent=False)
    for number in range(20):
        task = ProviderTaskId(f"task_{number}")
        watch.provider.tasks[task] = a_report(task_id=task)
    late = DEADLINE + OUTAGE_GRACE + timedelta(minutes=1)
    if reason == "one does not answer":
        watch.provider.tasks[ProviderTaskId("task_0")] = DOWN
        watch.check_jobs(at=late)(checks)
    else:
        times = itertools.chain([late], itertools.repeat(late + READ_BUDGET))
        watch.check_jobs(now=lambda: next(times))(checks)
    ends = [watch.jobs.get(a_job_id(number)).status for number in range(20)]
    first = JobStatus.EXPIRED if reason == "one does not answer" else JobStatus.ARCHIVING
    assert ends == [first, *[JobStatus.RUNNING] * 19]
    assert watch.queues.due == [(a_job_id(number), 30) for number in range(1, 20)]


def test_a_mistake_about_one_is_not_one_about_the_next() -> None:
    watch, checks = a_crowd(3, silent=False)
    watch.provider.tasks[ProviderTaskId("task_0")] = NotConfigured("no key")
    outcomes = watch.check_jobs(at=DEADLINE)(checks)
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [True, False, False]


@pytest.mark.parametrize("claimed", [None, TASK])
def test_a_success_whose_images_are_not_there_yet_is_looked_at_again(claimed: str | None) -> None:
    watch = a_watch(tasks={TASK: a_report(image_urls=())}, submitted_at=NOON)
    watch.provider.calls_back = False
    assert watch.status(at=NOON + timedelta(minutes=1), claimed=claimed) is JobStatus.RUNNING
    assert len(watch.queues.due) == (0 if claimed else 1)


def test_when_time_runs_out_the_rest_is_asked_about_later() -> None:
    watch, checks = a_crowd(3, silent=False)
    times = itertools.chain([DEADLINE] * 4, itertools.repeat(DEADLINE + READ_BUDGET))
    watch.check_jobs(now=lambda: next(times))(checks)
    assert 0 < len(watch.provider.read) < 3
    left = [a_job_id(number) for number in range(len(watch.provider.read), 3)]
    assert watch.queues.due == [(job_id, 30) for job_id in left]


def test_a_silent_provider_is_not_asked_before_its_time_or_about_nothing() -> None:
    watch, checks = a_crowd(1)
    watch.check_jobs(at=NOON + timedelta(seconds=14))(checks)
    watch.jobs.by_id[a_job_id()] = a_job(JobStatus.SUBMITTING, submitted_at=NOON)
    watch.check_jobs(at=NOON + timedelta(minutes=5))(checks)
    assert watch.provider.calls == []
    assert len(watch.queues.due) == 2


def test_two_hundred_waiting_jobs_cost_a_fifth_of_asking_each_alone(
    record_property: Callable[[str, object], None],
) -> None:
    """The queue as Lambda reads it: two pollers, who share what came in two seconds."""
    chance = Random(66)  # noqa: S311
    watch, _ = a_crowd(0)
    watch.provider.max_batch_size, watch.provider.calls_back = 50, False
    ends: dict[ProviderTaskId, datetime] = {}
    agenda: list[tuple[datetime, Check]] = []
    for number in range(200):
        task = ProviderTaskId(f"task_{number}")
        began = NOON + timedelta(seconds=number * 1.05)
        ends[task] = began + timedelta(seconds=chance.uniform(10, 240))
        job = a_job(JobStatus.RUNNING, number=number, task_id=task, submitted_at=began)
        job = replace(job, deadline_at=began + timedelta(minutes=30))
        watch.jobs.create(job)
        delay = seconds_to_next_check(job, at=began, calls_back=False)
        agenda.append((began + timedelta(seconds=delay), Check(job_id=job.job_id)))
    while agenda:
        now = min(due for due, _ in agenda) + timedelta(seconds=2)
        batch = [check for due, check in agenda if due <= now]
        agenda = [(due, check) for due, check in agenda if due > now]
        for task, end in ends.items():
            state = TaskState.SUCCEEDED if end <= now else TaskState.RUNNING
            watch.provider.tasks[task] = a_report(state, task_id=task)
        for share in (batch[::2], batch[1::2]):
            for start in range(0, len(share), 50):
                watch.check_jobs(at=now)(share[start : start + 50])
        agenda += [
            (now + timedelta(seconds=delay), Check(job_id=job_id))
            for job_id, delay in watch.queues.due
        ]
        watch.queues.due.clear()
    assert {job.status for job in watch.jobs.by_id.values()} == {JobStatus.ARCHIVING}
    calls, questions = len(watch.provider.calls), len(watch.provider.read)
    record_property("tried: calls for 200 waiting jobs", calls)
    record_property("tried: questions in them", questions)
    assert calls * 5 <= questions
