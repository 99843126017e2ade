"""What deletes a job from the table: the fake of the unit tests, and the real table."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from ringback.aws.deletions import DeletionTable
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.job_items import DELETION, OWNER, REVISION, TELL_AGAIN, from_item
from ringback.aws.job_table import JobTable
from ringback.aws.table_items import deliveries_key, job_key, typed
from ringback.domain.deletion import MIN_KEPT
from ringback.domain.deliveries import Delivery
from ringback.domain.errors import IdempotencyConflict, JobDeleted, UnknownJob
from ringback.domain.images import Quarantined, Remains
from ringback.domain.jobs import FINAL, GONE, ErrorKind, Job, JobError, JobStatus
from ringback.use_cases.deletion_ports import DeletionStore
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.ports import JobStore

from tests.support.aws import Cloud
from tests.support.deletions import InMemoryDeletions, tombstone_of
from tests.support.in_memory import InMemoryJobs
from tests.support.job_lists import list_page
from tests.support.jobs import NOON, PROMPT, TASK, a_job, a_job_id, a_request, a_stored_image

LATER = NOON + timedelta(seconds=5)
MUCH_LATER = LATER + timedelta(minutes=15)
ENDED_JOB = a_job(
    JobStatus.SUCCEEDED,
    idempotency_key="k",
    retry_of=a_job_id(7),
    queued_at=NOON,
    submitted_at=NOON,
    finished_at=LATER,
    attempts=3,
    task_id=TASK,
    credits=Decimal("3.5"),
    error=JobError(kind=ErrorKind.REFUSED, code="422", message="不允许"),
    result_urls=("https://cdn.example/1.png", "https://cdn.example/10.png"),
    images=(a_stored_image(1), a_stored_image(10)),
    quarantined=(
        Quarantined(number=2, key="a key", remains=Remains(bytes=7, sha256="0" * 64), reason="?"),
    ),
    source="requests/für Anna.csv",
    row=7,
    due_at=LATER,
    answer='{"code":200}',
    changes=4,
    request=replace(a_request(), call_back_url="https://h.example"),
)
DELIVERY = Delivery(event_id="e", type="t", host="h.example", attempt=1, at=NOON)


@pytest.fixture(params=["in_memory", "dynamo_db"])
def stores(request: pytest.FixtureRequest) -> tuple[JobStore, DeletionStore]:
    if request.param == "in_memory":
        jobs = InMemoryJobs()
        return jobs, InMemoryDeletions(jobs)
    table = request.getfixturevalue("cloud").table
    return JobTable.connect(table), DeletionTable.connect(table)


Stores = tuple[JobStore, DeletionStore]


def deleted(stores: Stores, job: Job) -> Job:
    jobs, deletions = stores
    jobs.create(job)
    deletions.begin(job, at=LATER)
    deletions.forget_details(jobs.get(job.job_id))
    return deletions.bury(jobs.get(job.job_id), at=MUCH_LATER)


@pytest.mark.parametrize("status", JobStatus)
def test_only_a_job_that_has_ended_begins_to_be_deleted(stores: Stores, status: JobStatus) -> None:
    jobs, deletions = stores
    job = a_job(status, changes=3) if status not in GONE else a_job(JobStatus.RUNNING, changes=3)
    jobs.create(job)
    begun = deletions.begin(job, at=LATER)
    assert begun.done == (status in FINAL)
    expected = replace(job, status=JobStatus.DELETING, updated_at=LATER, changes=4)
    assert begun.job == jobs.get(job.job_id) == (expected if begun.done else job)
    again = deletions.begin(job, at=MUCH_LATER)
    assert (again.job, again.done) == (begun.job, False)
    # The SDK's repeat of the same write.
    assert deletions.begin(job, at=LATER).done == begun.done


def test_of_a_deleted_job_a_tombstone_is_left(stores: Stores) -> None:
    jobs, deletions = stores
    left = deleted(stores, ENDED_JOB)
    being = replace(ENDED_JOB, status=JobStatus.DELETING, changes=ENDED_JOB.changes + 1)
    assert left == jobs.get(ENDED_JOB.job_id) == tombstone_of(being, at=MUCH_LATER)
    assert deletions.bury(being, at=LATER) == left
    deletions.forget_details(left)
    begun = deletions.begin(left, at=LATER)
    assert (begun.job, begun.done) == (left, False)


@pytest.mark.parametrize("left", [timedelta(-1), timedelta(hours=1), MIN_KEPT * 2])
def test_a_tombstone_outlives_the_messages_of_its_deletion(stores: Stores, left: timedelta) -> None:
    """TTL would take it otherwise while something may still write: it says what is to be gone."""
    jobs, deletions = stores
    job = jobs.create(a_job(JobStatus.FAILED, forget_at=LATER + left)).job
    begun = deletions.begin(job, at=LATER).job
    assert begun.forget_at == max(job.forget_at, LATER + MIN_KEPT)
    assert deletions.bury(begun, at=MUCH_LATER).forget_at == begun.forget_at


@pytest.mark.parametrize("number", [0, 7])
def test_an_unknown_job_cannot_be_deleted(stores: Stores, number: int) -> None:
    with pytest.raises(UnknownJob):
        stores[1].begin(a_job(JobStatus.FAILED, number=number), at=LATER)
    with pytest.raises(UnknownJob):
        stores[1].bury(a_job(JobStatus.DELETING, number=number), at=LATER)


@pytest.mark.parametrize("tells", [None, NOON])
def test_a_deletion_is_told_again_and_its_receiver_forgotten(
    stores: Stores, tells: datetime | None
) -> None:
    """``tells``: when its end was asked to be told again, which is another time."""
    jobs, deletions = stores
    left = deleted(stores, replace(ENDED_JOB, tell_again_at=tells))
    assert left.request.call_back_url == "https://h.example"
    deletions.tell_again(left, at=MUCH_LATER)
    assert jobs.get(left.job_id) == replace(left, tell_again_at=MUCH_LATER)
    deletions.forget_receiver(left)
    plain = replace(left.request, call_back_url=None)
    assert jobs.get(left.job_id) == replace(left, request=plain, tell_again_at=MUCH_LATER)


def test_only_a_tombstone_is_told_again_or_has_its_receiver_forgotten(stores: Stores) -> None:
    """A message may be late, and its tombstone's time over."""
    jobs, deletions = stores
    deletions.tell_again(ENDED_JOB, at=LATER)
    deletions.forget_receiver(ENDED_JOB)
    jobs.create(ENDED_JOB)
    deletions.tell_again(ENDED_JOB, at=LATER)
    deletions.forget_receiver(ENDED_JOB)
    assert jobs.get(ENDED_JOB.job_id) == ENDED_JOB


