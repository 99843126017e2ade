"""The contract of job stores: the fake of the unit tests, and the real table."""

import json
from dataclasses import fields, replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.aws import job_keys, job_table
from ringback.aws.job_items import from_item, to_item
from ringback.aws.job_keys import JobKeyIndex
from ringback.aws.job_table import JobTable
from ringback.domain.drops import Drop
from ringback.domain.errors import IdempotencyConflict, UnknownJob
from ringback.domain.images import Quarantined, Remains
from ringback.domain.jobs import GONE, NEXT, ErrorKind, Job, JobError, JobStatus, ProviderTaskId
from ringback.domain.marks import Marks
from ringback.use_cases.ports import JobStore, Write
from ringback.use_cases.sum_usage import JobKey, JobKeys

from tests.support.aws import Cloud
from tests.support.in_memory import InMemoryJobKeys, InMemoryJobs
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_request, a_stored_image, release

LATER = NOON + timedelta(seconds=5)
LATEST = LATER + timedelta(seconds=5)
ERROR = JobError(kind=ErrorKind.REFUSED, code="422", message="不允许", may_be_charged=False)


@pytest.fixture(params=["in_memory", "dynamo_db"])
def jobs(request: pytest.FixtureRequest) -> JobStore:
    if request.param == "in_memory":
        return InMemoryJobs()
    return JobTable.connect(request.getfixturevalue("cloud").table)


REMAINS = Remains(bytes=70, sha256="0" * 64)


def a_full_job() -> Job:
    """Return a job with a value in every field."""
    return a_job(
        JobStatus.ARCHIVING,
        idempotency_key="k",
        retry_of=a_job_id(7),
        queued_at=NOON,
        not_queued_at=LATER,
        submitted_at=NOON,
        running_at=LATER,
        decided_at=LATER + timedelta(microseconds=7),
        called_back=True,
        finished_at=LATER,
        attempts=3,
        account_refusals=2,
        attempt_id="0123456789abcdef",
        is_trial=True,
        task_id=TASK,
        credits=Decimal("3.5"),
        error=ERROR,
        result_urls=("https://cdn.example/1", "https://cdn.example/2"),
        images=(a_stored_image(1), a_stored_image(10)),
        quarantined=(Quarantined(number=2, key="a key", remains=REMAINS, reason="a page"),),
        source="requests/für Anna.csv",
        row=7,
        due_at=LATER,
        callback_base_url="https://callbacks.example",
        answer='{"code":200}',
        changes=4,
        tell_again_at=LATER,
        request=replace(a_request(), input={"guidance_scale": 2.5, "prompt": "雪", "n": 10**15}),
    )


def test_a_job_that_has_succeeded_forgets_the_times_that_its_sidecar_has(jobs: JobStore) -> None:
    """They would cost most jobs a write unit more."""
    jobs.create(a_full_job())
    moved = jobs.move(
        a_job_id(), expect=[JobStatus.ARCHIVING], to=JobStatus.SUCCEEDED, at=LATER
    ).job
    assert (moved.running_at, moved.decided_at, moved.called_back) == (None, None, None)
    assert moved.queued_at is None
    assert jobs.get(a_job_id()).submitted_at == NOON


def test_a_job_is_read_back_unchanged(jobs: JobStore) -> None:
    job = a_full_job()
    assert all(getattr(job, field.name) not in (None, ()) for field in fields(Job))
    assert jobs.create(job).done
    assert jobs.get(job.job_id) == job


def test_a_job_is_created_once(jobs: JobStore) -> None:
    job = a_job(JobStatus.RUNNING)
    assert jobs.create(job).done
    again = jobs.create(replace(job, status=JobStatus.ACCEPTED))
    assert (again.job, again.done) == (job, False)


def test_jobs_are_found_by_their_ids(jobs: JobStore) -> None:
    made = [jobs.create(a_job(number=number)).job for number in range(3)]
    found = jobs.find([a_job_id(9), *(job.job_id for job in made)])
    assert sorted(found, key=lambda job: job.job_id) == made
    assert jobs.find([]) == []


