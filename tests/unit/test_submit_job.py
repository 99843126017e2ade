from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from ringback.domain.accounts import AccountPause, PauseReason
from ringback.domain.drops import DroppedJob
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.domain.jobs import ErrorKind, Job, JobId, JobStatus, ProviderTaskId
from ringback.domain.pace import LowPriority, Pace, Turn
from ringback.domain.verdicts import OutcomeUnknown, Submission, TaskCreated, TaskRefused, TaskState
from ringback.use_cases.accept_job import NewJob
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.submit_job import MAX_ATTEMPTS, seconds_to_yield

from tests.support.desk import CREATED, Desk, answering
from tests.support.in_memory import (
    InMemoryArchiveQueue,
    InMemoryCheckQueue,
    InMemoryWindow,
)
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_report, a_request

BUSY = TaskRefused(code="429", message="slow down", retry_after=10)
NO = TaskRefused(code="422", message="prompt not allowed")
UNKNOWN = OutcomeUnknown(reason="ReadTimeout")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_job_that_the_provider_takes_is_running(desk: Desk) -> None:
    job = answering(desk, CREATED).accept()
    assert (job.status, job.task_id, job.attempts) == (JobStatus.RUNNING, TASK, 1)
    assert desk.provider.created == [(job.job_id, f"https://hooks.example/kie/{job.job_id}")]
    assert desk.jobs.get(job.job_id) == job


def test_a_job_is_marked_before_the_paid_call(desk: Desk) -> None:
    seen: list[JobStatus] = []

    def look(job: Job, callback_url: str) -> Submission:
        seen.append(desk.jobs.get(job.job_id).status)
        return CREATED

    desk.provider.create_task = look  # type: ignore[method-assign]
    desk.accept()
    assert seen == [JobStatus.SUBMITTING]


def test_a_refusal_for_good_fails_the_job_in_the_providers_words(desk: Desk) -> None:
    job = answering(desk, NO).accept()
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert (job.error.kind, job.error.code, job.error.message, job.error.may_be_charged) == (
        ErrorKind.REFUSED,
        "422",
        "prompt not allowed",
        False,
    )
    assert job.finished_at == NOON
    assert desk.queues.submit == []


def test_a_refusal_for_now_waits_in_the_queue(desk: Desk) -> None:
    job = answering(desk, BUSY).accept()
    waiting = desk.jobs.get(job.job_id)
    assert (waiting.status, waiting.queued_at, waiting.task_id) == (JobStatus.ACCEPTED, NOON, None)
    assert desk.queues.submit == [(job.job_id, 10, None)]


def test_a_job_that_waited_is_sent_when_its_turn_comes(desk: Desk) -> None:
    job = answering(desk, BUSY, CREATED).accept()
    desk.now += timedelta(seconds=10)
    job = desk.take_turn(job.job_id)
    assert (job.status, job.attempts, job.submitted_at) == (JobStatus.RUNNING, 2, desk.now)
    assert job.deadline_at == desk.now + timedelta(minutes=15)


def test_a_provider_that_is_out_of_order_for_hours_ends_the_job(desk: Desk) -> None:
    job = answering(desk, *[BUSY] * MAX_ATTEMPTS).accept()
    for _ in range(MAX_ATTEMPTS - 1):
        job = desk.take_turn(job.job_id)
    assert job.status is JobStatus.FAILED
    assert len(desk.provider.created) == MAX_ATTEMPTS


@pytest.mark.parametrize("again", [1, 5])
def test_an_unknown_outcome_is_never_sent_again(desk: Desk, again: int) -> None:
    job = answering(desk, UNKNOWN).accept(key="k")
    assert job.status is JobStatus.SUBMITTING
    for _ in range(again):
        assert desk.take_turn(job.job_id).status is JobStatus.SUBMITTING
        assert desk.accept(key="k").job_id == job.job_id
    assert len(desk.provider.created) == 1
    assert desk.queues.submit == []


def test_a_crash_after_the_call_leaves_the_job_to_its_callback(desk: Desk) -> None:
    def crash(job: Job, callback_url: str) -> Submission:
        desk.provider.created.append((job.job_id, callback_url))
        raise KeyboardInterrupt

    desk.provider.create_task = crash  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        desk.accept(key="k")
    assert desk.take_turn(a_job_id(1)).status is JobStatus.SUBMITTING
    assert desk.accept(key="k").status is JobStatus.SUBMITTING
    assert len(desk.provider.created) == 1


