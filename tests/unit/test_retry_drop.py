"""The failed jobs of a dropped file, made again once."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.drops import (
    MAX_TIMES,
    Drop,
    RowsToRetry,
    is_older_drop,
    is_same_drop,
    job_id_again,
)
from ringback.domain.errors import InvalidRequest, TryAgain, UnknownDrop
from ringback.domain.job_ids import is_job_id, new_job_id, parts_of
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.use_cases import retry_drop
from ringback.use_cases.retry_drop import RetryRows
from ringback.use_cases.take_drop import BEFORE_TURN

from tests.support.deletions import tombstone_of
from tests.support.drops import SPACING, DropHarness
from tests.support.effects import ERRORS_AND_CRASHES, Crash, Effects, Fault, ServiceError
from tests.support.jobs import NOON

MODEL = "bytedance/seedream-v4-text-to-image"
SHEET = "requests/kites.csv"
ASKED = {"source": SHEET, "status": "failed"}
REFUSED = JobError(kind=ErrorKind.REFUSED, code="402", message="no")


def a_sheet(rows: int) -> str:
    return "\n".join(["model,input.prompt", *(f"{MODEL},kite {n}" for n in range(1, rows + 1))])


def dropped(harness: DropHarness, rows: int, *, key: str = SHEET) -> list[Job]:
    """Drop a sheet, and return its jobs by row."""
    drop = harness.put(key, a_sheet(rows))
    harness.finish(drop)
    return [harness.base.jobs.get(drop.job_id(n, made_at=NOON)) for n in range(1, rows + 1)]


def ends(harness: DropHarness, job: Job, status: JobStatus, error: JobError | None) -> None:
    jobs = harness.base.jobs.by_id
    jobs[job.job_id] = replace(jobs[job.job_id], status=status, error=error, finished_at=NOON)


def fails(harness: DropHarness, *jobs: Job) -> None:
    for job in jobs:
        ends(harness, job, JobStatus.FAILED, REFUSED)


def made_again(harness: DropHarness) -> list[Job]:
    return [job for job in harness.base.jobs.by_id.values() if job.retry_of]


def work(harness: DropHarness) -> None:
    """Deliver the messages of a retry until none is left."""
    while harness.queues.retries:
        harness.retry_rows(harness.queues.retries.pop(0))


def retry(harness: DropHarness) -> None:
    harness.request_retry(ASKED, client="drop")
    work(harness)


def test_failed_rows_are_made_again_and_no_others() -> None:
    harness = DropHarness()
    jobs = dropped(harness, 7)
    fails(harness, jobs[1], jobs[4])
    lost = JobError(kind=ErrorKind.NO_VERDICT, message="?", may_be_charged=True)
    no_images = JobError(kind=ErrorKind.NO_IMAGES, message="none", may_be_charged=True)
    ends(harness, jobs[0], JobStatus.SUCCEEDED, None)
    ends(harness, jobs[2], JobStatus.EXPIRED, lost)
    ends(harness, jobs[3], JobStatus.FAILED, no_images)
    ends(harness, jobs[5], JobStatus.CANCELLED, None)
    before = dict(harness.base.jobs.by_id)
    retry(harness)
    again = {job.row: job for job in made_again(harness)}
    assert again.keys() == {2, 5}
    for row, job in again.items():
        old = jobs[(row or 0) - 1]
        assert (job.retry_of, job.request, job.client) == (old.job_id, old.request, "drop")
        assert (job.source, job.status) == (SHEET, JobStatus.ACCEPTED)
        assert job.job_id in {each for each, _, _ in harness.base.queues.submit}
    assert {job_id: harness.base.jobs.get(job_id) for job_id in before} == before


def test_a_second_request_makes_no_second_set() -> None:
    harness = DropHarness()
    fails(harness, *dropped(harness, 3))
    retry(harness)
    first, sent = made_again(harness), len(harness.base.queues.submit)
    checks = len(harness.base.queues.sent_checks)
    harness.base.now += timedelta(days=1)
    retry(harness)
    assert made_again(harness) == first
    assert (len(harness.base.queues.submit), len(harness.base.queues.sent_checks)) == (sent, checks)


def test_a_retry_that_was_deleted_is_not_made_again() -> None:
    harness = DropHarness()
    fails(harness, *dropped(harness, 2))
    retry(harness)
    first, sent = made_again(harness), len(harness.base.queues.submit)
    deleted = first[0]
    harness.base.jobs.by_id[deleted.job_id] = tombstone_of(deleted, at=NOON)
    retry(harness)
    assert made_again(harness) == [job for job in first if job != deleted]
    assert len(harness.base.queues.submit) == sent


def test_rows_that_fail_again_can_be_made_again() -> None:
    harness = DropHarness()
    jobs = dropped(harness, 2)
    fails(harness, *jobs)
    retry(harness)
    first = {job.retry_of: job for job in made_again(harness)}
    fails(harness, first[jobs[0].job_id])
    retry(harness)
    second = [job for job in made_again(harness) if job not in first.values()]
    new = [job for job in second if job.retry_of == first[jobs[0].job_id].job_id]
    assert (len(made_again(harness)), len(new), new[0].row) == (3, 1, 1)


def test_only_the_newest_version_of_a_file_is_meant() -> None:
    harness = DropHarness()
    old = dropped(harness, 3)
    fails(harness, *old)
    drop = harness.put(SHEET, a_sheet(2))
    describe = harness.drops.describe

    def later(about: Drop) -> object:
        facts = describe(about)
        is_new = facts is not None and about == drop
        return replace(facts, made_at=NOON + timedelta(hours=1)) if is_new else facts  # type: ignore[type-var]

    harness.drops.describe = later  # type: ignore[method-assign, assignment]
    harness.finish(drop)
    made_at = NOON + timedelta(hours=1)
    fails(harness, harness.base.jobs.get(drop.job_id(2, made_at=made_at)))
    retry(harness)
    [again] = made_again(harness)
    assert again.retry_of == drop.job_id(2, made_at=made_at)


def test_rows_are_sent_one_after_the_other() -> None:
    harness = DropHarness()
    fails(harness, *dropped(harness, 40))
    harness.base.now += timedelta(hours=1)
    at = harness.base.now
    retry(harness)
    due = sorted(job.due_at for job in made_again(harness) if job.due_at)
    assert (len(due), due[-1]) == (40, at + 39 * SPACING)
    assert all(later - earlier <= SPACING for earlier, later in itertools.pairwise(due))


def test_a_row_is_made_again_shortly_before_its_turn() -> None:
    """As many rows as are sent within 15 minutes are made before it."""
    harness = DropHarness()
    first, second = dropped(harness, 2)
    fails(harness, first, second)
    rows = harness.request_retry(ASKED, client="drop")
    before = int(BEFORE_TURN / SPACING)
    harness.queues.retries = [replace(rows, made=before)]
    harness.retry_rows(harness.queues.retries.pop())
    [again] = made_again(harness)
    assert again.retry_of == second.job_id
    [left], delay = harness.queues.retries, harness.queues.retry_delays[-1]
    assert (left.before, left.made) == (second.job_id, before + 1)
    assert 450 <= delay <= 452
    harness.base.now += timedelta(seconds=delay)
    work(harness)
    again = made_again(harness)[-1]
    assert again.retry_of == first.job_id
    assert again.due_at == rows.requested_at + (before + 1) * SPACING


def test_a_large_drop_takes_several_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry_drop, "JOBS_PER_READ", 10)
    monkeypatch.setattr(retry_drop, "TIME_PER_MESSAGE", timedelta(0))
    harness = DropHarness()
    fails(harness, *dropped(harness, 35))
    harness.request_retry(ASKED, client="drop")
    messages = 0
    while harness.queues.retries:
        harness.retry_rows(harness.queues.retries.pop(0))
        messages += 1
    assert (len(made_again(harness)), messages > 3) == (35, True)


@pytest.mark.parametrize("fault", ERRORS_AND_CRASHES)
def test_a_crash_anywhere_makes_no_row_twice_and_loses_none(
    fault: Fault, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retry_drop, "JOBS_PER_READ", 2)
    point = 1
    while True:
        harness, effects = DropHarness(), Effects({})
        jobs = dropped(harness, 3)
        fails(harness, *jobs)
        harness.request_retry(ASKED, client="drop")
        harness.watch, effects.plan = watching(effects), {point: fault}
        [rows] = harness.queues.retries
        attempts = 0
        while attempts == 0 or is_interrupted(harness.retry_rows, rows):
            attempts += 1
        again = made_again(harness)
        assert sorted(job.retry_of or "" for job in again) == [job.job_id for job in jobs]
        queued = [job_id for job_id, _, _ in harness.base.queues.submit]
        assert {job.job_id for job in again} <= set(queued)
        if point > len(effects.names):
            return
        point += 1


def watching(effects: Effects) -> Callable[[object], Any]:
    def watch(port: object) -> Any:
        return effects.watch(port, error=TryAgain)

    return watch


def is_interrupted(retry_rows: RetryRows, rows: RowsToRetry) -> bool:
    """Deliver the message; SQS delivers it again if the function dies or fails."""
    try:
        retry_rows(rows)
    except (Crash, ServiceError, TryAgain):
        return True
    return False


def test_a_row_whose_image_is_gone_costs_the_others_nothing() -> None:
    harness = DropHarness()
    jobs = dropped(harness, 3)
    fails(harness, *jobs)
    gone = replace(jobs[1].request, input_images={"s3://drops/gone.png": "v1"})
    known = harness.base.jobs.by_id
    known[jobs[1].job_id] = replace(known[jobs[1].job_id], request=gone)
    retry(harness)
    assert sorted(job.row or 0 for job in made_again(harness)) == [1, 3]


def test_a_client_retries_only_its_own_file() -> None:
    harness = DropHarness()
    fails(harness, *dropped(harness, 2))
    for source in (SHEET, "requests/other.csv"):
        with pytest.raises(UnknownDrop):
            harness.request_retry({"source": source, "status": "failed"}, client="studio")
    assert harness.queues.retries == []


def test_a_file_is_retried_however_its_accents_are_written() -> None:
    for stored in ("requests/caf\u00e9.csv", "requests/cafe\u0301.csv"):
        for asked in ("requests/caf\u00e9.csv", "requests/cafe\u0301.csv"):
            harness = DropHarness()
            fails(harness, *dropped(harness, 2, key=stored))
            rows = harness.request_retry({"source": asked, "status": "failed"}, client="drop")
            assert rows.source == stored
            work(harness)
            assert {job.source for job in made_again(harness)} == {stored}


@pytest.mark.parametrize("source", ["\ud800", "requests/\udcff.csv", "\udfff\ud83d"])
def test_half_a_surrogate_pair_names_no_file(source: str) -> None:
    harness = DropHarness()
    fails(harness, *dropped(harness, 1))
    with pytest.raises(UnknownDrop):
        harness.request_retry({"source": source, "status": "failed"}, client="drop")


def test_a_file_may_be_named_by_its_url() -> None:
    harness = DropHarness()
    fails(harness, *dropped(harness, 1))
    for source in (f"s3://drops/{SHEET}", f"/{SHEET}"):
        rows = harness.request_retry(ASKED | {"source": source}, client="drop")
        assert rows.source == SHEET


def test_nothing_is_retried_where_dropped_files_are_not_read() -> None:
    harness = DropHarness()
    request = replace(harness.request_retry, queue=None)
    with pytest.raises(InvalidRequest) as refused:
        request(ASKED, client="drop")
    (error,) = refused.value.errors
    assert error.field == "source"
    assert "disabled on this deployment" in error.message


def test_only_failed_jobs_of_a_named_file_can_be_retried() -> None:
    harness = DropHarness()
    fails(harness, *dropped(harness, 1))
    for query, fields in (
        ({}, ["source", "status"]),
        ({"source": SHEET}, ["status"]),
        (ASKED | {"status": "expired"}, ["status"]),
        (ASKED | {"source": "é" * 600}, ["source"]),
        (ASKED | {"state": "failed"}, ["state"]),
    ):
        with pytest.raises(InvalidRequest) as caught:
            harness.request_retry(query, client="drop")
        assert sorted(error.field for error in caught.value.errors) == fields
    assert harness.queues.retries == []


@given(
    row=st.integers(1, 2**24 - 1),
    other=st.integers(1, 2**24 - 1),
    milliseconds=st.integers(0, 2**45),
    versions=st.tuples(st.text(max_size=3), st.text(max_size=3)),
)
def test_ids_of_jobs_that_are_made_again(
    row: int, other: int, milliseconds: int, versions: tuple[str, str]
) -> None:
    made_at = NOON + timedelta(milliseconds=milliseconds // 1000)
    ours, theirs = (Drop(bucket="drops", key=SHEET, version=version) for version in versions)
    seen, job_id = [ours.job_id(row, made_at=made_at)], ours.job_id(row, made_at=made_at)
    for _ in range(3):
        again = job_id_again(job_id)
        assert again is not None
        assert is_job_id(again)
        assert is_same_drop(again, job_id)
        assert again > job_id
        job_id = again
        seen.append(again)
    assert len(set(seen)) == 4
    assert is_same_drop(job_id, theirs.job_id(other, made_at=made_at)) == (ours == theirs)
    later = theirs.job_id(other, made_at=made_at + timedelta(milliseconds=1))
    assert (is_older_drop(job_id, later), is_older_drop(later, job_id)) == (True, False)
    if other != row:
        assert job_id_again(ours.job_id(other, made_at=made_at)) not in seen


def test_a_job_is_made_again_a_bounded_number_of_times() -> None:
    job_id: JobId | None = Drop(bucket="b", key=SHEET, version="1").job_id(1, made_at=NOON)
    times = 0
    while job_id and (job_id := job_id_again(job_id)):
        times += 1
    assert times == MAX_TIMES


@given(milliseconds=st.integers(0, 2**41), randomness=st.binary(min_size=10, max_size=10))
def test_an_id_tells_what_it_was_made_of(milliseconds: int, randomness: bytes) -> None:
    at = NOON + timedelta(milliseconds=milliseconds)
    job_id = new_job_id(at, randomness)
    assert parts_of(job_id) == (int(at.timestamp() * 1000), randomness)
