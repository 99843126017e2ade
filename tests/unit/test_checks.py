"""When a job is looked at."""

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


def a_silent_job(deadline: timedelta = timedelta(minutes=30), **changes: Any) -> Job:
    known: dict[str, Any] = {"submitted_at": NOON, "deadline_at": NOON + deadline, "task_id": TASK}
    return replace(a_job(JobStatus.RUNNING), **(known | changes))


def looks_at(job: Job, *, start: datetime = NOON) -> list[float]:
    """Return when a silent job that goes on running is looked at, in seconds from the start."""
    at = start
    looks: list[float] = []
    while not looks or at < job.deadline_at:
        at += timedelta(seconds=seconds_to_next_check(job, at=at, calls_back=False))
        looks.append((at - start).total_seconds())
    return looks


def test_a_job_whose_provider_calls_is_looked_at_once_at_its_deadline() -> None:
    job = a_job(JobStatus.RUNNING, submitted_at=NOON)
    assert seconds_to_next_check(job, at=NOON, calls_back=True) == 15 * 60


def test_a_job_whose_provider_does_not_is_looked_at_less_and_less_often() -> None:
    looks = looks_at(a_silent_job())
    gaps = [after - before for before, after in zip([0.0, *looks], looks, strict=False)]
    assert 15 <= looks[0] <= 25
    assert all(later >= before - 10 for before, later in itertools.pairwise(gaps[:-1]))
    assert gaps[-2] > 10 * gaps[1]
    assert looks[-1] == 1800
    assert len(looks) <= 12


@given(SPANS, st.integers(30, 86_400))
def test_looks_meet_and_the_last_is_at_the_deadline(since: timedelta, deadline: int) -> None:
    job = a_silent_job(timedelta(seconds=deadline))
    at = NOON + since
    due = at + timedelta(seconds=seconds_to_next_check(job, at=at, calls_back=False))
    off = (due - datetime(1970, 1, 1, tzinfo=UTC)) % ALIGNMENT
    # SQS takes whole seconds: rounding up is late, by less than one, or by one if there is none.
    assert off <= timedelta(seconds=1)
    assert due > at
    assert due <= max(job.deadline_at, at) + ALIGNMENT + timedelta(seconds=1)


@given(st.integers(0, 600))
def test_nobody_is_asked_about_a_task_that_is_younger_than_the_first_look(late: int) -> None:
    at = NOON + timedelta(seconds=late)
    due = at + timedelta(seconds=seconds_to_next_check(a_silent_job(), at=at, calls_back=False))
    assert due >= NOON + FIRST_CHECK


@given(SPANS)
def test_while_a_silent_job_waits_for_its_turn_it_is_looked_at_every_minute(
    since: timedelta,
) -> None:
    job = a_job(JobStatus.ACCEPTED, queued_at=NOON)
    delay = seconds_to_next_check(job, at=NOON + since, calls_back=False)
    assert 15 <= delay <= 71


def test_a_silent_job_without_a_task_is_looked_at_when_it_is_given_up() -> None:
    job = a_silent_job(task_id=None, status=JobStatus.SUBMITTING)
    assert seconds_to_next_check(job, at=NOON, calls_back=False) == 1800