def a_window_that_is_full(desk: Desk, *, seconds: int = 7) -> InMemoryWindow:
    """Take all slots up to ``seconds`` from now."""
    window = InMemoryWindow(pace=Pace(limit=20, seconds=10))
    window.next_slot = window.pace.slot_at(desk.now + timedelta(seconds=seconds))
    return window


def test_a_full_window_queues_without_a_call(desk: Desk) -> None:
    desk.window = a_window_that_is_full(desk)
    job = desk.accept()
    assert desk.jobs.get(job.job_id).queued_at == NOON
    ((queued, delay, slot),) = desk.queues.submit
    assert (queued, delay, slot) == (job.job_id, 7, desk.window.next_slot - 1)
    assert desk.provider.created == []


def test_a_job_keeps_the_slot_that_it_waited_for(desk: Desk) -> None:
    desk.window = a_window_that_is_full(desk)
    job = answering(desk, CREATED).accept()
    ((_, delay, slot),) = desk.queues.submit
    desk.now += timedelta(seconds=delay)
    desk.window.next_slot += 100
    assert desk.take_turn(job.job_id, slot=slot).status is JobStatus.RUNNING


def test_a_message_that_comes_before_its_slot_waits_on_with_it(desk: Desk) -> None:
    desk.window = a_window_that_is_full(desk, seconds=1000)
    job = desk.accept()
    ((_, delay, slot),) = desk.queues.submit
    assert delay > 900
    desk.now += timedelta(seconds=900)
    desk.take_turn(job.job_id, slot=slot)
    assert desk.queues.submit[1] == (job.job_id, delay - 900, slot)
    assert desk.provider.created == []


def test_a_slot_that_was_missed_by_far_is_given_up(desk: Desk) -> None:
    desk.window = a_window_that_is_full(desk)
    job = desk.accept()
    ((_, _, slot),) = desk.queues.submit
    desk.now += timedelta(minutes=10)
    desk.window.next_slot = desk.window.pace.slot_at(desk.now + timedelta(minutes=1))
    assert desk.take_turn(job.job_id, slot=slot).status is JobStatus.ACCEPTED


def test_a_provider_that_finds_us_too_fast_is_left_alone_for_a_window(desk: Desk) -> None:
    desk.window = InMemoryWindow(pace=Pace(limit=20, seconds=10))
    too_fast = TaskRefused(code="429", message="slow down", retry_after=10, too_fast=True)
    reserved = desk.window.pace.slot_at(desk.now) + 6
    first = answering(desk, too_fast).accept()
    desk.now += timedelta(seconds=3)
    desk.take_turn(first.job_id, slot=reserved)
    second = desk.accept()
    assert [delay for _, delay, _ in desk.queues.submit] == [10, 7, 8]
    assert (len(desk.provider.created), second.status) == (1, JobStatus.ACCEPTED)


def without_a_key(desk: Desk) -> Job:
    desk.provider.not_ready = NotConfigured("no key")
    return desk.acceptor(NewJob(request=a_request(), client="studio"))


def test_a_job_waits_for_its_provider_s_key_and_says_so(desk: Desk) -> None:
    job = without_a_key(desk)
    assert desk.take_turn(job.job_id).status is JobStatus.ACCEPTED
    assert desk.accounts.pauses["kie"] == AccountPause(
        provider="kie",
        reason=PauseReason.NOT_CONFIGURED,
        since=NOON,
        next_try_at=NOON + timedelta(seconds=30),
    )
    [(_, delay, slot)] = desk.queues.submit[1:]
    assert 30 <= delay < 46
    assert (slot, desk.window.next_slot, desk.provider.created, job.attempts) == (None, 0, [], 0)


@pytest.mark.parametrize(
    ("age", "delay"),
    [(timedelta(seconds=30), 30), (timedelta(minutes=4), 60), (timedelta(hours=5), 300)],
)
def test_a_provider_without_a_key_is_tried_less_and_less_often(
    desk: Desk, age: timedelta, delay: int
) -> None:
    job = without_a_key(desk)
    desk.take_turn(job.job_id)
    desk.now += age
    desk.take_turn(job.job_id)
    pause = desk.accounts.pauses["kie"]
    assert (pause.since, pause.next_try_at) == (NOON, desk.now + timedelta(seconds=delay))


def test_while_an_account_is_paused_no_other_job_tries(desk: Desk) -> None:
    tried: list[str] = []

    def prepare() -> None:
        tried.append("prepare")
        raise NotConfigured("no key")

    desk.provider.prepare = prepare  # type: ignore[method-assign]
    jobs = [desk.accept() for _ in range(20)]
    assert tried == ["prepare"]
    delays = [delay for _, delay, _ in desk.queues.submit]
    assert len(delays) == len(jobs)
    assert len(set(delays)) > 1


