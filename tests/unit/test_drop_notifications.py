import io
import json
from dataclasses import asdict
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from ringback.domain.drops import NO_VERSION, Drop
from ringback.drop_notifications import dropped_objects, take_each
from ringback.lambda_events import process_batch
from ringback.metrics import Metrics

METRICS = Metrics({})


def a_notification(key: str) -> dict[str, Any]:
    what = {"bucket": {"name": "drops"}, "object": {"key": key, "versionId": "v1"}}
    return {"Records": [{"eventSource": "aws:s3", "s3": what}]}


@pytest.mark.parametrize(
    ("sent", "key"),
    [
        ("requests/a.json", "requests/a.json"),
        ("requests/a+red+kite.json", "requests/a red kite.json"),
        ("requests/1%2B1.json", "requests/1+1.json"),
        ("requests/caf%C3%A9.json", "requests/caf\N{LATIN SMALL LETTER E WITH ACUTE}.json"),
        ("requests/100%25.json", "requests/100%.json"),
    ],
)
def test_keys_in_s3_notifications_are_decoded(sent: str, key: str) -> None:
    assert dropped_objects(a_notification(sent)) == [Drop(bucket="drops", key=key, version="v1")]


def test_s3_s_test_message_has_no_object() -> None:
    assert dropped_objects({"Service": "Amazon S3", "Event": "s3:TestEvent"}) == []


@pytest.mark.parametrize(
    ("kind", "is_new"),
    [
        *((f"ObjectCreated:{how}", True) for how in ("Put", "Post", "Copy")),
        ("ObjectCreated:CompleteMultipartUpload", True),
        ("s3:ObjectCreated:Put", True),
        ("ObjectRemoved:Delete", False),
        ("ObjectRemoved:DeleteMarkerCreated", False),
        ("ObjectRestore:Post", False),
        ("ObjectRestore:Completed", False),
        ("LifecycleTransition", False),
        ("LifecycleExpiration:DeleteMarkerCreated", False),
        ("ObjectTagging:Put", False),
        ("ObjectAcl:Put", False),
        ("ReducedRedundancyLostObject", False),
        ("Replication:OperationMissedThreshold", False),
    ],
)
def test_only_a_new_object_is_a_drop(kind: str, *, is_new: bool) -> None:
    """A restored version is one that was dropped, and paid for, before."""
    notification = a_notification("requests/a.json")
    notification["Records"][0]["eventName"] = kind
    assert bool(dropped_objects(notification)) is is_new


@pytest.mark.parametrize("changes", [{}, {"versionId": None}, {"versionId": ""}])
def test_an_object_without_a_version_is_a_drop_that_has_none(changes: dict[str, Any]) -> None:
    notification = a_notification("requests/a.json")
    del notification["Records"][0]["s3"]["object"]["versionId"]
    notification["Records"][0]["s3"]["object"] |= changes
    assert dropped_objects(notification) == [
        Drop(bucket="drops", key="requests/a.json", version=NO_VERSION)
    ]


@pytest.mark.parametrize(
    ("key", "is_ours"),
    [
        ("receipts/requests/a.csv.jsonl", True),
        ("receipts/" + "a" * 64 + ".csv", True),
        ("receipts%2Frequests%2Fa.csv.jsonl", True),
        ("Receipts/a.csv", False),
        ("receipts", False),
        ("receipts.csv", False),
        ("requests/receipts/a.csv", False),
    ],
)
def test_what_ringback_writes_is_no_drop(key: str, *, is_ours: bool) -> None:
    assert bool(dropped_objects(a_notification(key))) is not is_ours


def test_one_drop_that_fails_costs_the_others_of_its_message_nothing() -> None:
    notification = a_notification("requests/1.json")
    notification["Records"] += a_notification("requests/2.json")["Records"]
    taken: list[str] = []

    def take(drop: Drop) -> None:
        taken.append(drop.key)
        if len(taken) == 1:
            raise RuntimeError("no luck")

    output = io.StringIO()

    with pytest.raises(RuntimeError, match="no luck"):
        take_each(notification, take, a_logger(output))
    assert taken == ["requests/1.json", "requests/2.json"]
    assert json.loads(output.getvalue())["drop"] == "requests/2.json"


def test_our_own_message_continues_a_drop() -> None:
    drop = Drop(bucket="drops", key="requests/a.csv", version="v1")
    assert dropped_objects({"drop": asdict(drop)}) == [drop]


def a_logger(output: io.StringIO) -> Logger:
    return Logger(service=f"test-{id(output)}", stream=output)


UNKNOWN = {
    "empty": {},
    "S3 through SNS": {"Type": "Notification", "Message": json.dumps(a_notification("a.json"))},
    "S3 through EventBridge": {
        "detail-type": "Object Created",
        "source": "aws.s3",
        "detail": {"bucket": {"name": "drops"}, "object": {"key": "a.json"}},
    },
    "no records": {"Records": []},
    "null records": {"Records": None},
    "records of SQS": {"Records": [{"eventSource": "aws:sqs", "body": "{}"}]},
    "a drop that is none": {"drop": {"key": "a.json"}},
    "a list": [],
    "a text": "x",
    "nothing": None,
}


@pytest.mark.parametrize("message", UNKNOWN.values(), ids=UNKNOWN.keys())
def test_a_message_of_unknown_shape_fails_alone_and_is_logged(
    message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """It becomes a dead letter: acknowledged in silence, a dropped file would be lost."""
    found: list[Drop] = []
    bodies = [a_notification("requests/a.json"), message, a_notification("requests/b.json")]
    records = [{"messageId": str(at), "body": json.dumps(body)} for at, body in enumerate(bodies)]
    reply = process_batch(
        {"Records": records},
        lambda each: found.extend(dropped_objects(each)),
        Logger(service="unknown", stream=io.StringIO()),
        METRICS,
    )
    assert reply == {"batchItemFailures": [{"itemIdentifier": "1"}]}
    assert [drop.key for drop in found] == ["requests/a.json", "requests/b.json"]
    assert caplog.messages == ["message failed"]


def test_s3_s_own_test_message_is_acknowledged() -> None:
    assert dropped_objects({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}) == []
