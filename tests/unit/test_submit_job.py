from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ringback.domain.check_steps import LOST_MESSAGE
from ringback.domain.drops import DroppedJob
from ringback.domain.errors import NotConfigured, ProviderUnavailable, TryAgain, UnknownJob
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus, ProviderTaskId
from ringback.domain.pace import LowPriority, Pace, Turn
from ringback.domain.verdicts import (
    Answered,
    OutcomeUnknown,
    Submission,
    TaskCreated,
    TaskRefused,
    TaskState,
)
from ringback.use_cases.accept_job import NewJob
from ringback.use_cases.ports import Write
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.submit_job import MAX_ATTEMPTS, TIME_TO_PAY, SubmitJob, seconds_to_yield

from tests.support.harness import CREATED, Harness, answering
from tests.support.in_memory import (
    InMemoryArchiveQueue,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemorySubmitQueue,
    InMemoryWindow,
)
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_report, a_request

BUSY = TaskRefused(code="429", message="slow down", retry_after=10)
NO = TaskRefused(code="422", message="prompt not allowed")
MAY_BE_CHARGED = JobError(kind=ErrorKind.NO_VERDICT, message="no result", may_be_charged=True)
UNKNOWN = OutcomeUnknown(reason="ReadTimeout")


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_a_created_task_makes_the_job_running(harness: Harness) -> None:
    job = answering(harness, CREATED).accept()
    assert (job.status, job.task_id, job.attempts) == (JobStatus.RUNNING, TASK, 1)
    assert job.running_at == harness.now
    assert harness.provider.created == [(job.job_id, f"https://hooks.example/kie/{job.job_id}")]
    assert harness.jobs.get(job.job_id) == job


def test_a_job_is_submitting_before_the_paid_call(harness: Harness) -> None:
    seen: list[JobStatus] = []

    def record_status(job: Job, callback_url: str) -> Submission:
        seen.append(harness.jobs.get(job.job_id).status)
        return CREATED

    harness.provider.create_task = record_status  # type: ignore[method-assign]
    harness.accept()
    assert seen == [JobStatus.SUBMITTING]


def test_a_final_refusal_fails_the_job(harness: Harness) -> None:
    job = answering(harness, NO).accept()
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert (job.error.kind, job.error.code, job.error.message, job.error.may_be_charged) == (
        ErrorKind.REFUSED,
        "422",
        "prompt not allowed",
        False,
    )
    assert job.finished_at == NOON
    assert harness.queues.submit == []


def test_the_answer_that_refused_a_job_is_kept(harness: Harness) -> None:
    assert answering(harness, replace(NO, answer='{"code":422}')).accept().answer == '{"code":422}'


def test_a_temporary_refusal_is_queued_again(harness: Harness) -> None:
    job = answering(harness, BUSY).accept()
    waiting = harness.jobs.get(job.job_id)
    assert (waiting.status, waiting.queued_at, waiting.task_id) == (JobStatus.ACCEPTED, NOON, None)
    assert harness.queues.submit == [(job.job_id, 10, None)]


def test_a_refused_job_is_sent_again_later(harness: Harness) -> None:
    job = answering(harness, BUSY, CREATED).accept()
    harness.now += timedelta(seconds=10)
    job = harness.take_turn(job.job_id)
    assert (job.status, job.attempts, job.submitted_at) == (JobStatus.RUNNING, 2, harness.now)
    assert job.deadline_at == NOON + timedelta(minutes=15)


def test_too_many_temporary_refusals_fail_the_job(harness: Harness) -> None:
    job = answering(harness, *[BUSY] * MAX_ATTEMPTS).accept()
    for _ in range(MAX_ATTEMPTS - 1):
        job = harness.take_turn(job.job_id)
    assert job.status is JobStatus.FAILED
    assert len(harness.provider.created) == MAX_ATTEMPTS


