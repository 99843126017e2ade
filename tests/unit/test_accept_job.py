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
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import ErrorKind, Job, JobId, JobRequest, JobStatus
from ringback.domain.verdicts import TaskRefused
from ringback.use_cases.accept_job import AcceptJob, NewJob, PostJob
from ringback.use_cases.ports import SubmitQueue

from tests.support.harness import CREATED, Harness, answering
from tests.support.in_memory import InMemorySubmitQueue
from tests.support.jobs import NOON, a_job_id, a_request

NEW = NewJob(request=a_request(), client="studio")
DROPPED = DroppedJob(job_id=a_job_id(77), source="recipes/fox/1.jpg")


@pytest.fixture
def harness() -> Harness:
    return Harness()


@dataclass
class BrokenQueue:
    """Fails as SQS does; ``sends`` is whether it delivers the message all the same."""

    harness: Harness
    sends: bool = False
    then: Callable[[], object] = field(default=lambda: None)

    def add(self, job_id: JobId, *, delay: int, slot: int | None) -> None:
        if self.sends:
            InMemorySubmitQueue(self.harness.queues).add(job_id, delay=delay, slot=slot)
        self.then()
        raise TryAgain("not confirmed")


def accepting(harness: Harness, queue: SubmitQueue) -> AcceptJob:
    return replace(harness.acceptor, queue=queue)


def test_accepting_records_and_queues_a_job(harness: Harness) -> None:
    harness.acceptor(NEW)
    job = harness.jobs.get(a_job_id(1))
    assert (job.status, job.client, job.request) == (JobStatus.ACCEPTED, "studio", NEW.request)
    assert (job.created_at, job.attempts) == (NOON, 0)
    assert job.deadline_at == NOON + timedelta(minutes=15)
    assert job.forget_at == NOON + timedelta(days=365)
    assert harness.queues.due == [(job.job_id, 900)]
    assert harness.queues.submit == [(job.job_id, 0, None)]
    assert harness.provider.created == []


def test_the_check_is_sent_before_anything_is_recorded(harness: Harness) -> None:
    def crash(job: Job) -> None:
        raise RuntimeError

    harness.jobs.create = crash  # type: ignore[method-assign, assignment]
    with pytest.raises(RuntimeError):
        harness.acceptor(NEW)
    assert harness.queues.due == [(a_job_id(1), 900)]
    assert harness.queues.submit == []


def test_without_callbacks_the_first_check_is_early(harness: Harness) -> None:
    harness.provider.calls_back = False
    harness.acceptor(NEW)
    [(_, delay)] = harness.queues.due
    assert delay < 60


def test_a_repeated_key_returns_the_job_queued_once(harness: Harness) -> None:
    keyed = replace(NEW, idempotency_key="k")
    first = harness.acceptor(keyed)
    assert harness.acceptor(keyed).job_id == first.job_id
    assert len(harness.queues.submit) == len(harness.jobs.by_id) == 1


def test_a_repeated_key_returns_the_current_state(harness: Harness) -> None:
    first = answering(harness, CREATED).accept(key="k")
    assert harness.acceptor(replace(NEW, idempotency_key="k")) == first
    assert first.status is JobStatus.RUNNING


def test_a_key_with_another_request_is_a_conflict(harness: Harness) -> None:
    answering(harness, CREATED).accept(key="k")
    with pytest.raises(IdempotencyConflict):
        harness.accept(key="k", seed=7)


def test_without_a_key_every_request_is_a_new_job(harness: Harness) -> None:
    harness.acceptor(NEW)
    harness.acceptor(NEW)
    assert len(harness.jobs.by_id) == len(harness.queues.submit) == 2


def test_a_crashed_request_is_resumed_by_its_key(harness: Harness) -> None:
    def crash() -> None:
        raise KeyboardInterrupt

    keyed = replace(NEW, idempotency_key="k")
    with pytest.raises(KeyboardInterrupt):
        accepting(harness, BrokenQueue(harness, then=crash))(keyed)
    assert harness.acceptor(keyed).job_id == a_job_id(1)
    assert harness.queues.submit == [(a_job_id(1), 0, None)]


@pytest.mark.parametrize("sends", [False, True], ids=["not sent", "sent after all"])
def test_an_unqueued_job_is_failed_and_never_sent(
    harness: Harness,
    sends: bool,  # noqa: FBT001
) -> None:
    """The client gets 503 and has no key: a repeated request makes another job."""
    with pytest.raises(TryAgain):
        accepting(harness, BrokenQueue(harness, sends=sends))(NEW)
    job = harness.deliver(harness.jobs.get(a_job_id(1)))
    assert (job.status, job.finished_at) == (JobStatus.FAILED, NOON)
    assert job.error is not None
    assert (job.error.kind, job.error.may_be_charged) == (ErrorKind.NOT_SUBMITTED, False)
    assert harness.provider.created == []


def test_a_job_sent_despite_an_error_is_returned(harness: Harness) -> None:
    def submit() -> None:
        answering(harness, CREATED).deliver(harness.jobs.get(a_job_id(1)))

    job = accepting(harness, BrokenQueue(harness, sends=True, then=submit))(NEW)
    assert job.status is JobStatus.RUNNING


