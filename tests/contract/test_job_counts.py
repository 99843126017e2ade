"""How many jobs a client has posted in a minute: the table, and its fake."""

from datetime import timedelta

import boto3
import pytest
from ringback.aws.job_counts import JobCountTable
from ringback.use_cases.limit_jobs import JobCounts

from tests.support.aws import Cloud
from tests.support.in_memory import InMemoryCounts
from tests.support.jobs import NOON


@pytest.fixture(params=["in_memory", "table"])
def counts(request: pytest.FixtureRequest) -> JobCounts:
    if request.param == "in_memory":
        return InMemoryCounts()
    return JobCountTable.connect(request.getfixturevalue("cloud").table)


def test_jobs_are_counted_up_to_the_limit(counts: JobCounts) -> None:
    assert counts.counted("studio", at=NOON) == 0
    taken = [counts.count("studio", most=2, at=NOON) for _ in range(4)]
    assert taken == [True, True, False, False]
    assert counts.counted("studio", at=NOON) == 2


def test_a_client_is_counted_by_itself_and_in_each_minute_anew(counts: JobCounts) -> None:
    assert counts.count("studio", most=1, at=NOON)
    end = NOON + timedelta(seconds=59.9)
    assert not counts.count("studio", most=1, at=end)
    assert counts.count("shop", most=1, at=end)
    assert counts.count("studio", most=1, at=NOON + timedelta(minutes=1))


def test_a_lower_limit_holds_at_once(counts: JobCounts) -> None:
    assert all(counts.count("studio", most=3, at=NOON) for _ in range(3))
    assert not counts.count("studio", most=1, at=NOON)


def test_a_count_is_forgotten(cloud: Cloud) -> None:
    JobCountTable.connect(cloud.table).count("studio", most=1, at=NOON)
    (item,) = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    assert int(item["forget_at"]["N"]) == (NOON + timedelta(hours=1)).timestamp()
