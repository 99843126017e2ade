"""PutEvents takes ten entries and a limited size at a time, and may refuse some of them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from ringback.aws.event_bus import MAX_ATTEMPTS, MAX_BYTES, EventBridge
from ringback.domain.events import Event

from tests.support.aws import Cloud
from tests.support.jobs import NOON

EVENT = Event(
    type="ringback.job.succeeded",
    source="/ringback/prod",
    subject="job_1",
    number=4,
    time=NOON,
    client="studio",
    data={"prompt": "雪"},
)


def events(count: int, **data: str) -> list[Event]:
    return [replace(EVENT, number=number, data=data) for number in range(count)]


class Client:
    """Answers each request with the next error codes for its entries, or with an exception."""

    def __init__(self, *answers: Sequence[str] | Exception) -> None:
        self.answers, self.requests = list(answers), list[list[Any]]()

    def put_events(self, *, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        self.requests.append(Entries)
        codes = self.answers.pop(0) if self.answers else [""] * len(Entries)
        if isinstance(codes, Exception):
            raise codes
        results = [{"ErrorCode": code} if code else {"EventId": "1"} for code in codes]
        return {"FailedEntryCount": sum(map(bool, codes)), "Entries": results}


def numbers(requests: list[list[Any]]) -> list[list[str]]:
    return [[json.loads(each["Detail"])["id"][-1] for each in entries] for entries in requests]


def bus(client: Any) -> EventBridge:
    return EventBridge(client, "ringback")


def test_an_entry_has_the_event_as_its_detail() -> None:
    client = Client()
    assert bus(client).put([EVENT]) == {}
    [[entry]] = client.requests
    assert json.loads(entry.pop("Detail")) == EVENT.cloud_event()
    assert entry == {
        "EventBusName": "ringback",
        "Source": "/ringback/prod",
        "DetailType": "ringback.job.succeeded",
        "Time": NOON,
    }


def test_ten_entries_are_put_at_a_time() -> None:
    client = Client()
    assert bus(client).put(events(25)) == {}
    assert list(map(len, client.requests)) == [10, 10, 5]
    assert bus(client).put([]) == {}
    assert len(client.requests) == 3


def test_a_request_has_a_limited_size() -> None:
    """Counted as EventBridge does, in bytes of UTF-8."""
    client = Client()
    bus(client).put(events(5, prompt="雪" * (MAX_BYTES // 8)))
    sizes = [sum(len(each["Detail"].encode()) for each in entries) for entries in client.requests]
    assert max(sizes) <= MAX_BYTES
    assert list(map(len, client.requests)) == [2, 2, 1]


@pytest.mark.parametrize(("more", "requests"), [(0, [2]), (1, [1, 1])])
def test_the_limit_counts_the_time_and_the_names_too(more: int, requests: list[int]) -> None:
    """https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html."""
    empty = replace(EVENT, data={"prompt": ""})
    texts = (empty.source, empty.type, json.dumps(empty.cloud_event(), separators=(",", ":")))
    rest = 256 * 1024 // 2 - 14 - sum(map(len, texts))
    client = Client()
    bus(client).put([replace(EVENT, data={"prompt": "x" * (rest + n)}) for n in (0, more)])
    assert list(map(len, client.requests)) == requests


def test_an_event_over_the_limit_is_put_by_itself() -> None:
    client = Client()
    bus(client).put([*events(1), *events(1, prompt="x" * MAX_BYTES), *events(1)])
    assert list(map(len, client.requests)) == [1, 1, 1]


def test_only_what_was_refused_is_put_again() -> None:
    client = Client(["", "ThrottlingException", "InternalFailure"], ["", "InternalFailure"], [""])
    assert bus(client).put(events(3)) == {}
    assert numbers(client.requests) == [["0", "1", "2"], ["1", "2"], ["2"]]


def test_what_is_refused_every_time_is_returned() -> None:
    refusals = [["", "InternalFailure"], *[["InternalFailure"]] * (MAX_ATTEMPTS - 1)]
    client = Client(*refusals)
    assert bus(client).put(events(2)) == {"job_1:succeeded:1": "InternalFailure"}
    assert len(client.requests) == MAX_ATTEMPTS


def test_a_bus_that_cannot_be_reached_is_asked_once() -> None:
    """Each request may hang until its limits are reached; the function has a minute."""
    client = Client([""] * 10, EndpointConnectionError(endpoint_url="https://events"))
    refused = bus(client).put(events(35))
    assert len(client.requests) == 2
    assert [*refused] == [event.id for event in events(35)[10:]]
    assert {*refused.values()} == {"EndpointConnectionError"}


def test_a_rule_leads_events_to_a_queue(cloud: Cloud) -> None:
    """The same pattern as in docs/events.md."""
    client, queue = boto3.client("events"), cloud.notify_queue
    arn = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    pattern = {"detail-type": ["ringback.job.succeeded"], "source": ["/ringback/prod"]}
    client.put_rule(Name="jobs", EventBusName=cloud.event_bus, EventPattern=json.dumps(pattern))
    target: Any = {"Id": "queue", "Arn": arn["Attributes"]["QueueArn"]}
    client.put_targets(Rule="jobs", EventBusName=cloud.event_bus, Targets=[target])
    events = [EVENT, replace(EVENT, type="ringback.job.failed"), replace(EVENT, source="/other")]
    assert EventBridge.connect(cloud.event_bus).put(events) == {}
    [message] = cloud.messages(queue)
    assert message["detail"] == EVENT.cloud_event()


@pytest.mark.parametrize("missing", ["a-bus-that-is-gone"])
def test_a_bus_that_is_gone_takes_nothing(cloud: Cloud, missing: str) -> None:
    refused = EventBridge.connect(missing).put([EVENT])
    assert [*refused] == [EVENT.id]