def test_a_job_that_the_provider_refused_meanwhile_was_not_withdrawn(harness: Harness) -> None:
    """It is answered as it stands: the provider has seen it, so "not bought" would be a guess."""

    def submit() -> None:
        refused = TaskRefused(code="422", message="no")
        answering(harness, refused).deliver(harness.jobs.get(a_job_id(1)))

    job = accepting(harness, BrokenQueue(harness, sends=True, then=submit))(NEW)
    assert job.status is JobStatus.FAILED
    assert job.error is not None
    assert job.error.kind is ErrorKind.REFUSED


@pytest.mark.parametrize(
    "new",
    [replace(NEW, idempotency_key="k"), replace(NEW, client="drop", dropped=DROPPED)],
    ids=["with a key", "of a drop"],
)
def test_an_unqueued_job_with_a_key_is_kept_for_the_repeat(harness: Harness, new: NewJob) -> None:
    with pytest.raises(TryAgain):
        accepting(harness, BrokenQueue(harness))(new)
    job = harness.acceptor(new)
    assert job.status is JobStatus.ACCEPTED
    assert harness.queues.submit == [(job.job_id, 0, None)]
    assert len(harness.jobs.by_id) == 1


def test_a_client_that_was_told_503_is_told_of_on_its_job(harness: Harness) -> None:
    """Then nobody but its repeat queues the job (docs/decisions/0022)."""
    keyed = replace(NEW, idempotency_key="k")
    with pytest.raises(TryAgain):
        accepting(harness, BrokenQueue(harness))(keyed)
    assert harness.jobs.get(a_job_id(1)).not_queued_at == NOON
    harness.acceptor(keyed)
    queued = harness.jobs.get(a_job_id(1))
    assert (queued.queued_at, queued.not_queued_at) == (NOON, None)


def test_a_dropped_row_has_no_client_to_tell(harness: Harness) -> None:
    with pytest.raises(TryAgain):
        accepting(harness, BrokenQueue(harness))(replace(NEW, client="drop", dropped=DROPPED))
    assert harness.jobs.get(DROPPED.job_id).not_queued_at is None


def test_a_table_that_is_down_as_well_does_not_change_the_answer(harness: Harness) -> None:
    def fail(job_id: JobId, *, at: datetime) -> None:
        raise OSError

    harness.jobs.mark_not_queued = fail  # type: ignore[method-assign]
    with pytest.raises(TryAgain):
        accepting(harness, BrokenQueue(harness))(replace(NEW, idempotency_key="k"))


def test_a_job_is_accepted_once_its_message_is_sent(harness: Harness) -> None:
    """Otherwise a client without a key would repeat the request and pay twice."""

    def fail(job_id: JobId, *, at: datetime) -> None:
        raise OSError

    harness.jobs.mark_queued = fail  # type: ignore[method-assign]
    assert harness.acceptor(replace(NEW, idempotency_key="k")).status is JobStatus.ACCEPTED
    assert harness.queues.submit == [(a_job_id(1), 0, None)]


@pytest.mark.parametrize(("key", "marked"), [("k", NOON), (None, None)])
def test_only_a_job_whose_request_may_be_repeated_is_marked(
    harness: Harness, key: str | None, marked: datetime | None
) -> None:
    harness.acceptor(replace(NEW, idempotency_key=key))
    assert harness.jobs.get(a_job_id(1)).queued_at == marked
    assert harness.queues.submit == [(a_job_id(1), 0, None)]


# ------------------------------------------------------------------ posts


SENT = {"model": "a", "input": {"prompt": "kite"}}
POST = JobPost(client="studio", idempotency_key="k", body=SENT)


def reading(body: Mapping[str, Any], client: str) -> JobRequest:
    return replace(a_request(), sent=dict(body))


def refusing(body: Mapping[str, Any], client: str) -> JobRequest:
    raise InvalidRequest([FieldError("input", "the image is gone")])


def posting(
    harness: Harness, read: Callable[[Mapping[str, Any], str], JobRequest] = reading
) -> PostJob:
    return PostJob(read_request=read, jobs=harness.jobs, accept=harness.acceptor)


def test_a_post_is_accepted_for_its_client(harness: Harness) -> None:
    job = posting(harness)(POST)
    assert (job.client, job.idempotency_key, job.request.sent) == ("studio", "k", SENT)


def test_a_repeated_post_returns_its_job_despite_a_new_refusal(harness: Harness) -> None:
    job = posting(harness)(POST)
    assert posting(harness, refusing)(POST).job_id == job.job_id


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
def test_a_refused_post_without_an_earlier_job_stays_refused(
    harness: Harness, post: JobPost
) -> None:
    posting(harness)(POST)
    with pytest.raises(RequestRefused):
        posting(harness, refusing)(post)
    assert len(harness.jobs.by_id) == 1


FAULTY = replace(POST, faults=(FieldError("Idempotency-Key", "must be one quoted string"),))


@pytest.mark.parametrize(
    ("read", "named"),
    [(reading, ["Idempotency-Key"]), (refusing, ["Idempotency-Key", "input"])],
    ids=["body right", "body wrong"],
)
def test_a_post_with_a_fault_makes_no_job_and_tells_of_all(
    harness: Harness, read: Callable[[Mapping[str, Any], str], JobRequest], named: list[str]
) -> None:
    """Nor is it the repeat of an earlier one."""
    posting(harness)(POST)
    post = posting(harness, read)
    for call in (post, post.dry_run):
        with pytest.raises(InvalidRequest) as refused:
            call(FAULTY)
        assert [error.field for error in refused.value.errors] == named
    assert len(harness.jobs.by_id) == 1