def test_jobs_of_a_dropped_file_are_listed_newest_first(jobs: JobStore) -> None:
    for number in range(4):
        jobs.create(a_job(number=number, source="requests/a.csv" if number else None))
    jobs.create(a_job(number=7, source="requests/b.csv"))
    first = jobs.newest_of("requests/a.csv", client="studio", limit=2, before=None)
    assert [job.job_id for job in first] == [a_job_id(3), a_job_id(2)]
    rest = jobs.newest_of("requests/a.csv", client="studio", limit=9, before=a_job_id(2))
    assert [job.job_id for job in rest] == [a_job_id(1)]
    assert jobs.newest_of("requests/c.csv", client="studio", limit=9, before=None) == []


def test_a_dropped_file_lists_one_client_s_jobs_only(jobs: JobStore) -> None:
    owners = ["studio", *["another"] * 20, "studio", "another", "studio", "another"]
    for number, client in enumerate(owners):
        jobs.create(a_job(number=number, source="requests/a.csv", client=client))
    own = [a_job_id(number) for number in (23, 21, 0)]
    for limit in (1, 2, 3, 9):
        found = jobs.newest_of("requests/a.csv", client="studio", limit=limit, before=None)
        assert [job.job_id for job in found] == own[:limit]
    rest = jobs.newest_of("requests/a.csv", client="studio", limit=9, before=own[0])
    assert [job.job_id for job in rest] == own[1:]


