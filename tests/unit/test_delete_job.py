"""Jobs are deleted once they have ended, and whatever arrives afterwards changes nothing."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from ringback.aws.queues import MAX_DELAY
from ringback.domain.deletion import kept, refuse_while_deleting
from ringback.domain.errors import (
    InvalidRequest,
    JobDeleted,
    NotTold,
    TransferInterrupted,
    UnknownJob,
    WrongState,
)
from ringback.domain.jobs import ENDED, FINAL, GONE, Job, JobId, JobStatus
from ringback.use_cases.delete_job import LAST_LOOK, DeleteJob, RequestDeletion

from tests.support.deletions import InMemoryDeleteQueue, InMemoryDeletions, tombstone_of
from tests.support.in_memory import InMemoryJobs, InMemoryTold
from tests.support.jobs import NOON, a_job, a_job_id, a_request
from tests.support.template import resources

LATER = NOON + timedelta(seconds=5)


@dataclass
class Objects:
    """Counts how often the objects of each job were deleted; fails for the first ``failures``."""

    failures: int = 0
    deleted: list[JobId] = field(default_factory=list)

    def delete_all(self, job_id: JobId) -> None:
        if self.failures:
            self.failures -= 1
            raise TransferInterrupted("S3 did not delete 1 objects")
        self.deleted.append(job_id)


class Deleting:
    def __init__(self, *jobs: Job, failures: int = 0) -> None:
        self.jobs, self.queue, self.objects = (
            InMemoryJobs(),
            InMemoryDeleteQueue(),
            Objects(failures),
        )
        for job in jobs:
            self.jobs.create(job)
        self.deletions, self.told = InMemoryDeletions(self.jobs), InMemoryTold()
        self.now = LATER
        self.request = RequestDeletion(
            deletions=self.deletions, queue=self.queue, now=lambda: self.now
        )
        self.delete = DeleteJob(
            jobs=self.jobs,
            objects=self.objects,
            deletions=self.deletions,
            told=self.told,
            now=lambda: self.now,
        )

    @property
    def job(self) -> Job:
        return self.jobs.get(a_job_id())


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_job_that_has_ended_is_deleted(status: JobStatus) -> None:
    job = a_job(status, idempotency_key="k")
    world = Deleting(job)
    requested = world.request(job)
    assert requested == replace(job, status=JobStatus.DELETING, updated_at=LATER, changes=1)
    assert world.queue.sent == [(job.job_id, LAST_LOOK), (job.job_id, 0)]
    assert world.delete(job.job_id) == world.job == tombstone_of(requested, at=LATER)
    assert (world.objects.deleted, world.deletions.forgotten) == ([job.job_id], [job.job_id])


def test_a_tombstone_has_no_word_of_its_client() -> None:
    job = a_job(JobStatus.FAILED, source="requests/a.csv", row=7, retry_of=a_job_id(7))
    left = tombstone_of(job, at=LATER)
    assert (left.job_id, left.client, left.updated_at) == (job.job_id, job.client, LATER)
    assert (left.request.model, left.request.input, left.request.sent) == ("", {}, {})
    assert (left.source, left.row, left.retry_of, left.task_id, left.images) == (
        *(None, None, None, None),
        (),
    )


@pytest.mark.parametrize("status", sorted(set(JobStatus) - ENDED))
def test_a_job_that_is_under_way_is_not_deleted(status: JobStatus) -> None:
    world = Deleting(a_job(status))
    with pytest.raises(WrongState, match=f"it is {status}"):
        world.request(a_job(status))
    assert (world.job, world.queue.sent) == (a_job(status), [])


@pytest.mark.parametrize("status", sorted(set(JobStatus) - ENDED))
def test_a_job_that_goes_on_meanwhile_is_not_deleted(status: JobStatus) -> None:
    """A late success reopens a failed job. The message that was sent then does nothing."""
    world = Deleting(a_job(status))
    with pytest.raises(WrongState, match=f"it is {status}"):
        world.request(a_job(JobStatus.FAILED))
    assert world.queue.sent == [(a_job_id(), LAST_LOOK)]
    assert world.delete(a_job_id()) == world.job == a_job(status)
    assert world.objects.deleted == []


def test_a_request_may_be_repeated() -> None:
    world = Deleting(a_job(JobStatus.SUCCEEDED))
    requested = world.request(world.job)
    assert world.request(world.job) == requested
    assert world.queue.sent[2:] == [(a_job_id(), 0)]
    world.delete(a_job_id())
    with pytest.raises(JobDeleted):
        world.request(a_job(JobStatus.SUCCEEDED))


def test_where_deleting_is_disabled_nothing_is_begun() -> None:
    world = Deleting(a_job(JobStatus.SUCCEEDED))
    with pytest.raises(InvalidRequest):
        replace(world.request, queue=None)(world.job)
    assert world.job == a_job(JobStatus.SUCCEEDED)


@pytest.mark.parametrize("status", sorted(set(JobStatus) - GONE))
def test_a_message_alone_deletes_nothing(status: JobStatus) -> None:
    """The request that sent it may have crashed before it was recorded."""
    world = Deleting(a_job(status))
    assert world.delete(a_job_id()) == world.job == a_job(status)
    assert (world.objects.deleted, world.deletions.forgotten) == ([], [])


def test_as_long_as_an_object_is_left_the_record_says_so() -> None:
    world = Deleting(a_job(JobStatus.SUCCEEDED), failures=1)
    requested = world.request(world.job)
    with pytest.raises(TransferInterrupted):
        world.delete(a_job_id())
    assert (world.job, world.deletions.forgotten) == (requested, [])
    world.delete(a_job_id())
    assert world.job.status is JobStatus.DELETED


def test_of_a_forgotten_job_nothing_is_deleted() -> None:
    """Its deletion cannot have begun: the delayed message is sent before the record is asked."""
    world = Deleting()
    assert world.delete(a_job_id()) is None
    assert world.objects.deleted == []


def test_the_last_look_deletes_what_was_written_meanwhile() -> None:
    world = Deleting(a_job(JobStatus.SUCCEEDED))
    world.request(world.job)
    world.delete(a_job_id())
    left = world.job
    assert world.delete(a_job_id()) == world.job == left
    assert (len(world.objects.deleted), len(world.deletions.forgotten)) == (2, 2)


def test_a_record_that_is_forgotten_meanwhile_is_no_job() -> None:
    world = Deleting()
    with pytest.raises(UnknownJob):
        world.request(a_job(JobStatus.SUCCEEDED))


def test_who_had_read_the_job_has_ended_before_the_last_look() -> None:
    """What they write is then there to be deleted."""
    longest = max(each["Timeout"] for each in resources("AWS::Serverless::Function").values())
    asking = resources("AWS::Serverless::Function")["ChangeJobFunction"]["Timeout"]
    assert longest + asking < LAST_LOOK <= MAX_DELAY


TOLD_JOB = a_job(
    JobStatus.FAILED, changes=3, request=replace(a_request(), call_back_url="https://h.example")
)


def test_once_its_deletion_was_told_its_receiver_is_forgotten() -> None:
    world = Deleting(TOLD_JOB)
    world.request(TOLD_JOB)
    left = world.delete(a_job_id())
    assert left == world.job
    assert left is not None
    assert left.request.call_back_url == TOLD_JOB.request.call_back_url
    world.told.add([left])
    world.now += timedelta(seconds=LAST_LOOK)
    world.delete(a_job_id())
    assert world.job == replace(left, request=replace(left.request, call_back_url=None))


def test_a_deletion_that_was_not_told_is_told_again_until_it_was() -> None:
    """That the job has ended was told: that is another change."""
    world = Deleting(TOLD_JOB)
    world.told.add([world.request(TOLD_JOB)])
    left = world.delete(a_job_id())
    # SQS delivers a message twice. The listener may still be at it.
    assert world.delete(a_job_id()) == left == world.job
    for _ in range(2):
        world.now += timedelta(seconds=LAST_LOOK)
        with pytest.raises(NotTold):
            world.delete(a_job_id())
        assert left is not None
        assert world.job == replace(left, tell_again_at=world.now)
    world.told.add([world.job])
    world.delete(a_job_id())
    assert world.job.request.call_back_url is None


@pytest.mark.parametrize("late", [0, 60, LAST_LOOK / 2])
def test_a_message_that_another_one_follows_waits_for_nothing(late: float) -> None:
    world = Deleting(TOLD_JOB)
    world.request(TOLD_JOB)
    world.now += timedelta(seconds=late)
    assert world.delete(a_job_id()) == world.job


@pytest.mark.parametrize("late", [LAST_LOOK / 2 + 1, LAST_LOOK, 86_400])
def test_a_message_that_may_be_the_last_comes_again(late: float) -> None:
    """Nothing else would see that what it has done is told."""
    world = Deleting(TOLD_JOB)
    world.request(TOLD_JOB)
    world.now += timedelta(seconds=late)
    with pytest.raises(NotTold):
        world.delete(a_job_id())
    world.told.add([world.job])
    assert world.delete(a_job_id()) is not None
    assert world.job.request.call_back_url is None


@pytest.mark.parametrize("late", [0, LAST_LOOK])
def test_where_nothing_is_told_nothing_is_waited_for(late: int) -> None:
    world = Deleting(TOLD_JOB)
    delete = replace(world.delete, told=None)
    world.request(TOLD_JOB)
    for _ in range(2):
        world.now += timedelta(seconds=late)
        delete(a_job_id())
    assert (world.job.status, world.job.request.call_back_url) == (JobStatus.DELETED, None)


@pytest.mark.parametrize("status", JobStatus)
def test_what_is_deleted_is_told_by_its_state(status: JobStatus) -> None:
    job = a_job(status)
    if status in GONE:
        with pytest.raises(JobDeleted):
            kept(job)
    else:
        assert kept(job) == job
    if status is JobStatus.DELETING:
        with pytest.raises(WrongState, match="being deleted"):
            refuse_while_deleting(job)
    else:
        refuse_while_deleting(job)
