"""What every store of receivers and deliveries does: the fakes, and the items in the table."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from ringback.aws.deliveries import DeliveryTable
from ringback.aws.receivers import MAX_HOSTS, ReceiverTable, WebhookClientTable
from ringback.aws.stream_records import read_change
from ringback.aws.table_items import forget_at, receiver_key
from ringback.domain.changes import ReceiverOff
from ringback.domain.deliveries import Delivery
from ringback.domain.receivers import MAX_TIMEOUTS, ClientWebhooks, OffReason, Receiver
from ringback.use_cases.webhook_ports import Deliveries, Receivers

from tests.contract.test_failed_writes import a_client, throttled
from tests.support.aws import Cloud
from tests.support.jobs import NOON, a_job_id
from tests.support.repeats import repeating
from tests.support.webhooks import InMemoryDeliveries, InMemoryReceivers

LATER = NOON + timedelta(minutes=1)
NEW = Receiver(client="studio", host="studio.example")


@pytest.fixture(params=["in_memory", "dynamo_db"])
def receivers(request: pytest.FixtureRequest) -> Receivers:
    if request.param == "in_memory":
        return InMemoryReceivers()
    return ReceiverTable.connect(request.getfixturevalue("cloud").table)


@pytest.fixture(params=["in_memory", "dynamo_db"])
def deliveries(request: pytest.FixtureRequest) -> Deliveries:
    if request.param == "in_memory":
        return InMemoryDeliveries()
    return DeliveryTable.connect(request.getfixturevalue("cloud").table)


def stored(receivers: Receivers) -> Receiver:
    return receivers.read(NEW.client, NEW.host)


def test_an_unknown_receiver_is_as_good_as_new(receivers: Receivers) -> None:
    assert stored(receivers) == NEW
    assert NEW.is_new


def test_a_failure_is_recorded_since_the_first(receivers: Receivers) -> None:
    receivers.failed(NEW, at=NOON, timed_out=False)
    failed = receivers.failed(NEW, at=LATER, timed_out=False)
    assert failed == stored(receivers)
    assert (failed.failing_since, failed.timeouts, failed.waits_until) == (NOON, 0, None)


def test_what_fails_is_listed_until_it_answers(receivers: Receivers) -> None:
    other = replace(NEW, host="127.0.0.1:4567")
    for each in (NEW, other, replace(NEW, client="studio.example")):
        receivers.failed(each, at=NOON, timed_out=False)
    receivers.failed(stored(receivers), at=LATER, timed_out=True)
    assert receivers.failing("studio") == [
        receivers.read("studio", host) for host in ("127.0.0.1:4567", "studio.example")
    ]
    assert receivers.failing("shop") == []
    receivers.forget(stored(receivers))
    assert [each.host for each in receivers.failing("studio")] == ["127.0.0.1:4567"]
    receivers.forget(receivers.read("studio", "127.0.0.1:4567"))
    assert receivers.failing("studio") == []
    receivers.failed(NEW, at=NOON, timed_out=False)
    assert receivers.failing("studio") == [stored(receivers)]


def test_a_host_that_answers_is_not_shown_though_it_is_listed(cloud: Cloud) -> None:
    """It may have answered between the two writes of somebody who found it failing."""
    table = ReceiverTable.connect(cloud.table)
    table.failed(NEW, at=NOON, timed_out=False)
    table.forget(NEW)
    table._list("ADD", NEW)
    assert table.failing("studio") == []


def test_a_hundred_failing_hosts_are_listed_and_the_others_work_all_the_same(
    cloud: Cloud,
) -> None:
    """A job's own callBackUrl may name any host, and an item of the table has its limits."""
    table = ReceiverTable.connect(cloud.table)
    for number in range(MAX_HOSTS + 2):
        table.failed(replace(NEW, host=f"{number:03}.example"), at=NOON, timed_out=False)
    assert [each.host for each in table.failing("studio")][-1] == "099.example"
    table.forget(replace(NEW, host="000.example"))
    table.failed(replace(NEW, host="102.example"), at=NOON, timed_out=False)
    assert [each.host for each in table.failing("studio")][-1] == "102.example"
    late = replace(NEW, host="101.example")
    assert table.read("studio", "101.example").failing_since == NOON
    table.forget(late)
    assert table.read("studio", "101.example").is_new


