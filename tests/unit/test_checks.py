"""When a job is checked."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.checks import (
    ALIGNMENT,
    FIRST_CHECK,
    Check,
    deadline_after,
    from_message,
    next_read,
    seconds_to_next_check,
    to_message,
)
from ringback.domain.jobs import Job, JobStatus

from tests.support.jobs import NOON, TASK, a_job, a_job_id

SPANS = st.timedeltas(timedelta(0), timedelta(days=1))


def a_job_without_callbacks(deadline: timedelta = timedelta(minutes=30), **changes: Any) -> Job:
    known: dict[str, Any] = {"submitted_at": NOON, "deadline_at": NOON + deadline, "task_id": TASK}
    return replace(a_job(JobStatus.RUNNING), **(known | changes))


def check_times(job: Job, *, start: datetime = NOON) -> list[float]:
    """Return when a job that keeps running is checked, in seconds from the start."""
    at = start
    checks: list[float] = []
    while not checks or at < job.deadline_at:
        at += timedelta(seconds=seconds_to_next_check(job, at=at, calls_back=False))
        checks.append((at - start).total_seconds())
    return checks


def test_with_callbacks_a_job_is_checked_at_its_deadline() -> None:
    job = a_job(JobStatus.RUNNING, submitted_at=NOON, deadline_at=NOON + timedelta(seconds=903))
    assert seconds_to_next_check(job, at=NOON, calls_back=True) == 903
    assert seconds_to_next_check(job, at=NOON + timedelta(seconds=900), calls_back=True) == 3
    # An overdue job is checked every quarter of an hour.
    assert seconds_to_next_check(job, at=job.deadline_at, calls_back=True) == 900


@pytest.mark.parametrize(
    ("wait", "seconds"),
    [
        (30, 67),
        (599.9, 637),
        (600, 600),
        (900, 900),
        (901, 900),
        (902.4, 900),
        (903.6, 900),
        (923, 960),
    ],
)
def test_a_long_deadline_is_a_whole_minute_and_a_short_one_a_second(
    wait: float, seconds: int
) -> None:
    """So that the checks of a minute are due together; never later than was asked for."""
    at = NOON + timedelta(seconds=37.25)
    deadline = deadline_after(timedelta(seconds=wait), at=at)
    assert deadline == NOON + timedelta(seconds=seconds)
    assert at < deadline <= at + timedelta(seconds=wait)


def test_without_callbacks_checks_widen_until_the_deadline() -> None:
    checks = check_times(a_job_without_callbacks())
    gaps = [after - before for before, after in zip([0.0, *checks], checks, strict=False)]
    assert 15 <= checks[0] <= 25
    assert all(later >= before - 10 for before, later in itertools.pairwise(gaps[:-1]))
    assert gaps[-2] > 10 * gaps[1]
    assert all(gap <= 10 + max(15, (at - gap) / 2) for gap, at in zip(gaps, checks, strict=True))
    assert checks[-1] == 1800
    assert len(checks) <= 12


@given(SPANS, st.integers(30, 86_400))
def test_checks_are_aligned_and_the_last_is_at_the_deadline(
    since: timedelta, deadline: int
) -> None:
    job = a_job_without_callbacks(timedelta(seconds=deadline))
    at = NOON + since
    due = at + timedelta(seconds=seconds_to_next_check(job, at=at, calls_back=False))
    off = (due - datetime(1970, 1, 1, tzinfo=UTC)) % ALIGNMENT
    # SQS takes whole seconds of at least one: a check is late by at most one second.
    assert off <= timedelta(seconds=1)
    assert due > at
    assert due <= max(job.deadline_at, at) + ALIGNMENT + timedelta(seconds=1)


@given(st.integers(0, 600))
def test_no_check_is_due_before_the_first_check_age(late: int) -> None:
    at = NOON + timedelta(seconds=late)
    due = at + timedelta(
        seconds=seconds_to_next_check(a_job_without_callbacks(), at=at, calls_back=False)
    )
    assert due >= NOON + FIRST_CHECK
    if late <= 10:
        assert due <= NOON + FIRST_CHECK + ALIGNMENT


def test_the_age_of_a_task_counts_from_its_submission() -> None:
    job = a_job_without_callbacks(created_at=NOON - timedelta(hours=5))
    assert 15 <= seconds_to_next_check(job, at=NOON, calls_back=False) <= 25


@given(SPANS)
def test_without_callbacks_an_accepted_job_is_checked_every_minute(
    since: timedelta,
) -> None:
    job = a_job(JobStatus.ACCEPTED, queued_at=NOON)
    delay = seconds_to_next_check(job, at=NOON + since, calls_back=False)
    assert 15 <= delay <= 71


def test_without_callbacks_or_a_task_the_next_check_is_at_the_deadline() -> None:
    job = a_job_without_callbacks(task_id=None, status=JobStatus.SUBMITTING)
    assert seconds_to_next_check(job, at=NOON, calls_back=False) == 1800


def test_with_callbacks_an_unfinished_task_is_read_at_certain_ages() -> None:
    """At twice its deadline, after an hour and after a day."""
    job = a_job(JobStatus.RUNNING, submitted_at=NOON, deadline_at=NOON + timedelta(minutes=15))
    reads = [job.deadline_at - NOON]
    while at := next_read(job, at=NOON + reads[-1], calls_back=True):
        reads.append(at - NOON)
    assert reads[1:] == [timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)]


def test_without_callbacks_an_unfinished_task_is_read_ever_less_often_for_a_day() -> None:
    job = a_job_without_callbacks()
    reads = [job.deadline_at - NOON]
    while at := next_read(job, at=NOON + reads[-1], calls_back=False):
        reads.append(at - NOON)
    assert reads[1] == timedelta(minutes=45)
    assert reads[-1] == timedelta(days=1)
    for before, after in itertools.pairwise(reads[:-1]):
        assert timedelta(0) <= after - 1.5 * before < ALIGNMENT


def test_a_task_with_a_long_deadline_is_not_read_after_it() -> None:
    job = a_job_without_callbacks(timedelta(days=2))
    assert next_read(job, at=NOON + timedelta(days=1), calls_back=False) is not None
    assert next_read(job, at=job.deadline_at, calls_back=False) is None


CHECKS = st.builds(
    Check,
    job_id=st.just(a_job_id()),
    claimed_task=st.none() | st.just(TASK),
    contradicts_failure=st.booleans(),
    unanswered=st.integers(0, 99),
    unconfigured=st.integers(0, 999),
    idle_until=st.none() | st.just(NOON),
    seen_at=st.none() | st.just(NOON + timedelta(microseconds=1)),
    found_no_job=st.booleans(),
)


@given(CHECKS)
def test_a_check_survives_the_queue(check: Check) -> None:
    body, details = to_message(check)
    message = json.loads(json.dumps(body | details))
    assert from_message(message) == check
    assert from_message({**message, "of_a_newer_version": 1}) == check


def test_a_message_has_only_what_says_something() -> None:
    assert to_message(Check(job_id=a_job_id())) == ({"job_id": a_job_id()}, {})
