"""Every write of a job raises its revision, of which its ``ETag`` is made (docs/decisions/0069)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import boto3
import pytest
from ringback.aws.deletions import DeletionTable
from ringback.aws.job_items import RAISE, REVISION
from ringback.aws.job_table import JobTable
from ringback.aws.table_items import job_key
from ringback.domain.images import Quarantined, Remains
from ringback.domain.jobs import Job, JobStatus
from ringback.use_cases.deletion_ports import DeletionStore
from ringback.use_cases.ports import JobReader, JobStore

from tests.support.aws import Cloud
from tests.support.deletions import InMemoryDeletions
from tests.support.in_memory import InMemoryJobs
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_stored_image
from tests.support.lambdas import unraised_writes

LATER: Final = NOON + timedelta(seconds=5)
KEPT: Final = Quarantined(number=1, key="k", remains=Remains(bytes=1, sha256="0"), reason="?")

Stores = tuple[JobStore, DeletionStore]
ACCEPTED: Final = a_job()
ARCHIVING: Final = a_job(JobStatus.ARCHIVING)
FAILED: Final = a_job(JobStatus.FAILED)
TO_BE_TOLD: Final = replace(
    FAILED, request=replace(FAILED.request, call_back_url="https://receiver.example/hook")
)
SUCCEEDED: Final = a_job(JobStatus.SUCCEEDED, images=(a_stored_image(),), changes=3)


def buried(deletions: DeletionStore, job: Job) -> Job:
    return deletions.bury(deletions.begin(job, at=LATER).job, at=LATER)


# Each method that writes a job: the job before, and the call.
WRITES: Final[dict[str, tuple[Job, Callable[[Any, Any], object]]]] = {
    "move": (
        ACCEPTED,
        lambda jobs, _: jobs.move(
            a_job_id(), expect=[JobStatus.ACCEPTED], to=JobStatus.CANCELLED, at=LATER
        ),
    ),
    "tell_again": (SUCCEEDED, lambda jobs, _: jobs.tell_again(a_job_id(), changes=3, at=LATER)),
    "mark_queued": (ACCEPTED, lambda jobs, _: jobs.mark_queued(a_job_id(), at=LATER)),
    "mark_not_queued": (ACCEPTED, lambda jobs, _: jobs.mark_not_queued(a_job_id(), at=LATER)),
    "keep_task": (FAILED, lambda jobs, _: jobs.keep_task(a_job_id(), TASK)),
    "add_images": (
        ARCHIVING,
        lambda jobs, _: jobs.add_images(a_job_id(), a_stored_image(), at=LATER),
    ),
    "add_quarantined": (ARCHIVING, lambda jobs, _: jobs.add_quarantined(a_job_id(), (KEPT,))),
    "add_thumbnails": (SUCCEEDED, lambda jobs, _: jobs.add_thumbnails(a_job_id(), {1: "k"})),
    "begin": (FAILED, lambda _, deletions: deletions.begin(FAILED, at=LATER)),
    "bury": (FAILED, lambda _, deletions: buried(deletions, FAILED)),
    "tell_again of a tombstone": (
        FAILED,
        lambda _, deletions: deletions.tell_again(buried(deletions, FAILED), at=LATER),
    ),
    "forget_receiver": (
        TO_BE_TOLD,
        lambda _, deletions: deletions.forget_receiver(buried(deletions, TO_BE_TOLD)),
    ),
}
# How often each writes, where that is not once.
TIMES: Final = {"bury": 2, "tell_again of a tombstone": 3, "forget_receiver": 3}
WRITTEN_AGAIN: Final = {
    *("tell_again", "mark_queued", "mark_not_queued"),
    *("add_quarantined", "add_thumbnails"),
    "tell_again of a tombstone",
}
# It makes the job, and it writes beside the job.
OTHERS: Final = {"create", "forget_details"}


@pytest.fixture(params=["in_memory", "dynamo_db"])
def stores(request: pytest.FixtureRequest) -> Stores:
    if request.param == "in_memory":
        jobs = InMemoryJobs()
        return jobs, InMemoryDeletions(jobs)
    table = request.getfixturevalue("cloud").table
    return JobTable.connect(table), DeletionTable.connect(table)


def methods(port: type) -> set[str]:
    return {name for name in dir(port) if not name.startswith("_")}


def test_no_write_is_left_out() -> None:
    written = (methods(JobStore) | methods(DeletionStore)) - methods(JobReader)
    assert written == {name.split()[0] for name in WRITES} | OTHERS


@pytest.mark.parametrize("name", WRITES)
def test_each_write_raises_the_revision(stores: Stores, name: str) -> None:
    jobs, _ = stores
    job, write = WRITES[name]
    jobs.create(job)
    assert jobs.get(job.job_id).revision == 0
    write(*stores)
    once = jobs.get(job.job_id).revision
    assert once == TIMES.get(name, 1)
    write(*stores)
    # A repeat that writes again is counted again, and one that comes too late is not.
    assert jobs.get(job.job_id).revision - once == (name in WRITTEN_AGAIN)


def test_a_job_of_an_older_version_has_none(cloud: Cloud) -> None:
    jobs = JobTable.connect(cloud.table)
    jobs.create(ACCEPTED)
    item = boto3.client("dynamodb").get_item(TableName=cloud.table, Key=job_key(a_job_id()))
    assert REVISION not in item["Item"]
    assert jobs.get(a_job_id()).revision == 0


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("UpdateItem", {"Key": job_key(a_job_id()), "UpdateExpression": "SET x = :x"}),
        ("UpdateItem", {"Key": job_key(a_job_id()), "AttributeUpdates": {}}),
        ("PutItem", {"Item": job_key(a_job_id())}),
        (
            "TransactWriteItems",
            {
                "TransactItems": [
                    {"Put": {"Item": {"job_id": {"S": "idempotency#a"}}}},
                    {"Update": {"Key": job_key(a_job_id()), "UpdateExpression": "SET x = :x"}},
                ]
            },
        ),
        (
            "BatchWriteItem",
            {"RequestItems": {"t": [{"PutRequest": {"Item": job_key(a_job_id())}}]}},
        ),
    ],
)
def test_a_write_that_does_not_is_seen_beneath_the_sdk(
    operation: str, parameters: dict[str, Any]
) -> None:
    """As each test of the functions looks for one."""
    assert unraised_writes(operation, parameters) == [a_job_id()]


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("UpdateItem", {"Key": job_key(a_job_id()), "UpdateExpression": f"SET x = :x {RAISE}"}),
        ("UpdateItem", {"Key": {"job_id": {"S": "told#x"}}, "UpdateExpression": "SET x = :x"}),
        ("PutItem", {"Item": job_key(a_job_id()) | {REVISION: {"N": "2"}}}),
        # A new one.
        (
            "PutItem",
            {
                "Item": job_key(a_job_id()),
                "ConditionExpression": "attribute_not_exists(job_id)",
            },
        ),
        ("GetItem", {"Key": job_key(a_job_id())}),
        ("DeleteItem", {"Key": job_key(a_job_id())}),
    ],
)
def test_no_other_call_is(operation: str, parameters: dict[str, Any]) -> None:
    assert unraised_writes(operation, parameters) == []
