"""Marks of what was told: the fake and the table answer alike."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import boto3
import pytest
from ringback.aws.deletions import DeletionTable
from ringback.aws.job_table import JobTable
from ringback.aws.table_items import job_key, told_key
from ringback.aws.told_jobs import ToldJobs
from ringback.aws.told_marks import MAX_ATTEMPTS, ToldTable
from ringback.domain.errors import NotTold
from ringback.domain.jobs import Job, JobStatus
from ringback.use_cases.event_ports import ToldMarks

from tests.support.aws import Cloud
from tests.support.in_memory import InMemoryJobs, InMemoryTold, InMemoryToldJobs
from tests.support.jobs import NOON, a_job, a_job_id
from tests.support.streams import is_told

JOBS = [a_job(JobStatus.FAILED, number=number, changes=number + 1) for number in range(60)]


@pytest.fixture(params=["in_memory", "dynamo_db"])
def told(request: pytest.FixtureRequest, cloud: Cloud) -> ToldMarks:
    return InMemoryTold() if request.param == "in_memory" else ToldTable.connect(cloud.table)


def test_marks_are_read_back(told: ToldMarks) -> None:
    told.add(JOBS)
    assert [told.changes_told(job.job_id) for job in JOBS] == [job.changes for job in JOBS]
    assert told.changes_told(a_job_id(99)) == 0


def test_the_last_change_counts(told: ToldMarks) -> None:
    """A batch may have two ends of a job, and DynamoDB refuses a request with one key twice."""
    told.add([JOBS[0], replace(JOBS[0], changes=5)])
    assert told.changes_told(a_job_id()) == 5
    told.add([])


def test_a_mark_is_kept_as_long_as_its_job_and_is_in_no_index(cloud: Cloud) -> None:
    marks = ToldTable(boto3.client("dynamodb"), cloud.table, lambda: NOON)
    marks.add(JOBS[:1])
    assert (marks.told_at(a_job_id()), marks.told_at(a_job_id(99))) == (NOON, None)
    found = boto3.client("dynamodb").get_item(TableName=cloud.table, Key=told_key(a_job_id()))
    inserted = {"Keys": told_key(a_job_id()), "NewImage": found["Item"]}
    # Whoever is told of it would write another one, without end.
    assert not is_told({"eventName": "INSERT", "dynamodb": inserted})
    assert found["Item"] == {
        "job_id": {"S": f"told#{a_job_id()}"},
        "changes": {"N": "1"},
        "told_at": {"N": str(int(NOON.timestamp() * 1000))},
        "forget_at": {"N": str(int(JOBS[0].forget_at.timestamp()))},
    }


ENDED = a_job(JobStatus.FAILED, changes=2)


@pytest.mark.parametrize(
    ("job", "told", "is_found"),
    [
        (ENDED, 2, True),
        (ENDED, 3, True),
        (ENDED, 1, False),
        (replace(ENDED, changes=1), None, False),
        # It ended before changes were counted.
        (a_job(JobStatus.SUCCEEDED), None, True),
        # It ended, was told, and goes on.
        (a_job(JobStatus.ARCHIVING, changes=3), 3, False),
        (None, 2, False),
    ],
)
def test_a_job_is_found_that_has_ended_and_was_told(
    cloud: Cloud, job: Job | None, told: int | None, *, is_found: bool
) -> None:
    fake, fake_marks = InMemoryJobs(), InMemoryTold()
    if job:
        JobTable.connect(cloud.table).create(job)
        fake.create(job)
    if told is not None:
        ToldTable.connect(cloud.table).add([replace(ENDED, changes=told)])
        fake_marks.add([replace(ENDED, changes=told)])
    asked = [a_job_id(), a_job_id(7), a_job_id()]
    found = ToldJobs.connect(cloud.table).of(asked)
    assert found == InMemoryToldJobs(fake, fake_marks).of(asked)
    assert found == ({a_job_id(): job} if is_found else {})


def test_a_job_that_is_being_deleted_or_unreadable_is_not_found(cloud: Cloud) -> None:
    jobs, told = JobTable.connect(cloud.table), ToldTable.connect(cloud.table)
    many = [a_job(JobStatus.FAILED, number=number, changes=2) for number in range(3)]
    for job in many:
        jobs.create(job)
    told.add([replace(job, changes=9) for job in many])
    DeletionTable.connect(cloud.table).begin(many[0], at=NOON)
    broken = boto3.client("dynamodb").get_item(TableName=cloud.table, Key=job_key(many[1].job_id))
    del broken["Item"]["created_at"]
    boto3.client("dynamodb").put_item(TableName=cloud.table, Item=broken["Item"])
    found = ToldJobs.connect(cloud.table).of([job.job_id for job in many])
    assert found == {many[2].job_id: many[2]}


def test_jobs_that_were_told_are_read_at_half_the_price(cloud: Cloud) -> None:
    reads, seen = ToldJobs.connect(cloud.table), list[bool]()

    def note(params: dict[str, Any], **_: Any) -> None:
        seen.append(params["RequestItems"][cloud.table]["ConsistentRead"])

    event = "provide-client-params.dynamodb.BatchGetItem"
    reads._client.meta.events.register(event, note)
    try:
        assert reads.of([a_job_id()]) == {}
    finally:
        reads._client.meta.events.unregister(event, note)
    assert seen == [False]


class Client:
    """Leaves some of what it is given unwritten."""

    def __init__(self, leaves: Callable[[list[Any]], list[Any]]) -> None:
        self.leaves, self.sizes = leaves, list[int]()

    def batch_write_item(self, *, RequestItems: dict[str, list[Any]]) -> dict[str, Any]:  # noqa: N803
        puts = RequestItems["jobs"]
        self.sizes.append(len(puts))
        left = self.leaves(puts)
        return {"UnprocessedItems": {"jobs": left} if left else {}}


def test_only_what_was_left_is_written_again() -> None:
    client: Any = Client(lambda puts: puts[20:])
    ToldTable(client, "jobs").add(JOBS[:30])
    assert client.sizes == [25, 5, 5]


def test_marks_that_stay_unwritten_are_an_error() -> None:
    client: Any = Client(lambda puts: puts[:1])
    with pytest.raises(NotTold):
        ToldTable(client, "jobs").add(JOBS[:3])
    assert client.sizes == [3, *[1] * (MAX_ATTEMPTS - 1)]
