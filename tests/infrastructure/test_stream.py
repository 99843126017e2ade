"""The stream leads to publish_events what it tells, and nothing that it writes itself.

Lambda neither notices nor stops a loop through a table's stream.
https://docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html
"""

from typing import Any, Final

import pytest
from ringback.aws import table_items
from ringback.domain.drops import Drop

from tests.support.jobs import a_job_id
from tests.support.lambdas import an_event
from tests.support.permissions import permissions_of
from tests.support.streams import PATTERNS, SOURCE, is_told
from tests.support.template import resources

WRITES: Final = ("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")


def a_write(key: str, kind: str = "MODIFY", **attributes: Any) -> dict[str, Any]:
    item = {"job_id": {"S": key}, **attributes}
    images = {} if kind == "REMOVE" else {"NewImage": item}
    return {"eventName": kind, "dynamodb": {"Keys": {"job_id": {"S": key}}, **images}}


@pytest.mark.parametrize(
    "case", ["job_succeeded", "job_accepted", "account_paused", "drop_finished", "receiver_off"]
)
def test_what_is_told_gets_through(case: str) -> None:
    (record,) = an_event("publish_events", case)["Records"]
    assert is_told(record)
    # As when TTL deletes the item.
    assert not is_told(record | {"eventName": "REMOVE"})


def test_a_change_waits_for_others_for_a_second_at_most() -> None:
    """Whoever follows live sees it that much later; one second is the least that there is."""
    assert SOURCE["MaximumBatchingWindowInSeconds"] == 1


def test_a_drop_gets_through_when_it_is_finished() -> None:
    key = table_items.drop_key(Drop(bucket="b", key="requests/a.csv", version="1"))["job_id"]["S"]
    assert not is_told(a_write(key))
    assert not is_told(a_write(key, "INSERT"))
    assert is_told(a_write(key, finished={"S": "{}"}))


@pytest.mark.parametrize(
    "key",
    [
        table_items.told_key(a_job_id()),
        table_items.idempotency_key("job_", "job_"),
        table_items.window_key("kie"),
        table_items.token_key("job_"),
        table_items.live_key("job_"),
        table_items.live_minute_key("job_", 29_833_333),
        table_items.count_key("job_", 29_833_333),
    ],
)
def test_other_items_do_not_get_through(key: dict[str, Any]) -> None:
    for kind in ("INSERT", "MODIFY", "REMOVE"):
        assert not is_told(a_write(key["job_id"]["S"], kind, finished={"S": "{}"}))


def test_a_receiver_gets_through_when_it_is_off() -> None:
    key = table_items.receiver_key("studio", "studio.example")["job_id"]["S"]
    for kind in ("INSERT", "MODIFY"):
        assert not is_told(a_write(key, kind, timeouts={"N": "1"}))
        assert is_told(a_write(key, kind, off_since={"N": "1"}))
    deliveries = table_items.deliveries_key(a_job_id())["job_id"]["S"]
    assert not is_told(a_write(deliveries, off_since={"N": "1"}))


def test_the_listener_may_write_nothing_that_it_is_told() -> None:
    """Any key of the patterns that its role allows."""
    allowed = {
        each.place.removeprefix("JobsTable/")
        for each in permissions_of("publish_events")
        if each.action.removeprefix("dynamodb:") in WRITES
    }
    assert allowed
    heard = [one["prefix"] for each in PATTERNS for one in each["dynamodb"]["Keys"]["job_id"]["S"]]
    for pattern in allowed:
        beginning = pattern.removesuffix("*")
        for prefix in heard:
            assert not (beginning.startswith(prefix) or prefix.startswith(beginning))


def test_a_record_that_fails_holds_up_its_shard_for_a_limited_time() -> None:
    assert SOURCE["BisectBatchOnFunctionError"] is True
    assert SOURCE["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert 1 <= SOURCE["MaximumRetryAttempts"] <= 20
    # By default both are without limit, which is a day: a stream keeps records for so long.
    assert 60 <= SOURCE["MaximumRecordAgeInSeconds"] < 24 * 3600
    # Records are in order only if one invocation at a time reads them.
    assert SOURCE.get("ParallelizationFactor", 1) == 1


def test_what_is_given_up_is_kept_with_its_records() -> None:
    """Only S3 gets the records: a queue or a topic gets their numbers."""
    on_failure = SOURCE["DestinationConfig"]["OnFailure"]
    assert on_failure == {"Type": "S3", "Destination": {"Fn::GetAtt": ["ImagesBucket", "Arn"]}}


def test_no_change_is_missed() -> None:
    assert SOURCE["StartingPosition"] == "TRIM_HORIZON"
    (table,) = resources("AWS::DynamoDB::Table").values()
    assert table["StreamSpecification"] == {"StreamViewType": "NEW_AND_OLD_IMAGES"}
    # AWS advises against more than two readers of a stream.
    listeners = [
        event
        for function in resources("AWS::Serverless::Function").values()
        for event in function.get("Events", {}).values()
        if event["Type"] == "DynamoDB"
    ]
    assert len(listeners) == 1