@pytest.mark.parametrize("again", [1, 5])
def test_an_unknown_outcome_is_never_sent_again(harness: Harness, again: int) -> None:
    job = answering(harness, UNKNOWN).accept(key="k")
    assert job.status is JobStatus.SUBMITTING
    for _ in range(again):
        assert harness.take_turn(job.job_id).status is JobStatus.SUBMITTING
        assert harness.accept(key="k").job_id == job.job_id
    assert len(harness.provider.created) == 1
    assert harness.queues.submit == []


def test_a_crash_after_the_call_leaves_the_job_to_its_callback(harness: Harness) -> None:
    def crash(job: Job, callback_url: str) -> Submission:
        harness.provider.created.append((job.job_id, callback_url))
        raise KeyboardInterrupt

    harness.provider.create_task = crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        harness.accept(key="k")
    assert harness.take_turn(a_job_id(1)).status is JobStatus.SUBMITTING
    assert harness.accept(key="k").status is JobStatus.SUBMITTING
    assert len(harness.provider.created) == 1


def a_window_that_is_full(harness: Harness, *, seconds: int = 7) -> InMemoryWindow:
    """Take all slots up to ``seconds`` from now."""
    window = InMemoryWindow(pace=Pace(limit=20, seconds=10))
    window.next_slot = window.pace.slot_at(harness.now + timedelta(seconds=seconds))
    return window


def test_a_job_is_marked_once_it_is_queued(harness: Harness) -> None:
    """A check that sees the mark relies on the message."""
    job = a_job()
    harness.jobs.create(job)
    harness.window = a_window_that_is_full(harness)

    submit = replace(harness.submitter, queue=Down(harness.queues))
    with pytest.raises(TryAgain):
        submit(job.job_id, slot=None, seconds_left=harness.time_for())
    assert harness.jobs.get(job.job_id).queued_at is None
    harness.take_turn(job.job_id)
    assert harness.jobs.get(job.job_id).queued_at == NOON


def test_the_mark_of_a_waiting_job_is_written_anew_every_15_minutes(harness: Harness) -> None:
    """A check takes a job whose mark is an hour old for one that lost its message."""
    job, marks = a_job(queued_at=NOON), list[datetime]()
    harness.jobs.create(job)
    harness.window = a_window_that_is_full(harness, seconds=7200)
    while harness.now < NOON + timedelta(hours=1):
        harness.take_turn(job.job_id)
        queued_at = harness.jobs.get(job.job_id).queued_at
        assert queued_at and harness.now - queued_at < LOST_MESSAGE / 2
        marks += [queued_at] if queued_at not in marks else []
        harness.now += timedelta(minutes=4)
    assert len(marks) == 4


def test_a_full_window_queues_without_a_call(harness: Harness) -> None:
    harness.window = a_window_that_is_full(harness)
    job = harness.accept()
    assert harness.jobs.get(job.job_id).queued_at == NOON
    ((queued, delay, slot),) = harness.queues.submit
    assert (queued, delay, slot) == (job.job_id, 7, harness.window.next_slot - 1)
    assert harness.provider.created == []


def test_a_job_keeps_the_slot_that_it_waited_for(harness: Harness) -> None:
    harness.window = a_window_that_is_full(harness)
    job = answering(harness, CREATED).accept()
    ((_, delay, slot),) = harness.queues.submit
    harness.now += timedelta(seconds=delay)
    harness.window.next_slot += 100
    assert harness.take_turn(job.job_id, slot=slot).status is JobStatus.RUNNING


def test_an_early_message_keeps_its_slot(harness: Harness) -> None:
    harness.window = a_window_that_is_full(harness, seconds=1000)
    job = harness.accept()
    ((_, delay, slot),) = harness.queues.submit
    assert delay > 900
    harness.now += timedelta(seconds=900)
    harness.take_turn(job.job_id, slot=slot)
    assert harness.queues.submit[1] == (job.job_id, delay - 900, slot)
    assert harness.provider.created == []


