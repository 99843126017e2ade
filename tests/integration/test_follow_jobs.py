"""The WebSocket API, with whole events: a client follows, its jobs change, it comes back."""

import json
from dataclasses import replace
from hashlib import sha256
from typing import Any, Final

import boto3
import pytest
from ringback.aws.clients import connections_client
from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobStatus
from ringback.live_requests import EXAMPLE

from tests.integration.test_publish_events import DONE, a_record
from tests.support.aws import Cloud
from tests.support.jobs import a_job, a_job_id
from tests.support.lambdas import AwsCall, Lambdas, an_event

KEY: Final = "rb-key-of-the-studio"
OK: Final = {"statusCode": 200}
CONNECTION: Final = an_event("follow_jobs", "follow")["requestContext"]["connectionId"]


@pytest.fixture(autouse=True)
def keys(cloud: Cloud) -> None:
    cloud.put_secret(cloud.client_keys_secret, {"studio": sha256(KEY.encode()).hexdigest()})


def a_message(body: Any, *, connection: str = CONNECTION) -> dict[str, Any]:
    event = an_event("follow_jobs", "follow")
    now = int(utc_now().timestamp() * 1000)
    event["requestContext"] |= {"connectionId": connection, "connectedAt": now}
    return event | {"body": json.dumps(body)}


def sent(lambdas: Lambdas) -> list[Any]:
    """Return the messages to connections, with the connection of each."""
    calls = [each for each in lambdas.aws_calls if each.operation == "PostToConnection"]
    return [
        (each.parameters["ConnectionId"], json.loads(each.parameters["Data"])) for each in calls
    ]


def event_ids(lambdas: Lambdas) -> list[tuple[str, str]]:
    return [
        (connection, event["id"])
        for connection, message in sent(lambdas)
        for event in message.get("events", [])
    ]


def change_a_job(lambdas: Lambdas, cloud: Cloud, *, number: int = 0, client: str = "studio") -> str:
    """Return the id of the event."""
    old = a_job(JobStatus.SUBMITTING, number=number, changes=1, client=client)
    new = replace(old, status=JobStatus.RUNNING, changes=2)
    boto3.client("dynamodb").put_item(
        TableName=cloud.table, Item=a_record(old, new)["dynamodb"]["NewImage"]
    )
    assert lambdas("publish_events", {"Records": [a_record(old, new)]}) == DONE
    return f"{a_job_id(number)}:running:2"


def test_a_client_follows_its_own_jobs_on_every_connection(cloud: Cloud, lambdas: Lambdas) -> None:
    for connection in ("one=", "two="):
        assert lambdas("follow_jobs", a_message({"key": KEY}, connection=connection)) == OK
    following = {"following": {"client": "studio", "missed": 0, "complete": True}}
    assert sent(lambdas) == [("one=", following), ("two=", following)]
    own = change_a_job(lambdas, cloud)
    change_a_job(lambdas, cloud, number=1, client="shop")
    assert event_ids(lambdas) == [("one=", own), ("two=", own)]


def test_who_comes_back_gets_the_last_state_of_what_has_changed(
    cloud: Cloud, lambdas: Lambdas
) -> None:
    lambdas("follow_jobs", a_message({"key": KEY}, connection="one="))
    since = utc_now().isoformat()
    missed = change_a_job(lambdas, cloud)
    lambdas.aws_calls.clear()
    again = a_message({"key": KEY, "since": since}, connection="two=")
    assert lambdas("follow_jobs", again) == OK
    assert event_ids(lambdas) == [("two=", missed)]
    ((_, events), (_, answer)) = sent(lambdas)
    assert events["events"][0]["source"] == "/ringback/test"
    assert answer["following"] == {"client": "studio", "missed": 1, "complete": True}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"key": "rb-unknown"}, "unknown API key"),
        ("hello", EXAMPLE),
        ({"key": KEY, "since": "yesterday"}, "`since` must be the `time` of an event"),
    ],
)
def test_without_a_key_nothing_is_recorded(
    cloud: Cloud, lambdas: Lambdas, body: Any, reason: str
) -> None:
    assert lambdas("follow_jobs", a_message(body)) == OK
    assert sent(lambdas) == [(CONNECTION, {"refused": reason})]
    assert lambdas.written() == ["PostToConnection", "DeleteConnection"]
    assert KEY not in lambdas.log.getvalue()
    assert "rb-unknown" not in lambdas.log.getvalue()


@pytest.mark.parametrize("kind", ["CONNECT", "DISCONNECT"])
def test_connecting_and_leaving_cost_nothing(lambdas: Lambdas, kind: str) -> None:
    event = an_event("follow_jobs", "follow")
    event["requestContext"]["eventType"] = kind
    assert lambdas("follow_jobs", event) == OK
    assert lambdas.aws_calls == []


def test_a_dead_connection_is_removed(
    cloud: Cloud, lambdas: Lambdas, monkeypatch: pytest.MonkeyPatch
) -> None:
    lambdas("follow_jobs", a_message({"key": KEY}, connection="dead="))
    lambdas("follow_jobs", a_message({"key": KEY}, connection="open="))
    lines = connections_client(cloud.setting("LIVE_API_URL"))
    post = lines.post_to_connection

    def gone_if_dead(**given: Any) -> Any:
        if given["ConnectionId"] == "dead=":
            raise lines.exceptions.GoneException({"Error": {"Code": "GoneException"}}, "Post")
        return post(**given)

    monkeypatch.setattr(lines, "post_to_connection", gone_if_dead)
    lambdas.aws_calls.clear()
    first, second = change_a_job(lambdas, cloud), change_a_job(lambdas, cloud, number=1)
    assert event_ids(lambdas) == [("open=", first), ("open=", second)]
    closed = [each for each in lambdas.aws_calls if each.operation == "DeleteConnection"]
    assert [each.parameters["ConnectionId"] for each in closed] == ["dead="]


def test_what_nobody_follows_costs_one_read_a_batch(cloud: Cloud, lambdas: Lambdas) -> None:
    change_a_job(lambdas, cloud)
    own = [each for each in lambdas.aws_calls if isinstance(each, AwsCall)]
    assert [(each.operation, each.keys) for each in own] == [
        ("GetItem", ["live#studio#connections"])
    ]
