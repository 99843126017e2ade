from collections.abc import Callable
from dataclasses import replace
from typing import NoReturn

import pytest
from ringback.domain.errors import (
    FieldError,
    IdempotencyConflict,
    InputImageRefused,
    InvalidRequest,
    WrongState,
)
from ringback.domain.jobs import FINAL, ErrorKind, JobError, JobStatus
from ringback.use_cases.change_job import CancelJob, ResumeArchive, RetryJob
from ringback.use_cases.submit_job import AcceptJob

from tests.support.desk import CREATED, Desk, answering
from tests.support.in_memory import (
    InMemoryArchiveQueue,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
)
from tests.support.jobs import NOON, TASK, a_job

LOST = JobError(kind=ErrorKind.IMAGES_LOST, message="saved 1 of 2 images", may_be_charged=True)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_job_that_waits_for_its_turn_is_withdrawn_for_nothing(desk: Desk) -> None:
    job = a_job(queued_at=NOON)
    desk.jobs.create(job)
    cancel = CancelJob(jobs=desk.jobs, now=lambda: NOON)
    cancelled = cancel(job)
    assert (cancelled.status, cancelled.finished_at) == (JobStatus.CANCELLED, NOON)
    assert cancel(job) == cancelled
    assert answering(desk, CREATED).take_turn(job.job_id) == cancelled
    assert desk.provider.created == []


@pytest.mark.parametrize(
    "status", sorted(set(JobStatus) - {JobStatus.ACCEPTED, JobStatus.CANCELLED})
)
def test_a_job_that_may_be_paid_is_not_cancelled_and_says_why(status: JobStatus) -> None:
    jobs = InMemoryJobs()
    jobs.create(a_job(status))
    with pytest.raises(WrongState, match=f"it is {status}"):
        CancelJob(jobs=jobs, now=lambda: NOON)(a_job(status))
    assert jobs.get(a_job().job_id) == a_job(status)


def a_resume(jobs: InMemoryJobs, queues: InMemoryQueues) -> ResumeArchive:
    return ResumeArchive(
        jobs=jobs,
        checks=InMemoryCheckQueue(queues),
        archive=InMemoryArchiveQueue(queues),
        now=lambda: NOON,
    )


def test_of_a_job_that_was_given_up_the_provider_is_asked_once_more() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    job = a_job(JobStatus.EXPIRED, task_id=TASK, finished_at=NOON)
    jobs.create(job)
    assert a_resume(jobs, queues)(job) == job
    assert queues == InMemoryQueues(woken=[(job.job_id, TASK, 0)])


def test_copying_that_gave_up_is_resumed() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    job = a_job(JobStatus.ARCHIVE_FAILED, task_id=TASK, error=LOST, finished_at=NOON)
    jobs.create(job)
    resume = a_resume(jobs, queues)
    resumed = resume(job)
    assert (resumed.status, resumed.error, resumed.finished_at) == (JobStatus.ARCHIVING, None, None)
    assert resume(job) == resumed
    assert queues.archive == [(job.job_id, 1, 0)] * 2


@pytest.mark.parametrize(
    "status", sorted(set(JobStatus) - {JobStatus.ARCHIVE_FAILED, JobStatus.ARCHIVING})
)
def test_nothing_is_resumed_where_copying_did_not_fail(status: JobStatus) -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    jobs.create(a_job(status))
    resume = a_resume(jobs, queues)
    with pytest.raises(WrongState, match=f"the job is {status}"):
        resume(a_job(status))
    assert queues.archive == []


def test_a_resume_that_dies_half_way_leaves_somebody_to_look() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    jobs.create(a_job(JobStatus.ARCHIVE_FAILED))
    resume = a_resume(jobs, queues)

    def dies(*_: object, **__: object) -> NoReturn:
        raise OSError

    resume.archive.add = dies  # type: ignore[method-assign]
    with pytest.raises(OSError):
        resume(a_job(JobStatus.ARCHIVE_FAILED))
    assert jobs.get(a_job().job_id).status is JobStatus.ARCHIVING
    assert queues.due == [(a_job().job_id, 900)]


def test_a_resume_of_what_needs_none_arms_nothing() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    jobs.create(a_job(JobStatus.SUCCEEDED))
    with pytest.raises(WrongState):
        a_resume(jobs, queues)(a_job(JobStatus.SUCCEEDED))
    assert queues == InMemoryQueues()


def is_there(url: str, version: str) -> str:
    return version


