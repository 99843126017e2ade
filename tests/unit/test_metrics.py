"""Lines of the embedded metric format, as CloudWatch reads them."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

import pytest
from ringback import metrics
from ringback.metric_table import (
    BYTES_ARCHIVED,
    CREDITS_LEFT,
    JOBS,
    MESSAGES_FAILED,
    TIME_TO_ARCHIVE,
)
from ringback.metrics import Metrics

STACK = Metrics({"METRICS_NAMESPACE": "Ringback/demo"})


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []
    monkeypatch.setattr(sys.stdout, "write", texts.append)
    monkeypatch.setattr(metrics, "utc_now", lambda: datetime(2026, 11, 27, tzinfo=UTC))
    return texts


def only_line(written: list[str]) -> dict[str, Any]:
    (text,) = written
    assert text.endswith("\n")
    assert text.count("\n") == 1
    line: dict[str, Any] = json.loads(text)
    return line


def test_values_are_one_line_in_the_embedded_metric_format(written: list[str]) -> None:
    STACK.put({TIME_TO_ARCHIVE: 1.5, BYTES_ARCHIVED: 5_000_000})

    assert only_line(written) == {
        "_aws": {
            "Timestamp": 1_795_737_600_000,
            "CloudWatchMetrics": [
                {
                    "Namespace": "Ringback/demo",
                    "Dimensions": [[]],
                    "Metrics": [
                        {"Name": "TimeToArchive", "Unit": "Seconds"},
                        {"Name": "BytesArchived", "Unit": "Bytes"},
                    ],
                }
            ],
        },
        "TimeToArchive": 1.5,
        "BytesArchived": 5_000_000,
    }


def test_a_dimension_is_named_and_given_a_value(written: list[str]) -> None:
    STACK.put({MESSAGES_FAILED: 2}, Function="submit_job")

    line = only_line(written)
    assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Function"]]
    assert line["Function"] == "submit_job"


@pytest.mark.parametrize("dimensions", [{}, {"Function": "submit_job"}])
def test_a_metric_needs_its_own_dimensions(dimensions: dict[str, str], written: list[str]) -> None:
    with pytest.raises(ValueError, match="CreditsLeft has the dimensions"):
        STACK.put({CREDITS_LEFT: 7}, **dimensions)

    assert not written


def test_without_values_nothing_is_written(written: list[str]) -> None:
    STACK.put({})

    assert not written


def test_jobs_are_counted_when_they_are_new_and_when_they_end() -> None:
    assert {metric.name for metric in JOBS.values()} == {
        "JobsAccepted",
        "JobsSucceeded",
        "JobsFailed",
        "JobsExpired",
        "JobsArchiveFailed",
        "JobsCancelled",
    }