def test_a_long_missed_slot_is_given_up(harness: Harness) -> None:
    harness.window = a_window_that_is_full(harness)
    job = harness.accept()
    ((_, _, slot),) = harness.queues.submit
    harness.now += timedelta(minutes=10)
    harness.window.next_slot = harness.window.pace.slot_at(harness.now + timedelta(minutes=1))
    assert harness.take_turn(job.job_id, slot=slot).status is JobStatus.ACCEPTED


def test_too_fast_pauses_the_provider_for_a_window(harness: Harness) -> None:
    harness.window = InMemoryWindow(pace=Pace(limit=20, seconds=10))
    too_fast = TaskRefused(code="429", message="slow down", retry_after=10, too_fast=True)
    reserved = harness.window.pace.slot_at(harness.now) + 6
    first = answering(harness, too_fast).accept()
    harness.now += timedelta(seconds=3)
    harness.take_turn(first.job_id, slot=reserved)
    second = harness.accept()
    assert [delay for _, delay, _ in harness.queues.submit] == [10, 7, 8]
    assert (len(harness.provider.created), second.status) == (1, JobStatus.ACCEPTED)


@pytest.mark.parametrize(("seconds", "counts_at"), [(0.2, 0.0), (0.3, 0.3), (5.0, 5.0)])
def test_a_slow_call_counts_from_its_answer(
    harness: Harness, seconds: float, counts_at: float
) -> None:
    """It may have reached the provider only then."""

    def create_task(job: Job, callback_url: str) -> Submission:
        harness.now += timedelta(seconds=seconds)
        return CREATED

    harness.provider.create_task = create_task  # type: ignore[method-assign]
    assert harness.accept().status is JobStatus.RUNNING
    assert harness.window.calls == [NOON + timedelta(seconds=counts_at)]


def test_the_window_is_corrected_after_the_answer_is_recorded(harness: Harness) -> None:
    seen: list[JobStatus] = []

    def create_task(job: Job, callback_url: str) -> Submission:
        harness.now += timedelta(seconds=5)
        return CREATED

    def was_slow(provider: str, *, asked_at: datetime, at: datetime) -> None:
        seen.append(harness.jobs.get(a_job_id(1)).status)

    harness.provider.create_task = create_task  # type: ignore[method-assign]
    harness.window.was_slow = was_slow  # type: ignore[method-assign]
    harness.accept()
    assert seen == [JobStatus.RUNNING]


def test_a_missing_callback_secret_is_found_before_the_paid_call(harness: Harness) -> None:
    def no_secret(provider: str, job_id: JobId) -> str:
        raise NotConfigured("the callback secret is empty")

    job = harness.acceptor(NewJob(request=a_request(), client="studio"))
    submit = replace(harness.submitter, callback_url=no_secret)
    assert (
        submit(job.job_id, slot=None, seconds_left=harness.time_for()).status is JobStatus.ACCEPTED
    )
    assert (harness.provider.created, harness.window.next_slot) == ([], 0)


def test_an_unreachable_provider_takes_no_slot(harness: Harness) -> None:
    harness.provider.not_ready = ProviderUnavailable("no token")
    job = harness.accept()
    assert harness.queues.submit == [(job.job_id, 30, None)]
    assert (harness.window.next_slot, harness.accounts.accounts) == (0, {})


@pytest.mark.parametrize("answer", [CREATED, BUSY, NO], ids=["created", "busy", "refused"])
def test_a_callback_before_the_response_is_kept(harness: Harness, answer: Submission) -> None:
    def overtaken(job: Job, callback_url: str) -> Submission:
        record = RecordVerdict(
            jobs=harness.jobs,
            checks=InMemoryCheckQueue(harness.queues),
            archive=InMemoryArchiveQueue(harness.queues),
            open_account=lambda job: None,
            now=lambda: NOON,
        )
        record(job.job_id, a_report(TaskState.SUCCEEDED))
        return answer

    harness.provider.create_task = overtaken  # type: ignore[method-assign]
    job = harness.accept()
    assert (job.status, job.task_id) == (JobStatus.ARCHIVING, TASK)
    assert harness.queues.submit == []


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {JobStatus.ACCEPTED}))
def test_a_message_for_a_later_state_does_nothing(harness: Harness, status: JobStatus) -> None:
    job = a_job(status)
    harness.jobs.create(job)
    assert harness.take_turn(job.job_id) == job
    assert (harness.provider.created, harness.window.next_slot) == ([], 0)