def test_a_pause_that_cannot_be_noted_costs_no_delivery(desk: Desk) -> None:
    def fails(pause: AccountPause) -> None:
        raise OSError

    desk.accounts.pause = fails  # type: ignore[method-assign]
    job = without_a_key(desk)
    assert desk.take_turn(job.job_id).status is JobStatus.ACCEPTED
    assert len(desk.queues.submit) == 2


def test_a_job_is_sent_once_its_provider_has_a_key(desk: Desk) -> None:
    job = without_a_key(answering(desk, CREATED))
    desk.take_turn(job.job_id)
    desk.provider.not_ready = None
    desk.now += timedelta(seconds=30)
    assert desk.take_turn(job.job_id).status is JobStatus.RUNNING
    assert desk.accounts.pauses == {}


def test_a_missing_callback_secret_is_found_before_the_paid_call(desk: Desk) -> None:
    def no_secret(provider: str, job_id: JobId) -> str:
        raise NotConfigured("the callback secret is empty")

    job = desk.acceptor(NewJob(request=a_request(), client="studio"))
    submit = replace(desk.submitter, callback_url=no_secret)
    assert submit(job.job_id, slot=None).status is JobStatus.ACCEPTED
    assert (desk.provider.created, desk.window.next_slot) == ([], 0)


def test_a_provider_that_cannot_be_reached_takes_no_slot(desk: Desk) -> None:
    desk.provider.not_ready = ProviderUnavailable("no token")
    job = desk.accept()
    assert desk.queues.submit == [(job.job_id, 30, None)]
    assert (desk.window.next_slot, desk.accounts.pauses) == (0, {})


@pytest.mark.parametrize("answer", [CREATED, BUSY, NO], ids=["created", "busy", "refused"])
def test_a_callback_that_overtakes_the_answer_stays(desk: Desk, answer: Submission) -> None:
    def overtaken(job: Job, callback_url: str) -> Submission:
        record = RecordVerdict(
            jobs=desk.jobs,
            checks=InMemoryCheckQueue(desk.queues),
            archive=InMemoryArchiveQueue(desk.queues),
            now=lambda: NOON,
        )
        record(job.job_id, a_report(TaskState.SUCCEEDED))
        return answer

    desk.provider.create_task = overtaken  # type: ignore[method-assign]
    job = desk.accept()
    assert (job.status, job.task_id) == (JobStatus.ARCHIVING, TASK)
    assert desk.queues.submit == []


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {JobStatus.ACCEPTED}))
def test_a_turn_does_nothing_for_a_job_that_is_past_it(desk: Desk, status: JobStatus) -> None:
    job = a_job(status)
    desk.jobs.create(job)
    assert desk.take_turn(job.job_id) == job
    assert desk.provider.created == []


def test_of_two_turns_at_once_one_makes_the_call(desk: Desk) -> None:
    job = a_job(queued_at=NOON)
    desk.jobs.create(job)
    answering(desk, CREATED)

    def meanwhile(
        provider: str, *, at: datetime, slot: int | None, low_priority: LowPriority | None = None
    ) -> Turn:
        desk.window = InMemoryWindow()
        desk.take_turn(job.job_id)
        return Turn(slot=0, wait=0)

    first: Callable[[JobId], Job] = desk.take_turn
    desk.window.take = meanwhile  # type: ignore[method-assign]
    assert first(job.job_id).status is JobStatus.RUNNING
    assert len(desk.provider.created) == 1


def test_task_ids_are_opaque(desk: Desk) -> None:
    for task_id in ("0123456789abcdef0123456789abcdef", "8e9d4c7a-1111-4222-8333-444455556666"):
        job = answering(desk, TaskCreated(task_id=ProviderTaskId(task_id))).accept()
        assert job.task_id == task_id


def test_an_input_image_is_linked_to_each_time_the_provider_is_asked() -> None:
    desk, url = answering(Desk(), BUSY, CREATED), "s3://drops/a.png"
    request = replace(a_request(), input={"image_urls": [url]}, input_images={url: "v1"})
    asked: list[object] = []
    create_task = desk.provider.create_task

    def overhear(job: Job, callback_url: str) -> Submission:
        asked.append(job.request.input["image_urls"])
        return create_task(job, callback_url)

    desk.provider.create_task = overhear  # type: ignore[method-assign]
    waiting = desk.deliver(desk.acceptor(NewJob(request=request, client="studio")))
    assert waiting.status is JobStatus.ACCEPTED
    desk.now += timedelta(minutes=1)
    running = desk.take_turn(waiting.job_id)
    assert running.status is JobStatus.RUNNING
    # As long as the job is waited for, and no longer.
    assert asked == [["https://drops.example/a.png?version=v1&seconds=900"]] * 2
    assert desk.jobs.get(running.job_id).request.input == {"image_urls": [url]}