def a_retry(
    accept: AcceptJob, *, pass_through: bool = False, look: Callable[[str, str], str] = is_there
) -> RetryJob:
    return RetryJob(accept=accept, pass_through=pass_through, look=look)


URL = "s3://drops/a.png"
OF_AN_IMAGE = a_job(
    JobStatus.FAILED, number=99, request=replace(a_job().request, input_images={URL: "v1"})
)


def test_a_retry_looks_at_the_versions_that_the_old_job_had(desk: Desk) -> None:
    looked: list[tuple[str, str]] = []

    def look(url: str, version: str) -> str:
        looked.append((url, version))
        return version

    new = a_retry(answering(desk, CREATED).acceptor, look=look)(OF_AN_IMAGE, idempotency_key=None)
    assert looked == [(URL, "v1")]
    assert new.request == OF_AN_IMAGE.request


def gone(url: str, version: str) -> NoReturn:
    raise InputImageRefused("there is no such object")


def test_a_retry_whose_image_is_gone_is_refused_before_it_is_paid(desk: Desk) -> None:
    with pytest.raises(InvalidRequest) as refused:
        a_retry(desk.acceptor, look=gone)(OF_AN_IMAGE, idempotency_key="k")
    assert refused.value.errors == (FieldError("input", f"{URL}: there is no such object"),)
    assert desk.jobs.by_id == {}


def test_a_repeated_retry_is_the_same_job_though_its_image_is_gone(desk: Desk) -> None:
    accept = answering(desk, CREATED).acceptor
    new = a_retry(accept)(OF_AN_IMAGE, idempotency_key="k")
    assert a_retry(accept, look=gone)(OF_AN_IMAGE, idempotency_key="k") == new


def test_a_repeated_retry_is_the_same_job_though_the_old_one_came_back_to_life(desk: Desk) -> None:
    old = a_job(JobStatus.EXPIRED, number=99)
    accept = answering(desk, CREATED).acceptor
    new = a_retry(accept)(old, idempotency_key="k")
    late = replace(old, status=JobStatus.ARCHIVING)
    assert a_retry(accept)(late, idempotency_key="k") == new
    with pytest.raises(WrongState):
        a_retry(accept)(late, idempotency_key="other")


def test_a_repeated_retry_is_the_same_job_though_its_model_may_pass_no_more(desk: Desk) -> None:
    old = a_job(JobStatus.FAILED, number=99, request=replace(a_job().request, checked=False))
    accept = answering(desk, CREATED).acceptor
    new = a_retry(accept, pass_through=True)(old, idempotency_key="k")
    assert a_retry(accept)(old, idempotency_key="k") == new


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_retry_is_a_new_job_that_names_the_old_one(desk: Desk, status: JobStatus) -> None:
    old = a_job(status, number=99)
    desk.jobs.create(old)
    retry = a_retry(answering(desk, CREATED).acceptor)
    new = retry(old, idempotency_key=None)
    assert new.job_id != old.job_id
    assert (new.retry_of, new.request, new.client) == (old.job_id, old.request, old.client)
    assert desk.jobs.get(old.job_id) == old


def test_a_repeated_retry_with_a_key_pays_once(desk: Desk) -> None:
    old = a_job(JobStatus.EXPIRED, number=99)
    retry = a_retry(answering(desk, CREATED).acceptor)
    assert retry(old, idempotency_key="k") == retry(old, idempotency_key="k")
    assert len(desk.provider.created) == 1
    with pytest.raises(IdempotencyConflict):
        retry(a_job(JobStatus.FAILED, number=98), idempotency_key="k")


@pytest.mark.parametrize("status", sorted(set(JobStatus) - FINAL))
def test_a_job_that_may_still_end_well_is_not_retried(desk: Desk, status: JobStatus) -> None:
    with pytest.raises(WrongState):
        a_retry(desk.acceptor, pass_through=True)(a_job(status), idempotency_key=None)
    assert desk.provider.created == []


def test_unchecked_input_is_sent_again_only_while_it_may_be(desk: Desk) -> None:
    unchecked = replace(a_job().request, checked=False)
    old = a_job(JobStatus.FAILED, number=99, request=unchecked)
    accept = answering(desk, CREATED).acceptor
    with pytest.raises(WrongState, match="catalogue"):
        a_retry(accept)(old, idempotency_key=None)
    assert desk.provider.created == []
    new = a_retry(accept, pass_through=True)(old, idempotency_key=None)
    assert new.request == unchecked