def test_concurrent_messages_make_one_call(harness: Harness) -> None:
    job = a_job(queued_at=NOON)
    harness.jobs.create(job)
    answering(harness, CREATED)

    def meanwhile(
        provider: str, *, at: datetime, slot: int | None, low_priority: LowPriority | None = None
    ) -> Turn:
        harness.window = InMemoryWindow()
        harness.take_turn(job.job_id)
        return Turn(slot=0, wait=0)

    first: Callable[[JobId], Job] = harness.take_turn
    harness.window.take = meanwhile  # type: ignore[method-assign]
    assert first(job.job_id).status is JobStatus.RUNNING
    assert len(harness.provider.created) == 1


def test_task_ids_are_opaque(harness: Harness) -> None:
    for task_id in ("0123456789abcdef0123456789abcdef", "8e9d4c7a-1111-4222-8333-444455556666"):
        job = answering(harness, TaskCreated(task_id=ProviderTaskId(task_id))).accept()
        assert job.task_id == task_id


def test_each_call_has_new_links_to_input_images() -> None:
    harness, url = answering(Harness(), BUSY, CREATED), "s3://drops/a.png"
    request = replace(a_request(), input={"image_urls": [url]}, input_images={url: "v1"})
    asked: list[object] = []
    create_task = harness.provider.create_task

    def overhear(job: Job, callback_url: str) -> Submission:
        asked.append(job.request.input["image_urls"])
        return create_task(job, callback_url)

    harness.provider.create_task = overhear  # type: ignore[method-assign]
    waiting = harness.deliver(harness.acceptor(NewJob(request=request, client="studio")))
    assert waiting.status is JobStatus.ACCEPTED
    harness.now += timedelta(minutes=1)
    running = harness.take_turn(waiting.job_id)
    assert running.status is JobStatus.RUNNING
    # The link is valid for the deadline of the job.
    assert asked == [["https://drops.example/a.png?version=v1&seconds=900"]] * 2
    assert harness.jobs.get(running.job_id).request.input == {"image_urls": [url]}


# ------------------------------------------------------------------ jobs of drops


def a_dropped_job(harness: Harness, source: str = "recipes/fox/1.jpg", number: int = 78) -> Job:
    dropped = DroppedJob(job_id=a_job_id(number), source=source)
    new = NewJob(request=a_request(), client="drop", dropped=dropped)
    return harness.deliver(harness.acceptor(new))


@pytest.mark.parametrize("source", ["recipes/fox/1.jpg", "requests/x.json"])
def test_a_single_dropped_job_yields_and_returns(harness: Harness, source: str) -> None:
    harness.window = a_window_that_is_full(harness)
    taken = harness.window.next_slot
    job = a_dropped_job(harness, source)
    ((job_id, delay, slot),) = harness.queues.submit
    assert (job_id, slot, harness.window.next_slot) == (job.job_id, None, taken)
    assert 1 <= delay <= 3


def test_jobs_that_yield_together_do_not_return_together(harness: Harness) -> None:
    harness.window = a_window_that_is_full(harness)
    jobs = [a_dropped_job(harness, number=number) for number in range(20)]
    harness.queues.submit.clear()
    harness.now += timedelta(minutes=10)
    harness.window = a_window_that_is_full(harness)
    for job in jobs:
        harness.take_turn(job.job_id)
    delays = {delay for _, delay, _ in harness.queues.submit}
    assert len(delays) > 10
    assert max(delays) <= 62


def test_single_dropped_jobs_have_half_a_window() -> None:
    """The rows of a sheet have a quarter."""
    harness = Harness()
    harness.window = a_window_that_is_full(harness, seconds=4)
    job = a_dropped_job(harness)
    assert harness.queues.submit == [(job.job_id, 4, harness.window.next_slot - 1)]