def test_a_job_that_was_not_asked_to_be_is_not_buried(stores: Stores) -> None:
    jobs, deletions = stores
    jobs.create(ENDED_JOB)
    assert deletions.bury(ENDED_JOB, at=LATER) == jobs.get(ENDED_JOB.job_id) == ENDED_JOB


@pytest.mark.parametrize("is_buried", [False, True])
@pytest.mark.parametrize("status", sorted(FINAL))
def test_nothing_is_written_to_it_any_more(
    stores: Stores,
    status: JobStatus,
    is_buried: bool,  # noqa: FBT001
) -> None:
    """By late verdicts, thumbnails, redriven copies; whatever its state was before."""
    jobs, deletions = stores
    jobs.create(a_job(status, images=(a_stored_image(),)))
    before = deletions.begin(jobs.get(a_job_id()), at=LATER).job
    if is_buried:
        before = deletions.bury(before, at=MUCH_LATER)
    for to in (JobStatus.ARCHIVING, JobStatus.FAILED, JobStatus.ACCEPTED):
        expect = [was for was in FINAL if to in {JobStatus.ARCHIVING}] or [
            JobStatus.EXPIRED if to is JobStatus.FAILED else JobStatus.SUBMITTING
        ]
        expect = [was for was in expect if was is not JobStatus.SUCCEEDED]
        moved = jobs.move(a_job_id(), expect=expect, to=to, at=MUCH_LATER, task_id=TASK)
        assert (moved.job, moved.done) == (before, False)
    assert jobs.keep_task(a_job_id(), TASK) == before
    jobs.add_images(a_job_id(), a_stored_image(2), at=MUCH_LATER)
    jobs.add_thumbnails(a_job_id(), {1: "a key"})
    jobs.add_quarantined(a_job_id(), ())
    jobs.mark_queued(a_job_id(), at=MUCH_LATER)
    jobs.mark_not_queued(a_job_id(), at=MUCH_LATER)
    for changes in range(4):
        jobs.tell_again(a_job_id(), changes=changes, at=MUCH_LATER)
    assert jobs.get(a_job_id()) == before


