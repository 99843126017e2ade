from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from ringback.domain.drops import DroppedJob
from ringback.domain.errors import (
    FieldError,
    IdempotencyConflict,
    InvalidRequest,
    RequestRefused,
    TryAgain,
)
from ringback.domain.jobs import ErrorKind, Job, JobId, JobRequest, JobStatus
from ringback.domain.verdicts import TaskRefused
from ringback.use_cases.accept_job import AcceptJob, JobPost, NewJob, PostJob
from ringback.use_cases.ports import SubmitQueue

from tests.support.desk import CREATED, Desk, answering
from tests.support.in_memory import InMemorySubmitQueue
from tests.support.jobs import NOON, a_job_id, a_request

NEW = NewJob(request=a_request(), client="studio")
DROPPED = DroppedJob(job_id=a_job_id(77), source="recipes/fox/1.jpg")


@pytest.fixture
def desk() -> Desk:
    return Desk()


@dataclass
class BrokenQueue:
    """Fails like SQS does; ``sends`` is whether the message got through all the same."""

    desk: Desk
    sends: bool = False
    then: Callable[[], object] = field(default=lambda: None)

    def add(self, job_id: JobId, *, delay: int, slot: int | None) -> None:
        if self.sends:
            InMemorySubmitQueue(self.desk.queues).add(job_id, delay=delay, slot=slot)
        self.then()
        raise TryAgain("not confirmed")


def accepting(desk: Desk, queue: SubmitQueue) -> AcceptJob:
    return replace(desk.acceptor, queue=queue)


def test_a_job_is_recorded_and_queued_and_the_provider_is_not_called(desk: Desk) -> None:
    desk.acceptor(NEW)
    job = desk.jobs.get(a_job_id(1))
    assert (job.status, job.client, job.request) == (JobStatus.ACCEPTED, "studio", NEW.request)
    assert (job.created_at, job.queued_at, job.attempts) == (NOON, NOON, 0)
    assert job.deadline_at == NOON + timedelta(minutes=15)
    assert job.forget_at == NOON + timedelta(days=365)
    assert desk.queues.due == [(job.job_id, 900)]
    assert desk.queues.submit == [(job.job_id, 0, None)]
    assert desk.provider.created == []


def test_the_check_is_sent_before_anything_is_recorded(desk: Desk) -> None:
    def crash(job: Job) -> None:
        raise RuntimeError

    desk.jobs.create = crash  # type: ignore[method-assign, assignment]
    with pytest.raises(RuntimeError):
        desk.acceptor(NEW)
    assert desk.queues.due == [(a_job_id(1), 900)]
    assert desk.queues.submit == []


def test_a_provider_that_does_not_call_back_is_checked_soon(desk: Desk) -> None:
    desk.provider.calls_back = False
    desk.acceptor(NEW)
    [(_, delay)] = desk.queues.due
    assert delay < 60


def test_a_repeat_with_the_key_is_the_same_job_and_is_queued_once(desk: Desk) -> None:
    keyed = replace(NEW, idempotency_key="k")
    first = desk.acceptor(keyed)
    assert desk.acceptor(keyed).job_id == first.job_id
    assert len(desk.queues.submit) == len(desk.jobs.by_id) == 1


def test_a_repeat_with_the_key_shows_how_far_the_job_is(desk: Desk) -> None:
    first = answering(desk, CREATED).accept(key="k")
    assert desk.acceptor(replace(NEW, idempotency_key="k")) == first
    assert first.status is JobStatus.RUNNING


def test_a_key_with_another_request_is_a_conflict(desk: Desk) -> None:
    answering(desk, CREATED).accept(key="k")
    with pytest.raises(IdempotencyConflict):
        desk.accept(key="k", seed=7)


def test_without_a_key_every_request_is_a_new_job(desk: Desk) -> None:
    desk.acceptor(NEW)
    desk.acceptor(NEW)
    assert len(desk.jobs.by_id) == len(desk.queues.submit) == 2


def test_a_request_that_died_after_the_record_is_resumed_by_its_key(desk: Desk) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    keyed = replace(NEW, idempotency_key="k")
    with pytest.raises(KeyboardInterrupt):
        accepting(desk, BrokenQueue(desk, then=crash))(keyed)
    assert desk.acceptor(keyed).job_id == a_job_id(1)
    assert desk.queues.submit == [(a_job_id(1), 0, None)]