def test_time_outs_in_a_row_put_a_receiver_aside(receivers: Receivers) -> None:
    for n in range(1, MAX_TIMEOUTS + 1):
        failed = receivers.failed(NEW, at=LATER, timed_out=True)
        assert (failed.timeouts, failed.timed_out_at) == (n, LATER)
        assert (failed.waits_until is None) == (n < MAX_TIMEOUTS)
    assert receivers.failed(NEW, at=LATER, timed_out=False).waits_until is None


def test_pauses_widen_to_a_quarter_of_an_hour(receivers: Receivers) -> None:
    failed = [receivers.failed(NEW, at=NOON, timed_out=True) for _ in range(20)]
    minutes = [each.waits_until and (each.waits_until - NOON) for each in failed]
    assert minutes == [
        None,
        None,
        *(timedelta(minutes=n) for n in (1, 2, 4, 8)),
        *[timedelta(minutes=15)] * 14,
    ]


def test_one_of_several_messages_may_try_a_receiver_that_hangs(receivers: Receivers) -> None:
    for _ in range(MAX_TIMEOUTS):
        receivers.failed(NEW, at=NOON, timed_out=True)
    seen = stored(receivers)
    assert receivers.claim(seen, at=LATER)
    assert not receivers.claim(seen, at=LATER + timedelta(seconds=1))
    assert stored(receivers).waits_until == LATER + timedelta(minutes=1)


def test_a_receiver_that_was_forgotten_meanwhile_is_not_claimed(receivers: Receivers) -> None:
    for _ in range(MAX_TIMEOUTS):
        seen = receivers.failed(NEW, at=NOON, timed_out=True)
    receivers.forget(seen)
    assert not receivers.claim(seen, at=LATER)
    assert stored(receivers) == NEW


def test_events_given_up_are_counted(receivers: Receivers) -> None:
    receivers.failed(NEW, at=NOON, timed_out=False)
    assert [receivers.gave_up(NEW, at=LATER).given_up for _ in range(2)] == [1, 2]
    assert stored(receivers).failing_since == NOON


def test_a_receiver_is_switched_off_once(receivers: Receivers) -> None:
    receivers.switch_off(NEW, at=NOON, reason=OffReason.GONE)
    receivers.switch_off(NEW, at=LATER, reason=OffReason.FAILING)
    off = stored(receivers)
    assert (off.off_since, off.off_reason, off.is_new) == (NOON, OffReason.GONE, False)


def test_a_success_makes_a_receiver_as_good_as_new(receivers: Receivers) -> None:
    for _ in range(MAX_TIMEOUTS):
        receivers.failed(NEW, at=NOON, timed_out=True)
    receivers.gave_up(NEW, at=NOON)
    receivers.switch_off(NEW, at=NOON, reason=OffReason.FAILING)
    receivers.forget(NEW)
    assert stored(receivers) == NEW


@pytest.mark.parametrize(
    "other", [("shop", "studio.example"), ("studio", "other.example"), ("studio#x", "example")]
)
def test_receivers_of_others_are_untouched(receivers: Receivers, other: tuple[str, str]) -> None:
    receivers.failed(NEW, at=NOON, timed_out=True)
    assert receivers.read(*other) == Receiver(client=other[0], host=other[1])


def a_delivery(attempt: int = 1, **changes: object) -> Delivery:
    given = {"event_id": "job_1:succeeded:4", "type": "ringback.job.succeeded", "host": "x.example"}
    return Delivery(**given, attempt=attempt, at=NOON, **changes)  # type: ignore[arg-type]


def test_deliveries_are_listed_in_their_order(deliveries: Deliveries) -> None:
    kept = [
        a_delivery(1, error="no complete answer within 15 seconds", next_at=LATER),
        a_delivery(2, status=500, answer="Oh \ufffd", milliseconds=12, next_at=LATER),
        a_delivery(3, status=200, milliseconds=8),
    ]
    for each in kept:
        deliveries.add(a_job_id(), each)
    assert deliveries.of(a_job_id()) == kept
    assert deliveries.of(a_job_id(1)) == []