@pytest.mark.parametrize("key", ["k", '"k"'])
@pytest.mark.parametrize("seed", [1, 2])
def test_its_key_makes_no_other_job(stores: Stores, key: str, seed: int) -> None:
    """Whatever the key is sent with: what it was sent with first is forgotten."""
    jobs, _ = stores
    left = deleted(stores, a_job(JobStatus.FAILED, idempotency_key=key, request=a_request(seed=1)))
    for form in ("k", '"k"'):
        again = a_job(number=8, idempotency_key=form, request=a_request(seed=seed))
        written = jobs.create(again)
        assert (written.job, written.done) == (left, False)
        assert jobs.with_key("studio", form) == left
    with pytest.raises(UnknownJob):
        jobs.get(a_job_id(8))


def test_a_dropped_row_makes_no_other_job(stores: Stores) -> None:
    """Its job's id follows from the file."""
    jobs, _ = stores
    left = deleted(stores, a_job(JobStatus.CANCELLED, source="requests/a.csv", row=1))
    written = jobs.create(a_job(source="requests/a.csv", row=1))
    assert (written.job, written.done) == (left, False)


def test_it_is_in_no_list(stores: Stores) -> None:
    jobs, _ = stores
    deleted(stores, a_job(JobStatus.SUCCEEDED, source="requests/a.csv"))
    jobs.create(a_job(number=1, source="requests/a.csv"))
    find = FindJobs(jobs=jobs)
    listed, _ = list_page(jobs, {}, client="studio")
    assert [job.job_id for job in listed] == [a_job_id(1)]
    assert list(find.some([a_job_id(), a_job_id(1)], client="studio")) == list(listed)
    with pytest.raises(JobDeleted):
        find.one(a_job_id(), client="studio")
    with pytest.raises(UnknownJob) as unknown:
        find.one(a_job_id(), client="another")
    assert unknown.type is UnknownJob


# On the real table only.


def items(cloud: Cloud) -> dict[str, dict[str, Any]]:
    found = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    return {item["job_id"]["S"]: item for item in found}


def test_what_lies_beside_the_record_is_deleted(cloud: Cloud) -> None:
    stores = JobTable.connect(cloud.table), DeletionTable.connect(cloud.table)
    DeliveryTable.connect(cloud.table).add(a_job_id(), DELIVERY)
    job = ENDED_JOB
    stores[1].forget_receiver(deleted(stores, job))
    assert deliveries_key(job.job_id)["job_id"]["S"] not in items(cloud)
    text = json.dumps(list(items(cloud).values()), default=str, ensure_ascii=False)
    private = [PROMPT, "允许", "h.example", "cdn.example", "requests/", "images/", TASK, "answer"]
    assert [word for word in private if word in text] == []
    tombstone = items(cloud)[job.job_id]
    assert tombstone.keys() == {
        *("job_id", "status", "changes", "created_at", "updated_at", "deadline_at", "forget_at"),
        *("client", "task_id", "request", DELETION, OWNER, REVISION),
    }
    assert int(tombstone["forget_at"]["N"]) == job.forget_at.timestamp()


@pytest.mark.parametrize("left", [timedelta(hours=1), MIN_KEPT * 2])
def test_its_key_is_kept_as_long_as_its_tombstone(cloud: Cloud, left: timedelta) -> None:
    stores = JobTable.connect(cloud.table), DeletionTable.connect(cloud.table)
    deleted(stores, a_job(JobStatus.FAILED, idempotency_key='"k"', forget_at=LATER + left))
    *keys, tombstone = sorted(items(cloud).values(), key=lambda item: item["job_id"]["S"])
    assert [key["forget_at"] for key in keys] == [tombstone["forget_at"]] * 2