@pytest.mark.parametrize("sends", [False, True], ids=["not sent", "sent after all"])
def test_a_job_that_is_not_queued_is_withdrawn_and_never_sent(desk: Desk, sends: bool) -> None:  # noqa: FBT001
    """Its client is answered 503 and has no key: a repeat makes another job."""
    with pytest.raises(TryAgain):
        accepting(desk, BrokenQueue(desk, sends=sends))(NEW)
    job = desk.deliver(desk.jobs.get(a_job_id(1)))
    assert (job.status, job.finished_at) == (JobStatus.FAILED, NOON)
    assert job.error is not None
    assert (job.error.kind, job.error.may_be_charged) == (ErrorKind.NOT_SUBMITTED, False)
    assert desk.provider.created == []


def test_a_job_that_was_sent_after_all_is_not_answered_as_if_it_were_not(desk: Desk) -> None:
    def submit() -> None:
        answering(desk, CREATED).deliver(desk.jobs.get(a_job_id(1)))

    job = accepting(desk, BrokenQueue(desk, sends=True, then=submit))(NEW)
    assert job.status is JobStatus.RUNNING


def test_a_job_that_the_provider_refused_meanwhile_was_not_withdrawn(desk: Desk) -> None:
    """It is answered as it stands: the provider has seen it, so "not bought" would be a guess."""

    def submit() -> None:
        refused = TaskRefused(code="422", message="no")
        answering(desk, refused).deliver(desk.jobs.get(a_job_id(1)))

    job = accepting(desk, BrokenQueue(desk, sends=True, then=submit))(NEW)
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.kind is ErrorKind.REFUSED


@pytest.mark.parametrize(
    "new",
    [replace(NEW, idempotency_key="k"), replace(NEW, client="drop", dropped=DROPPED)],
    ids=["with a key", "of a drop"],
)
def test_a_job_that_can_be_repeated_is_kept_for_the_repeat(desk: Desk, new: NewJob) -> None:
    with pytest.raises(TryAgain):
        accepting(desk, BrokenQueue(desk))(new)
    job = desk.acceptor(new)
    assert job.status is JobStatus.ACCEPTED
    assert desk.queues.submit == [(job.job_id, 0, None)]
    assert len(desk.jobs.by_id) == 1


def test_a_job_is_accepted_once_its_message_is_sent(desk: Desk) -> None:
    """Otherwise a client without a key would repeat the request and pay twice."""

    def fail(job_id: JobId, *, at: datetime) -> None:
        raise OSError

    desk.jobs.mark_queued = fail  # type: ignore[method-assign]
    assert desk.acceptor(NEW).status is JobStatus.ACCEPTED
    assert desk.queues.submit == [(a_job_id(1), 0, None)]


# ------------------------------------------------------------------ posts


SENT = {"model": "a", "input": {"prompt": "kite"}}
POST = JobPost(client="studio", idempotency_key="k", body=SENT)


def reading(body: Mapping[str, Any]) -> JobRequest:
    return replace(a_request(), sent=dict(body))


def refusing(body: Mapping[str, Any]) -> JobRequest:
    raise InvalidRequest([FieldError("input", "the image is gone")])


def posting(desk: Desk, read: Callable[[Mapping[str, Any]], JobRequest] = reading) -> PostJob:
    return PostJob(read_request=read, jobs=desk.jobs, accept=desk.acceptor)


def test_a_post_is_accepted_for_its_client(desk: Desk) -> None:
    job = posting(desk)(POST)
    assert (job.client, job.idempotency_key, job.request.sent) == ("studio", "k", SENT)


def test_a_repeated_post_is_its_job_although_it_would_be_refused_now(desk: Desk) -> None:
    job = posting(desk)(POST)
    assert posting(desk, refusing)(POST).job_id == job.job_id


@pytest.mark.parametrize(
    "post",
    [
        replace(POST, idempotency_key=None),
        replace(POST, idempotency_key="another"),
        replace(POST, client="shop"),
        replace(POST, body=SENT | {"model": "b"}),
    ],
    ids=["no key", "another key", "another client", "another body"],
)
def test_a_refused_post_that_repeats_nothing_stays_refused(desk: Desk, post: JobPost) -> None:
    posting(desk)(POST)
    with pytest.raises(RequestRefused):
        posting(desk, refusing)(post)
    assert len(desk.jobs.by_id) == 1