def test_another_client_s_file_is_not_read_to_its_end(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(job_table, "MAX_FOUND", 4)
    jobs, key, reads = JobTable.connect(cloud.table), "requests/a.csv", list[str]()
    for version, client in enumerate(["studio", "drop", "drop"]):
        drop = Drop(bucket="drops", key=key, version=f"v{version}")
        made_at = NOON + timedelta(seconds=version)
        for row in range(1, 21):
            job_id = drop.job_id(row, made_at=made_at)
            jobs.create(a_job(job_id=job_id, source=key, row=row, client=client))
    jobs._client.meta.events.register("before-call.dynamodb.Query", lambda **_: reads.append(""))
    assert jobs.newest_of(key, client="somebody", limit=1, before=None) == []
    assert len(reads) <= 8
    found = jobs.newest_of(key, client="studio", limit=99, before=None)
    assert [job.row for job in found] == list(range(20, 0, -1))
    rest = jobs.newest_of(key, client="studio", limit=3, before=found[4].job_id)
    assert list(rest) == list(found[5:8])


def test_a_job_that_was_never_created_is_unknown(jobs: JobStore) -> None:
    with pytest.raises(UnknownJob):
        jobs.get(a_job_id())
    with pytest.raises(UnknownJob):
        jobs.move(a_job_id(), expect=[JobStatus.ACCEPTED], to=JobStatus.SUBMITTING, at=NOON)
    with pytest.raises(UnknownJob):
        jobs.mark_queued(a_job_id(), at=NOON)
    with pytest.raises(UnknownJob):
        jobs.mark_not_queued(a_job_id(), at=NOON)
    with pytest.raises(UnknownJob):
        jobs.keep_task(a_job_id(), TASK)
    with pytest.raises(UnknownJob):
        jobs.add_images(a_job_id(), a_stored_image(), at=NOON)
    with pytest.raises(UnknownJob):
        jobs.add_quarantined(a_job_id(), ())


def test_an_idempotency_key_makes_one_job(jobs: JobStore) -> None:
    first = jobs.create(a_job(number=1, idempotency_key="k")).job
    second = jobs.create(a_job(number=2, idempotency_key="k"))
    assert (second.job, second.done) == (first, False)
    with pytest.raises(UnknownJob):
        jobs.get(a_job_id(2))


def test_a_job_is_found_by_its_key(jobs: JobStore) -> None:
    job = a_full_job()
    jobs.create(job)
    assert jobs.with_key(job.client, "k") == job
    for client, key in ((job.client, "other"), ("other", "k"), (job.client, None)):
        assert jobs.with_key(client, key) is None


QUOTED = [("k", '"k"'), ('"k"', "k"), ('"k"#0', "k#0"), ("k#0", '"k"#0')]


@pytest.mark.parametrize(("first", "second"), QUOTED)
def test_quotes_make_no_other_key(jobs: JobStore, first: str, second: str) -> None:
    job = jobs.create(a_job(number=1, idempotency_key=first)).job
    again = jobs.create(a_job(number=2, idempotency_key=second))
    assert (again.job, again.done) == (job, False)
    assert jobs.with_key(job.client, second) == job
    with pytest.raises(IdempotencyConflict):
        jobs.create(a_job(number=3, idempotency_key=second, request=a_request(seed=1)))


@pytest.mark.parametrize(("first", "second"), [('"x"', r'"\"x\""'), (r'"\"x\""', '"x"')])
def test_a_key_of_quotes_is_taken_for_the_key_in_them(
    cloud: Cloud, first: str, second: str
) -> None:
    r"""``"\"x\""`` is the key ``"x"``, quotes included, as which earlier versions kept ``x``.

    Two requests may be taken for one, but one is never taken for two, which would be paid for.
    """
    jobs = JobTable.connect(cloud.table)
    job = jobs.create(a_job(number=1, idempotency_key=first)).job
    again = jobs.create(a_job(number=2, idempotency_key=second))
    assert (again.job, again.done) == (job, False)
    with pytest.raises(IdempotencyConflict):
        jobs.create(a_job(number=3, idempotency_key=second, request=a_request(seed=1)))


def test_a_key_distinguishes_a_job_from_its_retry(jobs: JobStore) -> None:
    jobs.create(a_job(number=1, idempotency_key="k"))
    with pytest.raises(IdempotencyConflict):
        jobs.create(a_job(number=2, idempotency_key="k", retry_of=a_job_id(1)))


def test_a_key_belongs_to_one_client(jobs: JobStore) -> None:
    jobs.create(a_job(number=1, idempotency_key="k"))
    assert jobs.create(a_job(number=2, idempotency_key="k", client="other")).done


def test_the_order_of_a_request_s_fields_makes_no_other_request(jobs: JobStore) -> None:
    first = a_job(idempotency_key="k")
    jobs.create(first)
    turned = dict(reversed(list(first.request.sent.items())))
    assert list(turned) != list(first.request.sent)
    again = a_job(number=1, idempotency_key="k", request=replace(first.request, sent=turned))
    assert jobs.create(again).job == first


def test_a_key_with_another_request_is_a_conflict(jobs: JobStore) -> None:
    jobs.create(a_job(number=1, idempotency_key="k"))
    with pytest.raises(IdempotencyConflict):
        jobs.create(a_job(number=2, idempotency_key="k", request=a_request(seed=1)))


def test_without_a_key_the_same_request_is_another_job(jobs: JobStore) -> None:
    assert jobs.create(a_job(number=1)).done
    assert jobs.create(a_job(number=2)).done


def test_a_job_that_was_not_queued_says_so_until_it_is(jobs: JobStore) -> None:
    jobs.create(a_job())
    jobs.mark_not_queued(a_job_id(), at=NOON)
    assert jobs.get(a_job_id()) == a_job(not_queued_at=NOON)
    jobs.mark_queued(a_job_id(), at=LATER)
    assert jobs.get(a_job_id()) == a_job(queued_at=LATER)
    # The repeat that queued it was faster than the note of the first call.
    jobs.mark_not_queued(a_job_id(), at=LATER)
    assert jobs.get(a_job_id()) == a_job(queued_at=LATER)


def test_a_job_that_is_past_the_queue_is_not_marked(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.RUNNING))
    jobs.mark_not_queued(a_job_id(), at=NOON)
    assert jobs.get(a_job_id()) == a_job(JobStatus.RUNNING)


