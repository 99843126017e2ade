"""What is counted of jobs and callbacks, beyond the paths of the integration tests."""

from dataclasses import replace
from datetime import timedelta

import pytest
from ringback.domain.changes import JobChange
from ringback.domain.errors import PayloadTooLarge
from ringback.domain.jobs import JobStatus
from ringback.job_metrics import (
    count_archived,
    count_changes,
    count_refused_callback,
    count_verdict,
)
from ringback.metrics import Metrics

from tests.support.jobs import NOON, a_job
from tests.support.metrics import values_in

METRICS = Metrics({})


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    return {each.name: each.value for each in values_in(capsys.readouterr().out)}


def test_a_batch_of_changes_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    old = a_job(JobStatus.ARCHIVING, changes=3)
    ended = JobChange(old, replace(old, status=JobStatus.SUCCEEDED, changes=4))
    new = JobChange(None, a_job())
    count_changes(METRICS, [ended, None, new, ended])
    text = capsys.readouterr().out
    assert text.count("\n") == 1
    assert {each.name: each.value for each in values_in(text)} == {
        "JobsSucceeded": 2,
        "JobsAccepted": 1,
    }


def test_an_end_that_an_older_version_did_not_count_is_counted(
    capsys: pytest.CaptureFixture[str],
) -> None:
    old = a_job(JobStatus.RUNNING)
    count_changes(METRICS, [JobChange(old, replace(old, status=JobStatus.EXPIRED))])
    assert counted(capsys) == {"JobsExpired": 1}


def test_a_job_of_which_a_part_was_stored_before_has_no_time_to_archive(
    capsys: pytest.CaptureFixture[str],
) -> None:
    count_archived(METRICS, a_job(JobStatus.SUCCEEDED), since=None)
    assert counted(capsys) == {"BytesArchived": 0}


def test_the_time_to_a_callback_begins_with_the_request_to_the_provider(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sent_at, decided_at = NOON + timedelta(seconds=5), NOON + timedelta(seconds=47)
    job = a_job(JobStatus.ARCHIVING, submitted_at=sent_at, updated_at=decided_at)
    count_verdict(METRICS, job, called_back=True)
    assert counted(capsys) == {"TimeToCallback": 42}


def test_a_callback_that_is_too_large_is_no_forgery(capsys: pytest.CaptureFixture[str]) -> None:
    count_refused_callback(METRICS, PayloadTooLarge("a callback"))
    assert counted(capsys) == {}
