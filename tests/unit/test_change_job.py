from typing import NoReturn

import pytest
from ringback.domain.errors import WrongState
from ringback.domain.jobs import ErrorKind, JobError, JobStatus
from ringback.use_cases.change_job import CancelJob, ResumeArchive

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