@pytest.mark.parametrize("status", sorted(set(JobStatus) - GONE))
def test_the_first_task_id_is_kept_in_every_state(jobs: JobStore, status: JobStatus) -> None:
    jobs.create(a_job(status))
    kept = jobs.keep_task(a_job_id(), TASK)
    assert kept == jobs.get(a_job_id()) == a_job(status, task_id=TASK)
    assert jobs.keep_task(a_job_id(), ProviderTaskId("another")) == kept


@pytest.mark.parametrize(
    ("was", "to"),
    [
        (JobStatus.ACCEPTED, JobStatus.SUBMITTING),
        (JobStatus.SUBMITTING, JobStatus.ACCEPTED),
    ],
)
def test_a_job_with_a_task_is_never_on_its_way_to_being_bought(
    jobs: JobStore, was: JobStatus, to: JobStatus
) -> None:
    job = jobs.create(a_job(was, task_id=TASK)).job
    assert jobs.move(a_job_id(), expect=[was], to=to, at=LATER) == Write(job, done=False)


def test_a_move_of_an_attempt_is_made_by_that_attempt_only(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.SUBMITTING, attempt_id="b" * 16))
    for attempt_id, done in (("a" * 16, False), ("b" * 16, True), ("b" * 16, True)):
        moved = release(jobs, attempt_id, at=LATER)
        assert moved.done is done


@pytest.mark.parametrize("was", [JobStatus.SUBMITTING, JobStatus.EXPIRED])
def test_a_refusal_does_not_end_a_job_with_a_task(jobs: JobStore, was: JobStatus) -> None:
    job = jobs.create(a_job(was, attempt_id="a" * 16, task_id=TASK)).job
    refused = jobs.move(
        a_job_id(), expect=[was], to=JobStatus.FAILED, at=LATER, of_attempt="a" * 16, error=ERROR
    )
    assert refused == Write(job, done=False)


# What deletes a job has a store of its own.
MOVES = [(was, to) for was, following in NEXT.items() for to in sorted(following - GONE)]


@pytest.mark.parametrize(("was", "to"), MOVES)
def test_a_move_that_the_table_allows_is_made_once(
    jobs: JobStore, was: JobStatus, to: JobStatus
) -> None:
    jobs.create(a_job(was))
    moved = jobs.move(a_job_id(), expect=[was], to=to, at=LATER)
    assert (moved.job, moved.done) == (a_job(to, updated_at=LATER, changes=1), True)
    again = jobs.move(a_job_id(), expect=[was], to=to, at=NOON)
    assert (again.job, again.done) == (moved.job, False)


@pytest.mark.parametrize("to", sorted(GONE))
def test_no_job_is_deleted_by_a_move(jobs: JobStore, to: JobStatus) -> None:
    jobs.create(a_job(JobStatus.SUCCEEDED))
    with pytest.raises(ValueError, match=f"to {to}"):
        jobs.move(a_job_id(), expect=[JobStatus.SUCCEEDED], to=to, at=LATER)


@pytest.mark.parametrize("expected", [[JobStatus.SUCCEEDED], [JobStatus.RUNNING, JobStatus.FAILED]])
def test_an_unknown_transition_is_a_programming_error(
    jobs: JobStore, expected: list[JobStatus]
) -> None:
    jobs.create(a_job(JobStatus.SUCCEEDED))
    with pytest.raises(ValueError, match="no job goes from"):
        jobs.move(a_job_id(), expect=expected, to=JobStatus.FAILED, at=NOON)


@pytest.mark.parametrize("was", sorted(set(JobStatus) - {JobStatus.SUBMITTING}))
def test_a_move_from_another_state_than_expected_changes_nothing(
    jobs: JobStore, was: JobStatus
) -> None:
    jobs.create(a_job(was))
    write = jobs.move(
        a_job_id(), expect=[JobStatus.SUBMITTING], to=JobStatus.RUNNING, at=LATER, task_id=TASK
    )
    assert (write.job, write.done) == (a_job(was), False)
    assert jobs.get(a_job_id()) == a_job(was)


