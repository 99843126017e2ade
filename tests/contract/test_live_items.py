"""Who follows, and what they missed: the fake and the table answer alike."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from ringback.aws import live_items
from ringback.aws.live_items import FollowerTable, MissedTable
from ringback.aws.table_items import live_key, live_minute_key
from ringback.domain.events import Event
from ringback.domain.live import CONNECTION_LASTS, KEPT
from ringback.use_cases.live_ports import Followers, KeptEvents

from tests.support.aws import Cloud
from tests.support.jobs import NOON, a_job_id
from tests.support.live import InMemoryFollowers, InMemoryKept, a_connection
from tests.support.streams import is_told
from tests.unit.test_live import event

FIRST, SECOND = a_connection(0), a_connection(1)
CHANGE = replace(event(), subject=a_job_id())
DROP = replace(event(), subject="requests/雪.csv@1", type="ringback.drop.finished")


@pytest.fixture(params=["in_memory", "dynamo_db"])
def followers(request: pytest.FixtureRequest, cloud: Cloud) -> Followers:
    return (
        InMemoryFollowers() if request.param == "in_memory" else FollowerTable.connect(cloud.table)
    )


@pytest.fixture(params=["in_memory", "dynamo_db"])
def kept(request: pytest.FixtureRequest, cloud: Cloud) -> KeptEvents:
    return InMemoryKept() if request.param == "in_memory" else MissedTable.connect(cloud.table)


def test_connections_are_read_back_oldest_first(followers: Followers) -> None:
    assert followers.of("studio", at=NOON) is None
    assert followers.add("studio", SECOND, at=NOON) == [SECOND]
    assert followers.add("studio", FIRST, at=NOON) == [FIRST, SECOND]
    # A repeat.
    assert followers.add("studio", FIRST, at=NOON) == [FIRST, SECOND]
    assert sorted(followers.of("studio", at=NOON) or [], key=lambda each: each.id) == [
        FIRST,
        SECOND,
    ]
    assert followers.of("shop", at=NOON) is None


def test_who_has_left_still_follows(followers: Followers) -> None:
    followers.add("studio", FIRST, at=NOON)
    followers.add("studio", SECOND, at=NOON)
    followers.remove("studio", [SECOND])
    assert followers.of("studio", at=NOON) == [FIRST]
    followers.remove("studio", [FIRST])
    assert followers.of("studio", at=NOON) == []


def test_a_connection_that_is_over_is_no_longer_returned(followers: Followers) -> None:
    followers.add("studio", FIRST, at=NOON)
    followers.add("studio", SECOND, at=NOON)
    assert followers.of("studio", at=FIRST.opened_at + CONNECTION_LASTS) == [SECOND]


def test_a_client_is_forgotten_a_day_after_its_last_connection(cloud: Cloud) -> None:
    """Also if DynamoDB has not deleted the item yet."""
    followers = FollowerTable.connect(cloud.table)
    followers.add("studio", FIRST, at=NOON)
    end = NOON + CONNECTION_LASTS + KEPT
    assert followers.of("studio", at=end) == []
    assert followers.of("studio", at=end + timedelta(seconds=1)) is None


def test_changed_jobs_are_kept_once_and_other_events_whole(kept: KeptEvents) -> None:
    kept.add("studio", [CHANGE, DROP], at=NOON)
    kept.add("studio", [replace(CHANGE, number=9)], at=NOON)
    kept.add("shop", [replace(CHANGE, subject=a_job_id(2))], at=NOON)
    missed = kept.since("studio", NOON, at=NOON)
    assert (missed.job_ids, missed.others) == ([a_job_id()], [DROP.cloud_event()])
    assert missed.is_complete


def test_what_has_happened_before_is_left_out(kept: KeptEvents) -> None:
    kept.add("studio", [CHANGE], at=NOON)
    kept.add("studio", [replace(CHANGE, subject=a_job_id(2))], at=NOON + timedelta(hours=1))
    later = NOON + timedelta(minutes=30)
    assert kept.since("studio", later, at=NOON + timedelta(hours=2)).job_ids == [a_job_id(2)]


def test_nothing_is_missed_at_the_edges(cloud: Cloud) -> None:
    """Clocks differ, and a change is told after its time."""
    kept = MissedTable.connect(cloud.table)
    for number, at in enumerate((NOON - timedelta(minutes=1), NOON, NOON + timedelta(minutes=1))):
        kept.add("studio", [replace(CHANGE, subject=a_job_id(number))], at=at)
    assert len(kept.since("studio", NOON, at=NOON).job_ids) == 3
    # A clock that is ahead.
    assert len(kept.since("studio", NOON + timedelta(minutes=1), at=NOON).job_ids) == 2


def test_a_day_is_read_and_no_more(cloud: Cloud) -> None:
    kept = MissedTable.connect(cloud.table)
    kept.add("studio", [CHANGE], at=NOON - KEPT)
    kept.add("studio", [replace(CHANGE, subject=a_job_id(2))], at=NOON)
    kept.add("studio", [replace(CHANGE, subject=a_job_id(3))], at=NOON - 2 * KEPT)
    # Newest first.
    assert kept.since("studio", NOON - 9 * KEPT, at=NOON).job_ids == [a_job_id(2), a_job_id()]


@pytest.mark.parametrize(("ago", "is_complete"), [(KEPT, True), (1.01 * KEPT, False)])
def test_whoever_comes_back_after_more_than_a_day_may_have_missed_more(
    kept: KeptEvents, ago: timedelta, *, is_complete: bool
) -> None:
    assert kept.since("studio", NOON - ago, at=NOON).is_complete is is_complete


def test_more_than_one_answer_can_hold_is_said(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_items, "MAX_MISSED", 3)
    kept = MissedTable.connect(cloud.table)
    for hour in range(4):
        job_id = a_job_id(hour)
        kept.add("studio", [replace(CHANGE, subject=job_id)], at=NOON - timedelta(hours=3 * hour))
    assert kept.since("studio", NOON - timedelta(hours=7), at=NOON).is_complete
    missed = kept.since("studio", NOON - timedelta(hours=10), at=NOON)
    assert (missed.job_ids, missed.is_complete) == ([a_job_id(n) for n in range(3)], False)


def test_other_events_count_as_well(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_items, "MAX_MISSED", 3)
    kept = MissedTable.connect(cloud.table)
    kept.add("studio", [CHANGE, replace(CHANGE, subject=a_job_id(1)), DROP], at=NOON)
    assert kept.since("studio", NOON, at=NOON).is_complete
    kept.add("studio", [replace(DROP, number=2)], at=NOON)
    assert not kept.since("studio", NOON, at=NOON).is_complete


@pytest.mark.parametrize(("one", "attribute"), [(CHANGE, "jobs"), (DROP, "events")])
def test_no_empty_set_is_written(cloud: Cloud, one: Event, attribute: str) -> None:
    """DynamoDB refuses it."""
    MissedTable.connect(cloud.table).add("studio", [one], at=NOON)
    item = written(cloud, live_minute_key("studio", int(NOON.timestamp()) // 60))
    assert item.keys() == {"job_id", "forget_at", attribute}


def test_reads_that_dynamo_db_leaves_undone_are_repeated(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = MissedTable.connect(cloud.table)
    kept.add("studio", [CHANGE], at=NOON)
    client = boto3.client("dynamodb")
    answers, read = [True], client.batch_get_item

    def batch_get_item(**request: Any) -> Any:
        if answers:
            answers.clear()
            return {"Responses": {cloud.table: []}, "UnprocessedKeys": request["RequestItems"]}
        return read(**request)

    monkeypatch.setattr(client, "batch_get_item", batch_get_item)
    assert kept.since("studio", NOON, at=NOON).job_ids == [a_job_id()]


def written(cloud: Cloud, key: dict[str, Any]) -> dict[str, Any]:
    found = boto3.client("dynamodb").get_item(TableName=cloud.table, Key=key)
    return dict(found["Item"])


WRITES: list[tuple[Callable[[str], object], dict[str, Any], timedelta]] = [
    (
        lambda table: FollowerTable.connect(table).add("job_", FIRST, at=NOON),
        live_key("job_"),
        CONNECTION_LASTS + KEPT,
    ),
    (
        lambda table: MissedTable.connect(table).add("job_", [CHANGE, DROP], at=NOON),
        live_minute_key("job_", int(NOON.timestamp()) // 60),
        KEPT,
    ),
]


@pytest.mark.parametrize(("write", "key", "kept_for"), WRITES)
def test_an_item_is_forgotten_in_no_index_and_told_to_nobody(
    cloud: Cloud, write: Callable[[str], object], key: dict[str, Any], kept_for: timedelta
) -> None:
    """Whoever is told of it would write another one, without end."""
    write(cloud.table)
    item = written(cloud, key)
    assert item["forget_at"] == {"N": str(int((NOON + kept_for).timestamp()))}
    assert item.keys().isdisjoint({"client", "source"})
    assert not is_told({"eventName": "INSERT", "dynamodb": {"Keys": key, "NewImage": item}})