def test_a_key_that_is_gone_already_holds_up_nothing(cloud: Cloud) -> None:
    jobs, deletions = JobTable.connect(cloud.table), DeletionTable.connect(cloud.table)
    jobs.create(a_job(JobStatus.FAILED, idempotency_key="k"))
    (key,) = items(cloud).keys() - {a_job_id()}
    boto3.client("dynamodb").delete_item(TableName=cloud.table, Key={"job_id": {"S": key}})
    deletions.forget_details(jobs.get(a_job_id()))
    assert items(cloud).keys() == {a_job_id()}


@pytest.mark.parametrize("status", sorted(FINAL))
def test_older_versions_read_a_job_that_has_ended(cloud: Cloud, status: JobStatus) -> None:
    """Which nothing of theirs changes or tells anew; they ignore the attributes of this one."""
    jobs, deletions = JobTable.connect(cloud.table), DeletionTable.connect(cloud.table)
    job = a_job(
        status,
        idempotency_key="k",
        source="requests/a.csv",
        changes=3,
        task_id=TASK,
        request=ENDED_JOB.request,
    )
    jobs.create(job)
    for step in (
        lambda: deletions.begin(jobs.get(a_job_id()), at=LATER),
        lambda: bury(cloud),
        lambda: deletions.tell_again(jobs.get(a_job_id()), at=MUCH_LATER),
        lambda: deletions.forget_receiver(jobs.get(a_job_id())),
    ):
        step()
        item = items(cloud)[a_job_id()]
        read = from_item({k: v for k, v in item.items() if k not in (DELETION, OWNER, TELL_AGAIN)})
        # domain/changes.py: no news.
        assert (read.status, read.changes, read.tell_again_at) == (status, 3, None)
    # Nobody's, in no client's list and no file's; reports about its task are about another.
    assert (read.client.isprintable(), read.source, read.images) == (False, None, ())
    assert read.task_id not in (None, TASK)
    key = next(each for name, each in items(cloud).items() if name.startswith("idempotency#"))
    assert (key["refers_to"], key["fingerprint"]) == ({"S": a_job_id()}, {"S": "forgotten"})


def bury(cloud: Cloud) -> None:
    jobs, deletions = JobTable.connect(cloud.table), DeletionTable.connect(cloud.table)
    deletions.forget_details(jobs.get(a_job_id()))
    deletions.bury(jobs.get(a_job_id()), at=MUCH_LATER)


def test_a_write_of_an_older_version_revives_nothing(cloud: Cloud) -> None:
    """It may take a job that is being deleted for one whose copying can be resumed."""
    jobs, deletions = JobTable.connect(cloud.table), DeletionTable.connect(cloud.table)
    jobs.create(a_job(JobStatus.ARCHIVE_FAILED))
    deletions.begin(jobs.get(a_job_id()), at=LATER)
    boto3.client("dynamodb").update_item(
        TableName=cloud.table,
        Key=job_key(a_job_id()),
        UpdateExpression="SET #status = :to",
        ExpressionAttributeNames={"#status": "status"},
        ExpressionAttributeValues={":to": typed("archiving")},
    )
    assert jobs.get(a_job_id()).status is JobStatus.DELETING
    bury(cloud)
    assert jobs.get(a_job_id()).status is JobStatus.DELETED
    # To that version, it has ended: there is nothing that its checks could see through.
    assert items(cloud)[a_job_id()]["status"]["S"] in FINAL


def test_the_same_key_of_another_client_is_its_own(cloud: Cloud) -> None:
    jobs = JobTable.connect(cloud.table)
    stores = jobs, DeletionTable.connect(cloud.table)
    deleted(stores, a_job(JobStatus.FAILED, idempotency_key="k"))
    assert jobs.create(a_job(number=2, client="shop", idempotency_key="k")).done
    with pytest.raises(IdempotencyConflict):
        jobs.create(a_job(number=3, client="shop", idempotency_key="k", request=a_request(seed=9)))