# ------------------------------------------------------------------ jobs of sheets


def a_row(harness: Harness, *, due_in: float) -> Job:
    due_at = harness.now + timedelta(seconds=due_in)
    dropped = DroppedJob(job_id=a_job_id(77), source="requests/x.csv", row=3, due_at=due_at)
    new = NewJob(request=a_request(), client="drop", dropped=dropped)
    return harness.deliver(harness.acceptor(new))


def test_a_row_waits_until_it_is_due() -> None:
    harness = answering(Harness(), CREATED)
    job = a_row(harness, due_in=2000.5)
    assert (job.job_id, job.source, job.row) == (a_job_id(77), "requests/x.csv", 3)
    assert harness.queues.submit == [(job.job_id, 2001, None)]
    harness.now += timedelta(seconds=900)
    harness.take_turn(job.job_id)
    assert harness.queues.submit[1:] == [(job.job_id, 1101, None)]
    assert (harness.window.next_slot, harness.provider.created) == (0, [])
    harness.now += timedelta(seconds=1100)
    assert harness.take_turn(job.job_id).status is JobStatus.RUNNING


def test_an_accepted_row_returns_its_job() -> None:
    harness = answering(Harness(), CREATED)
    assert a_row(harness, due_in=60).due_at == a_row(harness, due_in=90).due_at
    assert len(harness.jobs.by_id) == 1


def test_a_row_s_retention_starts_when_it_is_due() -> None:
    harness = answering(Harness(), CREATED)
    job = a_row(harness, due_in=3600)
    assert job.due_at is not None
    assert job.forget_at - job.due_at == harness.acceptor.retention


def test_a_row_yields_and_returns() -> None:
    harness = answering(Harness(), CREATED)
    harness.window = InMemoryWindow(pace=Pace(limit=4, seconds=10))
    job = a_row(harness, due_in=2)
    harness.queues.submit.clear()
    harness.now += timedelta(seconds=2)
    for _ in range(3):
        harness.window.take("kie", at=harness.now, slot=None)
    assert harness.take_turn(job.job_id).status is JobStatus.ACCEPTED
    [(job_id, delay, slot)] = harness.queues.submit
    assert (job_id, slot) == (job.job_id, None)
    assert 5 <= delay <= 15
    harness.now += timedelta(seconds=delay)
    assert harness.take_turn(job.job_id).status is JobStatus.RUNNING


def test_overdue_rows_return_less_often() -> None:
    job = a_job(number=9, due_at=NOON)
    soon = seconds_to_yield(job, 10, at=NOON)
    late = seconds_to_yield(job, 10, at=NOON + timedelta(minutes=30))
    assert soon <= late <= 65
    waits = {seconds_to_yield(a_job(number=n, due_at=NOON), 10, at=NOON) for n in range(64)}
    assert min(waits) >= 5
    assert len(waits) > 5


# ------------------------------------------------------------------ the answer is not lost


@dataclass
class Unwritable:
    """The store of a harness, whose writes after createTask fail for ``seconds`` from then on."""

    harness: Harness
    seconds: float
    until: datetime | None = None

    def move(self, job_id: JobId, **wanted: Any) -> Write:
        if wanted["to"] is JobStatus.SUBMITTING:
            return self.harness.jobs.move(job_id, **wanted)
        self.until = self.until or self.harness.now + timedelta(seconds=self.seconds)
        if self.harness.now < self.until:
            raise OSError("DynamoDB is down")
        return self.harness.jobs.move(job_id, **wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.harness.jobs, name)


def submitting(harness: Harness, *, down_for: float, **ports: Any) -> tuple[Job, SubmitJob]:
    """Return an accepted job, and the use case on a table that will be down so long."""
    job = harness.acceptor(NewJob(request=a_request(), client="studio"))
    harness.queues.submit.clear()
    return job, replace(harness.submitter, jobs=Unwritable(harness, down_for), **ports)


