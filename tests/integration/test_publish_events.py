"""The stream's listener, with whole events: a bus with a rule, the marks, the notify queue."""

import json
from collections import Counter
from copy import deepcopy
from dataclasses import replace
from typing import Any, Final

import boto3
import pytest
from ringback.aws.job_items import to_item
from ringback.aws.told_marks import ToldTable
from ringback.domain.jobs import Job, JobStatus
from ringback.http_api.replies import job_body

from tests.support import lambdas as lambdas_module
from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_job_id, a_request
from tests.support.lambdas import AwsCall, Lambdas, an_event
from tests.support.streams import Stream

DONE: Final[dict[str, Any]] = {"batchItemFailures": []}
ENDS: Final = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.ARCHIVE_FAILED)


@pytest.fixture
def followed(cloud: Cloud) -> str:
    """Return a queue that a rule sends every event of the bus to."""
    queue = str(boto3.client("sqs").create_queue(QueueName="followed")["QueueUrl"])
    found = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
    events, pattern = boto3.client("events"), json.dumps({"source": ["/ringback/test"]})
    events.put_rule(Name="all", EventBusName=cloud.event_bus, EventPattern=pattern)
    target: Any = {"Id": "queue", "Arn": found["Attributes"]["QueueArn"]}
    events.put_targets(Rule="all", EventBusName=cloud.event_bus, Targets=[target])
    return queue


def told_in(cloud: Cloud, queue: str) -> list[dict[str, Any]]:
    """Receive all events of the queue."""
    sqs, told = boto3.client("sqs"), list[dict[str, Any]]()
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        told += [json.loads(message["Body"])["detail"] for message in messages]
    return told


def a_record(old: Job, new: Job) -> dict[str, Any]:
    (record,) = deepcopy(an_event("publish_events", "job_succeeded")["Records"])
    record["dynamodb"] |= {
        "Keys": {"job_id": {"S": new.job_id}},
        "OldImage": to_item(old),
        "NewImage": to_item(new),
        "SequenceNumber": new.job_id.removeprefix("job_"),
    }
    return dict(record)


@pytest.mark.parametrize(
    ("case", "event_id"),
    [
        ("job_succeeded", f"{a_job_id()}:succeeded:4"),
        ("account_paused", "kie:paused:1789992000000"),
        ("drop_finished", "requests/kites.csv@3sL4kqtJlcpXroDTDmJ:finished:1"),
    ],
)
def test_an_event_reaches_the_bus(
    cloud: Cloud, lambdas: Lambdas, followed: str, case: str, event_id: str
) -> None:
    assert lambdas("publish_events", an_event("publish_events", case)) == DONE
    (event,) = told_in(cloud, followed)
    assert (event["id"], event["source"]) == (event_id, "/ringback/test")


def test_a_new_job_is_told_to_nobody_on_the_bus(
    cloud: Cloud, lambdas: Lambdas, followed: str
) -> None:
    assert lambdas("publish_events", an_event("publish_events", "job_accepted")) == DONE
    assert (told_in(cloud, followed), lambdas.written()) == ([], [])


def test_the_end_of_a_job_is_told_and_marked(cloud: Cloud, lambdas: Lambdas, followed: str) -> None:
    request = replace(a_request(), call_back_url="https://studio.example/hook")
    old = a_job(JobStatus.RUNNING, changes=2, request=request)
    new = replace(old, status=JobStatus.FAILED, changes=3)
    assert lambdas("publish_events", {"Records": [a_record(old, new)]}) == DONE
    (event,) = told_in(cloud, followed)
    # The job as GET /jobs/{job_id} shows it, with keys instead of links.
    assert event["data"] == json.loads(json.dumps(job_body(new)))
    assert ToldTable.connect(cloud.table).changes_told(new.job_id) == 3
    [(message, delay)] = lambdas.sent(cloud.notify_queue)
    assert (message["url"], message["client"], delay) == (request.call_back_url, "studio", 0)
    assert message["event_id"] == event["id"]
    assert json.loads(message["body"]) == event | {"timestamp": event["time"]}
    # Two requests for the job, and one for its receiver.
    assert lambdas.written() == ["SendMessage", "PutEvents", "BatchWriteItem"]


class Killed(BaseException):
    """The function is stopped before it makes a call."""


def test_a_burst_is_told_though_the_function_is_killed_five_times(
    cloud: Cloud, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    """1,000 jobs end at once; each is told, as it ended, and none as it didn't.

    Without a rule: to send a thousand messages to one queue takes moto half a minute.
    """
    olds = [a_job(JobStatus.RUNNING, number=number, changes=2) for number in range(1000)]
    news = [
        replace(old, status=ENDS[number % len(ENDS)], changes=3) for number, old in enumerate(olds)
    ]
    stream = Stream([a_record(old, new) for old, new in zip(olds, news, strict=True)])
    calls, kills = Counter[str](), [("PutEvents", 1), ("PutEvents", 7), ("PutEvents", 40)]
    kills += [("BatchWriteItem", 3), ("BatchWriteItem", 20)]

    def kill(service: str, operation: str, parameters: dict[str, Any]) -> None:
        calls[operation] += 1
        if (operation, calls[operation]) in kills:
            raise Killed

    monkeypatch.setattr(lambdas_module, "_listeners", [kill, *lambdas_module._listeners])

    def publish(records: list[dict[str, Any]]) -> list[bool]:
        reply = lambdas("publish_events", {"Records": records})
        failed = {each["itemIdentifier"] for each in reply["batchItemFailures"]}
        return [record["dynamodb"]["SequenceNumber"] in failed for record in records]

    killed = 0
    while stream.records:
        try:
            stream.read(publish)
        except Killed:
            killed += 1
    assert (killed, stream.given_up) == (5, [])
    told = [
        json.loads(entry["Detail"])
        for call in lambdas.aws_calls
        if call.operation == "PutEvents"
        for entry in call.parameters["Entries"]
    ]
    ids = [f"{job.job_id}:{job.status}:3" for job in news]
    assert {event["id"] for event in told} == set(ids)
    by_id = dict(zip(ids, news, strict=True))
    assert all(event["data"]["status"] == by_id[event["id"]].status for event in told)
    # Twice at most what five killed batches had put.
    assert len(told) <= 1000 + 5 * 100
    marks = ToldTable.connect(cloud.table)
    assert {marks.changes_told(job.job_id) for job in news[::50]} == {3}
    items = boto3.client("dynamodb").scan(TableName=cloud.table, Select="COUNT")
    assert items["Count"] == 1000


def test_a_job_takes_a_tenth_of_a_call_in_a_burst(cloud: Cloud, lambdas: Lambdas) -> None:
    jobs = [a_job(JobStatus.RUNNING, number=number, changes=2) for number in range(100)]
    records = [a_record(job, replace(job, status=JobStatus.FAILED, changes=3)) for job in jobs]
    lambdas("publish_events", {"Records": records})
    made = Counter(call.operation for call in lambdas.aws_calls if isinstance(call, AwsCall))
    # They are all of one client, whose receiver is looked up once a minute.
    # So are its connections, in every batch.
    assert made == {"GetItem": 2, "PutEvents": 10, "BatchWriteItem": 4}
