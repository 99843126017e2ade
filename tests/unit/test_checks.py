"""When a job is checked."""

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.checks import ALIGNMENT, FIRST_CHECK, seconds_to_next_check
from ringback.domain.jobs import Job, JobStatus

from tests.support.jobs import NOON, TASK, a_job

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
    job = a_job(JobStatus.RUNNING, submitted_at=NOON)
    assert seconds_to_next_check(job, at=NOON, calls_back=True) == 15 * 60


def test_without_callbacks_checks_widen_until_the_deadline() -> None:
    checks = check_times(a_job_without_callbacks())
    gaps = [after - before for before, after in zip([0.0, *checks], checks, strict=False)]
    assert 15 <= checks[0] <= 25
    assert all(later >= before - 10 for before, later in itertools.pairwise(gaps[:-1]))
    assert gaps[-2] > 10 * gaps[1]
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