ANSWERS = {
    "created": (CREATED, JobStatus.RUNNING),
    "busy": (BUSY, JobStatus.ACCEPTED),
    "refused": (NO, JobStatus.FAILED),
}


@pytest.mark.parametrize(("answer", "status"), ANSWERS.values(), ids=ANSWERS.keys())
@pytest.mark.parametrize("seconds", [1, 5, 30, 58])
def test_an_answer_is_recorded_for_as_long_as_the_function_has_time(
    harness: Harness, answer: Submission, status: JobStatus, seconds: float
) -> None:
    job, submit = submitting(answering(harness, answer), down_for=seconds)
    assert submit(job.job_id, slot=None, seconds_left=harness.time_for(75)).status is status
    assert harness.jobs.get(job.job_id).status is status
    assert harness.window.calls == [NOON]  # the call itself was not slow
    assert (len(harness.provider.created), harness.queues.answers) == (1, [])
    assert [delay for _, delay, _ in harness.queues.submit] == ([10] if answer is BUSY else [])


@pytest.mark.parametrize(("answer", "status"), ANSWERS.values(), ids=ANSWERS.keys())
def test_an_answer_that_cannot_be_recorded_is_sent_and_recorded_later(
    harness: Harness, answer: Submission, status: JobStatus
) -> None:
    job, submit = submitting(answering(harness, answer), down_for=150)
    assert submit(job.job_id, slot=None, seconds_left=harness.time_for(75)).job_id == job.job_id
    [sent] = harness.queues.answers
    assert harness.jobs.get(job.job_id).status is JobStatus.SUBMITTING
    # Still down at the next try, then up again.
    assert submit.record(sent, seconds_left=harness.time_for(75)) is None
    for _ in range(2):
        again = harness.submitter.record(sent, seconds_left=harness.time_for(75))
        assert again is not None
        assert again.status is status
    assert len(harness.provider.created) == 1
    assert harness.queues.answers == [sent, sent]


class Down(InMemorySubmitQueue):
    def add(self, job_id: JobId, *, delay: int, slot: int | None) -> None:
        raise TryAgain

    def add_answer(self, answered: Answered, *, delay: int) -> None:
        raise TryAgain


def test_an_answer_outlives_an_outage_of_table_and_queue(harness: Harness) -> None:
    """There is nowhere to put it but the table, which is tried to the last second."""
    job, submit = submitting(answering(harness, CREATED), down_for=73, queue=Down(harness.queues))
    assert submit(job.job_id, slot=None, seconds_left=harness.time_for(75)).task_id == TASK


def test_an_answer_that_cannot_be_kept_at_all_fails_its_message(harness: Harness) -> None:
    job, submit = submitting(answering(harness, CREATED), down_for=200, queue=Down(harness.queues))
    with pytest.raises(OSError, match="DynamoDB is down"):
        submit(job.job_id, slot=None, seconds_left=harness.time_for(75))
    assert harness.now <= NOON + timedelta(seconds=75)


def test_a_refused_job_that_cannot_be_queued_again_has_no_mark(harness: Harness) -> None:
    """A check that sees no mark sends the message again."""
    job, submit = submitting(answering(harness, BUSY), down_for=0, queue=Down(harness.queues))
    with pytest.raises(TryAgain):
        submit(job.job_id, slot=None, seconds_left=harness.time_for(75))
    left = harness.jobs.get(job.job_id)
    assert (left.status, left.queued_at) == (JobStatus.ACCEPTED, None)


def late_answer(answer: Submission = CREATED) -> Answered:
    return Answered(job_id=a_job_id(5), attempt_id="a" * 16, answer=answer)


def test_an_answer_about_a_job_that_is_gone_is_an_error_at_once(harness: Harness) -> None:
    with pytest.raises(UnknownJob):
        harness.submitter.record(late_answer(), seconds_left=harness.time_for())
    assert (harness.now, harness.queues.answers) == (NOON, [])