def test_a_move_writes_and_clears_fields(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.EXPIRED, error=ERROR, finished_at=NOON))
    moved = jobs.move(
        a_job_id(),
        expect=[JobStatus.EXPIRED],
        to=JobStatus.ARCHIVING,
        at=LATER,
        error=None,
        finished_at=None,
        credits=Decimal("0.25"),
        result_urls=("https://cdn.example/1",),
        task_id=TASK,
    ).job
    assert moved == jobs.get(a_job_id())
    assert (moved.error, moved.finished_at, moved.credits) == (None, None, Decimal("0.25"))
    assert (moved.result_urls, moved.task_id) == (("https://cdn.example/1",), TASK)


def test_a_move_may_depend_on_updated_at(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.ARCHIVING, result_urls=("https://cdn.example/1",)))
    seen = jobs.get(a_job_id()).updated_at
    jobs.add_images(a_job_id(), a_stored_image(), at=LATER)
    ended = partial(
        jobs.move, a_job_id(), expect=[JobStatus.ARCHIVING], to=JobStatus.SUCCEEDED, at=LATER
    )
    late = ended(unchanged_since=seen)
    assert (late.done, late.job.status) == (False, JobStatus.ARCHIVING)
    assert ended(unchanged_since=late.job.updated_at).done


def test_a_move_may_record_images(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.ARCHIVING))
    jobs.add_images(a_job_id(), a_stored_image(2), at=LATER)
    ended = partial(
        jobs.move,
        a_job_id(),
        expect=[JobStatus.ARCHIVING],
        to=JobStatus.SUCCEEDED,
        at=LATER,
        images=[a_stored_image(3), a_stored_image(1)],
    )
    late = ended(unchanged_since=NOON)
    assert (late.done, late.job.images) == (False, (a_stored_image(2),))
    done = ended(unchanged_since=LATER)
    assert done.job.images == (a_stored_image(1), a_stored_image(2), a_stored_image(3))
    assert (done.done, jobs.get(a_job_id())) == (True, done.job)


def test_a_task_id_once_recorded_never_changes(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.RUNNING, task_id=TASK))
    other = jobs.move(
        a_job_id(),
        expect=[JobStatus.RUNNING],
        to=JobStatus.FAILED,
        at=LATER,
        task_id=ProviderTaskId("another"),
    )
    assert (other.done, other.job.task_id, other.job.status) == (False, TASK, JobStatus.RUNNING)
    same = jobs.move(
        a_job_id(), expect=[JobStatus.RUNNING], to=JobStatus.FAILED, at=LATER, task_id=TASK
    )
    assert same.done


@pytest.mark.parametrize("status", JobStatus)
def test_only_an_accepted_job_is_marked_as_queued(jobs: JobStore, status: JobStatus) -> None:
    jobs.create(a_job(status))
    jobs.mark_queued(a_job_id(), at=LATER)
    queued = jobs.get(a_job_id()).queued_at
    assert queued == (LATER if status is JobStatus.ACCEPTED else None)


def test_images_are_recorded_once_and_in_order(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.ARCHIVING))
    for number in (10, 2, 1):
        jobs.add_images(a_job_id(), a_stored_image(number), at=LATER)
    jobs.add_images(a_job_id(), replace(a_stored_image(2), key="other bytes"), at=LATER)
    job = jobs.get(a_job_id())
    assert job.images == tuple(a_stored_image(number) for number in (1, 2, 10))
    assert job.updated_at == LATER


