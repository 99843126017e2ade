from typing import NoReturn

import pytest
from ringback.domain.checks import Check
from ringback.domain.errors import WrongState
from ringback.domain.jobs import ENDED, GONE, ErrorKind, JobError, JobStatus
from ringback.use_cases.change_job import CancelJob, ResumeArchive

from tests.support.harness import CREATED, Harness, answering
from tests.support.in_memory import (
    InMemoryArchiveQueue,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
)
from tests.support.jobs import NOON, TASK, a_job

LOST = JobError(kind=ErrorKind.IMAGES_LOST, message="saved 1 of 2 images", may_be_charged=True)


@pytest.fixture
def harness() -> Harness:
    return Harness()


def test_a_waiting_job_is_cancelled_free_of_charge(harness: Harness) -> None:
    job = a_job(queued_at=NOON)
    harness.jobs.create(job)
    cancel = CancelJob(jobs=harness.jobs, now=lambda: NOON)
    cancelled = cancel(job)
    assert (cancelled.status, cancelled.finished_at) == (JobStatus.CANCELLED, NOON)
    assert cancel(job) == cancelled
    assert answering(harness, CREATED).take_turn(job.job_id) == cancelled
    assert harness.provider.created == []


@pytest.mark.parametrize(
    "status", sorted(set(JobStatus) - {JobStatus.ACCEPTED, JobStatus.CANCELLED})
)
def test_a_job_that_may_be_paid_is_not_cancelled(status: JobStatus) -> None:
    jobs = InMemoryJobs()
    jobs.create(a_job(status))
    reason = "has ended" if status in ENDED else "is with the provider and may be charged"
    with pytest.raises(WrongState, match=f"the job {reason}; it is {status}"):
        CancelJob(jobs=jobs, now=lambda: NOON)(a_job(status))
    assert jobs.get(a_job().job_id) == a_job(status)


def a_resume(jobs: InMemoryJobs, queues: InMemoryQueues) -> ResumeArchive:
    return ResumeArchive(
        jobs=jobs,
        checks=InMemoryCheckQueue(queues),
        archive=InMemoryArchiveQueue(queues),
        now=lambda: NOON,
    )


def test_an_expired_job_is_checked_once_more() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    job = a_job(JobStatus.EXPIRED, task_id=TASK, finished_at=NOON)
    jobs.create(job)
    assert a_resume(jobs, queues)(job) == job
    assert queues == InMemoryQueues(claims=[(job.job_id, TASK, 0)])


def test_a_result_in_which_no_image_was_found_is_read_again() -> None:
    """A later version may know its shape, and the provider has its record for days."""
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    error = JobError(kind=ErrorKind.NO_IMAGES, message="no image", may_be_charged=True)
    job = a_job(JobStatus.FAILED, task_id=TASK, error=error, finished_at=NOON)
    jobs.create(job)
    assert a_resume(jobs, queues)(job) == job
    [(check, delay)] = queues.sent_checks
    assert check == Check(job_id=job.job_id, claimed_task=TASK, contradicts_failure=True)
    assert delay == 0


@pytest.mark.parametrize("kind", sorted(set(ErrorKind) - {ErrorKind.NO_IMAGES}))
def test_any_other_failure_stays(kind: ErrorKind) -> None:
    jobs = InMemoryJobs()
    job = a_job(JobStatus.FAILED, task_id=TASK, error=JobError(kind=kind, message="no"))
    jobs.create(job)
    with pytest.raises(WrongState):
        a_resume(jobs, InMemoryQueues())(job)


def test_a_failed_copy_is_resumed() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    job = a_job(JobStatus.ARCHIVE_FAILED, task_id=TASK, error=LOST, finished_at=NOON)
    jobs.create(job)
    resume = a_resume(jobs, queues)
    resumed = resume(job)
    assert (resumed.status, resumed.error, resumed.finished_at) == (JobStatus.ARCHIVING, None, None)
    assert resume(job) == resumed
    assert queues.archive == [(job.job_id, 1, 0)] * 2


@pytest.mark.parametrize(
    "status", sorted(set(JobStatus) - {JobStatus.ARCHIVE_FAILED, JobStatus.ARCHIVING} - GONE)
)
def test_only_a_failed_copy_is_resumed(status: JobStatus) -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    jobs.create(a_job(status))
    resume = a_resume(jobs, queues)
    with pytest.raises(WrongState, match=f"the job is {status}"):
        resume(a_job(status))
    assert queues.archive == []


def test_what_is_being_deleted_is_not_copied_again() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    unread = JobError(kind=ErrorKind.NO_IMAGES, message="no image", may_be_charged=True)
    job = a_job(JobStatus.DELETING, task_id=TASK, error=unread)
    jobs.create(job)
    with pytest.raises(WrongState, match="being deleted"):
        a_resume(jobs, queues)(job)
    assert queues == InMemoryQueues()


def test_a_resume_that_crashes_leaves_a_check() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    jobs.create(a_job(JobStatus.ARCHIVE_FAILED))
    resume = a_resume(jobs, queues)

    def crashes(*_: object, **__: object) -> NoReturn:
        raise OSError

    resume.archive.add = crashes  # type: ignore[method-assign]
    with pytest.raises(OSError):
        resume(a_job(JobStatus.ARCHIVE_FAILED))
    assert jobs.get(a_job().job_id).status is JobStatus.ARCHIVING
    assert queues.due == [(a_job().job_id, 900)]


def test_a_needless_resume_queues_no_check() -> None:
    jobs, queues = InMemoryJobs(), InMemoryQueues()
    jobs.create(a_job(JobStatus.SUCCEEDED))
    with pytest.raises(WrongState):
        a_resume(jobs, queues)(a_job(JobStatus.SUCCEEDED))
    assert queues == InMemoryQueues()