def test_an_answer_that_came_too_late_for_its_job_is_looked_into(harness: Harness) -> None:
    harness.jobs.create(a_job(JobStatus.EXPIRED, number=5, attempt_id="a" * 16))
    kept = harness.submitter.record(late_answer(), seconds_left=harness.time_for())
    assert kept is not None
    assert (kept.status, kept.task_id) == (JobStatus.EXPIRED, TASK)
    assert harness.queues.claims == [(a_job_id(5), TASK, 0)]


def test_a_late_answer_that_cannot_be_kept_leaves_a_check(harness: Harness) -> None:
    def crash(job_id: JobId, task_id: ProviderTaskId) -> Job:
        raise KeyboardInterrupt

    harness.jobs.create(a_job(JobStatus.EXPIRED, number=5, attempt_id="a" * 16))
    harness.jobs.keep_task = crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        harness.submitter.record(late_answer(), seconds_left=harness.time_for())
    assert harness.queues.claims == [(a_job_id(5), TASK, 0)]


@pytest.mark.parametrize(
    ("status", "known", "answer"),
    [
        (JobStatus.EXPIRED, TASK, CREATED),  # a callback has brought the id
        (JobStatus.EXPIRED, None, UNKNOWN),
        (JobStatus.CANCELLED, None, CREATED),
        (JobStatus.FAILED, None, CREATED),
    ],
)
def test_other_late_answers_are_not_looked_into(
    harness: Harness, status: JobStatus, known: ProviderTaskId | None, answer: Submission
) -> None:
    harness.jobs.create(a_job(status, number=5, attempt_id="a" * 16, task_id=known))
    harness.submitter.record(late_answer(answer), seconds_left=harness.time_for())
    assert harness.queues.sent_checks == []


REFUSALS = pytest.mark.parametrize("answer", [BUSY, NO], ids=["busy", "refused"])


@REFUSALS
def test_a_refusal_that_came_too_late_for_its_job_says_that_it_was_not_charged(
    harness: Harness, answer: TaskRefused
) -> None:
    """And a job that was final is not bought again."""
    job = a_job(JobStatus.EXPIRED, attempt_id="a" * 16, error=MAY_BE_CHARGED)
    harness.jobs.create(job)
    answered = Answered(job_id=job.job_id, attempt_id="a" * 16, answer=answer)
    for _ in range(2):
        ended = harness.submitter.record(answered, seconds_left=harness.time_for())
        assert ended is not None
        assert (ended.status, ended.finished_at) == (JobStatus.FAILED, harness.now)
        assert ended.error == JobError(
            kind=ErrorKind.REFUSED, code=answer.code, message=answer.message
        )
    assert harness.queues.submit == []
    # Its own checks are over: this one, sent once, sees that the refusal was told.
    assert harness.queues.due == [(job.job_id, 300)]


@REFUSALS
@pytest.mark.parametrize("status", [JobStatus.SUBMITTING, JobStatus.EXPIRED])
def test_a_refusal_of_a_job_whose_task_is_proven_is_not_believed(
    harness: Harness, status: JobStatus, answer: TaskRefused
) -> None:
    job = a_job(status, attempt_id="a" * 16, task_id=TASK, error=MAY_BE_CHARGED)
    harness.jobs.create(job)
    answered = Answered(job_id=job.job_id, attempt_id="a" * 16, answer=answer)
    assert harness.submitter.record(answered, seconds_left=harness.time_for()) == job


@REFUSALS
@pytest.mark.parametrize("status", [JobStatus.SUBMITTING, JobStatus.EXPIRED])
def test_an_old_answer_does_not_touch_the_next_attempt(
    harness: Harness, status: JobStatus, answer: Submission
) -> None:
    job = a_job(status, attempt_id="b" * 16)
    harness.jobs.create(job)
    answered = Answered(job_id=job.job_id, attempt_id="a" * 16, answer=answer)
    assert harness.submitter.record(answered, seconds_left=harness.time_for()) == job
    assert harness.queues.submit == []