def test_images_are_recorded_together_and_known_ones_stay(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.ARCHIVING))
    jobs.add_images(a_job_id(), a_stored_image(2), at=LATER)
    other = replace(a_stored_image(2), key="other bytes")
    jobs.add_images(a_job_id(), a_stored_image(1), other, a_stored_image(3), at=LATEST)
    job = jobs.get(a_job_id())
    assert job.images == tuple(a_stored_image(number) for number in (1, 2, 3))
    assert job.updated_at == LATEST


def test_images_that_are_known_are_no_change(jobs: JobStore) -> None:
    """An archiving job is ended by who saw its last change: ``unchanged_since``."""
    jobs.create(a_job(JobStatus.ARCHIVING))
    jobs.add_images(a_job_id(), a_stored_image(1), a_stored_image(2), at=LATER)
    jobs.add_images(a_job_id(), a_stored_image(1), a_stored_image(2), at=LATEST)
    assert jobs.get(a_job_id()).updated_at == LATER


@pytest.mark.parametrize("status", sorted(set(JobStatus) - {JobStatus.ARCHIVING}))
def test_no_image_is_recorded_unless_the_job_is_being_archived(
    jobs: JobStore, status: JobStatus
) -> None:
    jobs.create(a_job(status))
    jobs.add_images(a_job_id(), a_stored_image(), at=LATER)
    assert jobs.get(a_job_id()) == a_job(status)


@pytest.mark.parametrize("status", JobStatus)
def test_what_came_instead_of_images_is_recorded_and_is_no_progress(
    jobs: JobStore, status: JobStatus
) -> None:
    kept = tuple(
        Quarantined(number=number, key=f"key {number}", remains=REMAINS, reason="a page")
        for number in (1, 2)
    )
    jobs.create(a_job(status))
    for some in (kept[:1], kept, kept):
        jobs.add_quarantined(a_job_id(), some)
    is_recorded = status is JobStatus.ARCHIVING
    assert jobs.get(a_job_id()) == a_job(status, quarantined=kept if is_recorded else ())


def test_a_thumbnail_is_recorded_in_any_state(jobs: JobStore) -> None:
    images = (a_stored_image(1), a_stored_image(2))
    urls = tuple(image.source_url for image in images)
    job = jobs.create(a_job(JobStatus.SUCCEEDED, images=images, result_urls=urls)).job
    for _ in range(2):
        jobs.add_thumbnails(job.job_id, {2: "small"})
    jobs.add_thumbnails(job.job_id, {3: "of no image"})
    assert jobs.get(job.job_id) == replace(
        job, images=(images[0], replace(images[1], thumbnail="small"))
    )


def test_missing_images_are_read_back_unchanged(jobs: JobStore) -> None:
    error = replace(
        ERROR, kind=ErrorKind.IMAGES_LOST, missing=(1, 3), reasons=("gone", "a"), kept_until=LATER
    )
    kept = tuple(
        Quarantined(number=number, key=f"quarantine/{number}", remains=REMAINS, reason="a page")
        for number in (3, 3, 1)
    )
    job = jobs.create(a_job(JobStatus.ARCHIVE_FAILED, error=error, quarantined=kept)).job
    assert jobs.get(job.job_id) == job


MARKED = replace(
    a_stored_image(),
    facts=replace(
        a_stored_image().facts,
        trailing_bytes=7,
        damage="the file is cut",
        marks=Marks(c2pa=True, iptc="trainedAlgorithmicMedia", aigc_label={"Label": "1", "标": ""}),
    ),
)


def test_what_is_known_of_an_image_is_read_back_unchanged(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.ARCHIVING))
    jobs.add_images(a_job_id(), MARKED, at=LATER)
    assert jobs.get(a_job_id()).images == (MARKED,)


def test_an_image_of_an_older_version_has_no_marks() -> None:
    item = to_item(a_job(images=(MARKED,)))
    image = item["images"]["M"]["1"]["M"]
    for name in ("trailing_bytes", "damage", "marks"):
        del image[name]
    assert from_item(item).images == (a_stored_image(),)