def test_the_newest_deliveries_are_kept(
    deliveries: Deliveries, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("ringback.aws.deliveries", "tests.support.webhooks"):
        monkeypatch.setattr(f"{module}.MAX_KEPT", 3)
    for attempt in range(1, 6):
        deliveries.add(a_job_id(), a_delivery(attempt))
    assert [each.attempt for each in deliveries.of(a_job_id())] == [3, 4, 5]


# ---------------------------------------------------------------- the table's own


def test_a_write_that_the_sdk_repeated_counts_once(cloud: Cloud) -> None:
    receivers, table = ReceiverTable.connect(cloud.table), DeliveryTable.connect(cloud.table)
    with repeating(receivers._client):
        assert receivers.failed(NEW, at=NOON, timed_out=True).timeouts == 1
    with repeating(receivers._client):
        assert receivers.gave_up(NEW, at=NOON).given_up == 1
    with repeating(receivers._client):
        assert receivers.claim(stored(receivers), at=LATER)
    with repeating(table._client):
        table.add(a_job_id(), a_delivery())
    assert len(table.of(a_job_id())) == 1


def test_items_have_keys_that_the_stream_leaves_out_and_are_in_no_index(cloud: Cloud) -> None:
    receivers = ReceiverTable.connect(cloud.table)
    receivers.failed(NEW, at=NOON, timed_out=True)
    receivers.switch_off(NEW, at=NOON, reason=OffReason.GONE)
    off = receivers.read(NEW.client, NEW.host)
    assert receivers.failed(off, at=NOON, timed_out=True).timeouts == 2
    receivers.failed(Receiver(client="studio", host="b.example"), at=NOON, timed_out=True)
    DeliveryTable.connect(cloud.table).add(a_job_id(), a_delivery())
    WebhookClientTable.connect(cloud.table).put(ClientWebhooks(client="studio"))
    items = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    assert {item["job_id"]["S"] for item in items} == {
        "receiver#studio#default",
        "receiver#studio#hosts",
        "receiver#studio#studio.example",
        "receiver#studio#b.example",
        f"deliveries#{a_job_id()}",
    }
    assert all(item.keys().isdisjoint({"client", "source"}) for item in items)
    kept = forget_at(NOON + timedelta(days=30))
    assert all(item.get("forget_at", kept) == kept for item in items)
    # What a client has set up, and a receiver that is off, stay until that is changed.
    forgotten = {item["job_id"]["S"] for item in items if "forget_at" in item}
    assert forgotten == {"receiver#studio#b.example", f"deliveries#{a_job_id()}"}


def test_nothing_is_dropped_if_somebody_else_has_made_room(cloud: Cloud) -> None:
    table = DeliveryTable.connect(cloud.table)
    table.add(a_job_id(), a_delivery())
    table._drop_oldest(a_job_id())
    assert len(table.of(a_job_id())) == 1


def test_a_write_that_fails_otherwise_is_an_error() -> None:
    client = a_client(throttled)
    for write in (
        lambda: DeliveryTable(client, "jobs").add(a_job_id(), a_delivery()),
        lambda: DeliveryTable(client, "jobs")._drop_oldest(a_job_id()),
        lambda: ReceiverTable(client, "jobs").failed(NEW, at=NOON, timed_out=True),
        lambda: ReceiverTable(client, "jobs").claim(replace(NEW, timed_out_at=NOON), at=LATER),
    ):
        with pytest.raises(ClientError, match="Throttling"):
            write()


def test_what_a_client_has_set_up_is_read_as_it_was_written(cloud: Cloud) -> None:
    table = WebhookClientTable.connect(cloud.table)
    assert table.read("studio") is None
    for webhooks in (
        ClientWebhooks(client="studio"),
        ClientWebhooks(client="studio", url="https://studio.example/hooks"),
    ):
        table.put(webhooks)
        assert table.read("studio") == webhooks


def test_that_a_receiver_was_switched_off_is_a_change_to_be_told_once(cloud: Cloud) -> None:
    receivers = ReceiverTable.connect(cloud.table)
    client = "stu#dio"
    receiver = Receiver(client=client, host="studio.example")
    images = list[dict[str, Any]]()
    for change in (
        lambda: receivers.failed(receiver, at=NOON, timed_out=True),
        lambda: receivers.switch_off(receiver, at=LATER, reason=OffReason.FAILING),
        lambda: receivers.gave_up(receiver, at=LATER),
    ):
        change()
        key = receiver_key(client, "studio.example")
        images.append(boto3.client("dynamodb").get_item(TableName=cloud.table, Key=key)["Item"])
    told = [
        read_change({"dynamodb": {"Keys": new, "NewImage": new, **old}})
        for new, old in zip(images, [{}, *({"OldImage": each} for each in images)], strict=False)
    ]
    assert told[0] is None
    assert told[1] == ReceiverOff(replace(receivers.read(client, "studio.example"), given_up=0))
    assert told[2] is None