def test_an_answer_that_contradicts_itself_is_unknown_and_its_task_id_kept(
    harness: Harness,
) -> None:
    unknown = OutcomeUnknown(reason="HTTP 200, code 422", task_id=TASK)
    job = answering(harness, unknown, CREATED).accept(key="k")
    assert (job.status, job.task_id) == (JobStatus.SUBMITTING, TASK)
    assert harness.take_turn(job.job_id).status is JobStatus.SUBMITTING
    assert (len(harness.provider.created), harness.queues.submit) == (1, [])


def test_a_job_with_a_task_id_is_not_bought(harness: Harness) -> None:
    """Whatever brought the id: the provider has the job."""
    job = a_job(task_id=TASK)
    harness.jobs.create(job)
    assert harness.take_turn(job.job_id) == job
    assert harness.provider.created == []


# ------------------------------------------------------------------ nobody pays without time


def test_without_time_to_record_the_answer_nothing_is_bought(harness: Harness) -> None:
    job, submit = submitting(answering(harness, CREATED), down_for=0)
    left = harness.submitter(job.job_id, slot=None, seconds_left=lambda: TIME_TO_PAY - 0.1)
    assert (left.status, harness.provider.created, left.attempts) == (JobStatus.ACCEPTED, [], 0)
    [(job_id, delay, slot)] = harness.queues.submit
    assert (job_id, delay, slot is None) == (job.job_id, 1, False)
    assert submit(job.job_id, slot=slot, seconds_left=lambda: TIME_TO_PAY).task_id == TASK


def test_a_job_whose_mark_took_too_long_is_released_and_not_bought(harness: Harness) -> None:
    job = harness.acceptor(NewJob(request=a_request(), client="studio"))
    harness.queues.submit.clear()
    left = iter([TIME_TO_PAY, TIME_TO_PAY - 1])
    released = harness.submitter(job.job_id, slot=None, seconds_left=lambda: next(left))
    assert (released.status, harness.provider.created) == (JobStatus.ACCEPTED, [])
    assert harness.queues.submit == [(job.job_id, 1, None)]


# ------------------------------------------------------------------ our own repeats


@dataclass
class Repeating:
    """A store each of whose moves is made, and then made again by the SDK."""

    jobs: InMemoryJobs
    between: Callable[[], object] = lambda: None

    def move(self, job_id: JobId, **wanted: Any) -> Write:
        self.jobs.move(job_id, **wanted)
        if wanted["to"] is JobStatus.ACCEPTED:
            self.between()
        return self.jobs.move(job_id, **wanted)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.jobs, name)


@pytest.mark.parametrize(("answer", "status"), ANSWERS.values(), ids=ANSWERS.keys())
def test_moves_that_the_sdk_repeats_are_ours(
    harness: Harness, answer: Submission, status: JobStatus
) -> None:
    job = harness.acceptor(NewJob(request=a_request(), client="studio"))
    harness.queues.submit.clear()
    submit = replace(answering(harness, answer).submitter, jobs=Repeating(harness.jobs))
    assert submit(job.job_id, slot=None, seconds_left=harness.time_for()).status is status
    assert len(harness.provider.created) == 1
    assert [delay for _, delay, _ in harness.queues.submit] == ([10] if answer is BUSY else [])


def test_a_release_that_the_sdk_repeats_does_not_free_the_next_attempt(harness: Harness) -> None:
    """A duplicate delivery begins its own attempt between the two."""
    answering(harness, BUSY, UNKNOWN, CREATED)
    job = harness.acceptor(NewJob(request=a_request(), client="studio"))
    duplicate = harness.submitter

    def between() -> None:
        duplicate(job.job_id, slot=None, seconds_left=harness.time_for())

    first = replace(duplicate, jobs=Repeating(harness.jobs, between))
    first(job.job_id, slot=None, seconds_left=harness.time_for())
    assert harness.jobs.get(job.job_id).status is JobStatus.SUBMITTING
    harness.take_turn(job.job_id)
    # The one that was refused, and the one whose outcome is unknown: no third.
    assert len(harness.provider.created) == 2