# ------------------------------------------------------------------ jobs of drops


def a_dropped_job(desk: Desk, source: str = "recipes/fox/1.jpg") -> Job:
    dropped = DroppedJob(job_id=a_job_id(78), source=source)
    new = NewJob(request=a_request(), client="drop", dropped=dropped)
    return desk.deliver(desk.acceptor(new))


@pytest.mark.parametrize("source", ["recipes/fox/1.jpg", "requests/x.json"])
def test_what_is_dropped_one_by_one_lets_others_pass_and_comes_again(
    desk: Desk, source: str
) -> None:
    desk.window = a_window_that_is_full(desk)
    taken = desk.window.next_slot
    job = a_dropped_job(desk, source)
    ((job_id, delay, slot),) = desk.queues.submit
    assert (job_id, slot, desk.window.next_slot) == (job.job_id, None, taken)
    assert 1 <= delay <= 3


def test_what_is_dropped_one_by_one_has_half_a_window() -> None:
    """The rows of a sheet have a quarter."""
    desk = Desk()
    desk.window = a_window_that_is_full(desk, seconds=4)
    job = a_dropped_job(desk)
    assert desk.queues.submit == [(job.job_id, 4, desk.window.next_slot - 1)]


# ------------------------------------------------------------------ jobs of sheets


def a_row(desk: Desk, *, due_in: float) -> Job:
    due_at = desk.now + timedelta(seconds=due_in)
    dropped = DroppedJob(job_id=a_job_id(77), source="requests/x.csv", row=3, due_at=due_at)
    new = NewJob(request=a_request(), client="drop", dropped=dropped)
    return desk.deliver(desk.acceptor(new))


def test_a_row_is_held_back_until_it_is_due() -> None:
    desk = answering(Desk(), CREATED)
    job = a_row(desk, due_in=2000.5)
    assert (job.job_id, job.source, job.row) == (a_job_id(77), "requests/x.csv", 3)
    assert desk.queues.submit == [(job.job_id, 2001, None)]
    desk.now += timedelta(seconds=900)
    desk.take_turn(job.job_id)
    assert desk.queues.submit[1:] == [(job.job_id, 1101, None)]
    assert (desk.window.next_slot, desk.provider.created) == (0, [])
    desk.now += timedelta(seconds=1100)
    assert desk.take_turn(job.job_id).status is JobStatus.RUNNING


def test_a_row_that_was_taken_in_before_is_the_same_job() -> None:
    desk = answering(Desk(), CREATED)
    assert a_row(desk, due_in=60).due_at == a_row(desk, due_in=90).due_at
    assert len(desk.jobs.by_id) == 1


def test_a_row_is_remembered_from_its_turn_on() -> None:
    desk = answering(Desk(), CREATED)
    job = a_row(desk, due_in=3600)
    assert job.due_at is not None
    assert job.forget_at - job.due_at == desk.acceptor.retention


def test_a_row_lets_others_pass_and_comes_again() -> None:
    desk = answering(Desk(), CREATED)
    desk.window = InMemoryWindow(pace=Pace(limit=4, seconds=10))
    job = a_row(desk, due_in=2)
    desk.queues.submit.clear()
    desk.now += timedelta(seconds=2)
    for _ in range(3):
        desk.window.take("kie", at=desk.now, slot=None)
    assert desk.take_turn(job.job_id).status is JobStatus.ACCEPTED
    [(job_id, delay, slot)] = desk.queues.submit
    assert (job_id, slot) == (job.job_id, None)
    assert 5 <= delay <= 15
    desk.now += timedelta(seconds=delay)
    assert desk.take_turn(job.job_id).status is JobStatus.RUNNING


def test_the_longer_a_row_is_overdue_the_more_seldom_it_asks() -> None:
    job = a_job(number=9, due_at=NOON)
    soon = seconds_to_yield(job, 10, at=NOON)
    late = seconds_to_yield(job, 10, at=NOON + timedelta(minutes=30))
    assert soon <= late <= 65
    waits = {seconds_to_yield(a_job(number=n, due_at=NOON), 10, at=NOON) for n in range(64)}
    assert min(waits) >= 5
    assert len(waits) > 5