def test_an_error_of_an_older_version_has_no_reasons() -> None:
    item = to_item(a_job(error=replace(ERROR, missing=(1,), reasons=("gone",))))
    del item["error"]["M"]["reasons"]
    assert from_item(item).error == replace(ERROR, missing=(1,))


def test_jobs_are_listed_newest_first_by_client(jobs: JobStore) -> None:
    for number in (3, 1, 4, 0, 2):
        jobs.create(a_job(number=number, idempotency_key=f"k{number}"))
    jobs.create(a_job(number=9, client="another"))
    listed = jobs.newest("studio", limit=3, before=None)
    assert [job.job_id for job in listed] == [a_job_id(number) for number in (4, 3, 2)]
    rest = jobs.newest("studio", limit=3, before=a_job_id(2))
    assert list(rest) == [a_job(number=n, idempotency_key=f"k{n}") for n in (1, 0)]
    assert jobs.newest("studio", limit=3, before=a_job_id(0)) == []


@pytest.mark.parametrize("size", [1, 2, 9])
def test_the_keys_of_all_jobs_are_there_once(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """The fake's order is another one: a store's own."""
    monkeypatch.setattr(job_keys, "PAGE", size)
    made = [a_job(number=n, client=c) for n, c in enumerate(("studio", "shop", "studio", "mill"))]
    table, fake = JobTable.connect(cloud.table), InMemoryJobs()
    for job in made:
        # A key of a request lies in the table too, and is no job's.
        table.create(replace(job, idempotency_key=job.job_id))
        fake.create(job)
    stores: list[JobKeys] = [JobKeyIndex.connect(cloud.table), InMemoryJobKeys(fake, size)]
    for keys in stores:
        seen: list[JobKey] = []
        while found := keys.after(seen[-1] if seen else None):
            assert len(found) <= size
            seen += found
        assert sorted(seen) == sorted((job.client, job.job_id) for job in made)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_any_request_is_read_back_unchanged(sent: dict[str, object]) -> None:
    job = a_job(request=replace(a_request(), sent=sent, input=sent))
    assert from_item(to_item(job)) == job


def test_an_old_job_without_the_mark_was_checked() -> None:
    item = to_item(a_job())
    request = json.loads(item["request"]["S"])
    assert "checked" not in request
    item["request"] = {"S": json.dumps(request)}
    assert from_item(item).request.checked is True
    unchecked = a_job(request=replace(a_request(), checked=False))
    assert from_item(to_item(unchecked)) == unchecked


def test_every_change_of_state_is_counted(jobs: JobStore) -> None:
    jobs.create(a_job())
    steps = [
        (JobStatus.ACCEPTED, JobStatus.SUBMITTING),
        (JobStatus.SUBMITTING, JobStatus.ACCEPTED),
        (JobStatus.ACCEPTED, JobStatus.CANCELLED),
    ]
    for number, (was, to) in enumerate(steps, start=1):
        moved = jobs.move(a_job_id(), expect=[was], to=to, at=LATER)
        assert (moved.done, moved.job.changes) == (True, number)
        jobs.mark_queued(a_job_id(), at=LATER)
        jobs.keep_task(a_job_id(), TASK) if number == len(steps) else None
    late = jobs.move(a_job_id(), expect=[JobStatus.RUNNING], to=JobStatus.FAILED, at=LATER)
    assert (late.done, late.job.changes) == (False, 3)
    assert jobs.get(a_job_id()).changes == 3


def test_an_event_is_asked_for_again_unless_the_job_has_changed_since(jobs: JobStore) -> None:
    jobs.create(a_job(JobStatus.FAILED, changes=3))
    jobs.tell_again(a_job_id(), changes=2, at=LATER)
    assert jobs.get(a_job_id()).tell_again_at is None
    jobs.tell_again(a_job_id(), changes=3, at=LATER)
    job = jobs.get(a_job_id())
    assert (job.tell_again_at, job.updated_at, job.changes) == (LATER, NOON, 3)
