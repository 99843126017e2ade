import io
import json
from base64 import b64encode
from dataclasses import asdict
from typing import Any

import pytest
from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.drops import NO_VERSION, Drop
from ringback.domain.errors import InvalidRequest, MissingScope, PayloadTooLarge
from ringback.lambda_events import (
    callback_request,
    client_name,
    dropped_objects,
    json_body,
    lower_headers,
    process_batch,
    process_together,
    query_parameters,
    raw_body,
    route_of,
    take_each,
    time_of,
)
from ringback.metrics import Metrics

from tests.support.jobs import a_job_id

PATH = {"provider": "kie", "job_id": a_job_id(), "token": "t" * 43}

METRICS = Metrics({})


def test_the_time_of_an_invocation_is_in_seconds() -> None:
    class Context(LambdaContext):
        @staticmethod
        def get_remaining_time_in_millis() -> int:
            return 74_321

    assert time_of(Context())() == 74.321


@given(st.binary())
def test_a_base64_body_is_decoded(body: bytes) -> None:
    assert raw_body({"body": b64encode(body).decode(), "isBase64Encoded": True}) == body


@pytest.mark.parametrize("body", ["abc", "{}=", "caf\N{LATIN SMALL LETTER E WITH ACUTE}"])
def test_what_is_no_base64_is_no_json_either(body: str) -> None:
    event = {"body": body, "isBase64Encoded": True}
    with pytest.raises(InvalidRequest):
        json_body(event)
    assert callback_request(event | {"pathParameters": PATH}).body == body.encode()


@given(st.text())
def test_a_text_body_is_encoded_as_utf_8(body: str) -> None:
    assert raw_body({"body": body, "isBase64Encoded": False}).decode() == body
    assert raw_body({"body": body}).decode() == body


@pytest.mark.parametrize("event", [{}, {"body": None}, {"body": ""}, {"body": None, "x": 1}])
def test_a_missing_body_is_empty(event: dict[str, Any]) -> None:
    assert raw_body(event) == b""
    assert raw_body(event | {"isBase64Encoded": True}) == b""


def test_a_lone_surrogate_is_accepted() -> None:
    assert raw_body({"body": "\ud83e"}) == b"\xed\xa0\xbe"


def test_header_names_are_lowered_and_values_kept() -> None:
    event = {"headers": {"X-Webhook-Signature": "AbC=", "content-type": "Application/JSON"}}
    assert lower_headers(event) == {
        "x-webhook-signature": "AbC=",
        "content-type": "Application/JSON",
    }


@pytest.mark.parametrize("event", [{}, {"headers": None}, {"headers": {}}])
def test_missing_headers_are_empty(event: dict[str, Any]) -> None:
    assert lower_headers(event) == {}


@pytest.mark.parametrize("event", [{}, {"queryStringParameters": None}])
def test_a_missing_query_is_empty(event: dict[str, Any]) -> None:
    assert query_parameters(event) == {}
    assert query_parameters(event | {"queryStringParameters": {"a": "b"}}) == {"a": "b"}


def test_half_a_character_in_a_query_is_none() -> None:
    """No answer could name it: Lambda's answers are UTF-8."""
    event = {"queryStringParameters": {"\ud83d": "a\udc00b", "\U0001f600": "\U0001f600"}}
    assert query_parameters(event) == {"\ufffd": "a\ufffdb", "\U0001f600": "\U0001f600"}


@pytest.mark.parametrize(
    ("sent", "route"),
    [
        ("HEAD /jobs/{job_id}", "GET /jobs/{job_id}"),
        ("GET /jobs", "GET /jobs"),
        ("POST /jobs", "POST /jobs"),
        ("$default", "$default"),
    ],
)
def test_head_is_answered_like_get(sent: str, route: str) -> None:
    assert route_of({"routeKey": sent}) == route


def test_the_client_comes_from_the_authorizer() -> None:
    context = {"authorizer": {"lambda": {"client": "studio", "scopes": "jobs:read"}}}
    event = {"routeKey": "GET /jobs", "requestContext": context}
    assert client_name(event) == "studio"
    with pytest.raises(MissingScope, match="`jobs:write`"):
        client_name(event | {"routeKey": "POST /jobs"})


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": {}},
        {"requestContext": {"authorizer": {}}},
        {"requestContext": {"authorizer": {"lambda": {}}}},
        {"requestContext": {"authorizer": {"jwt": {"claims": {"client": "studio"}}}}},
        {"headers": {"client": "studio"}},
    ],
)
def test_a_request_without_an_authorizer_is_an_error(event: dict[str, Any]) -> None:
    with pytest.raises(KeyError):
        client_name(event)


def test_a_callback_is_read_from_path_headers_and_body() -> None:
    event = {"pathParameters": PATH, "headers": {"X-A": "1"}, "body": "e30=", "isBase64Encoded": 1}
    call = callback_request(event)
    assert (call.provider, call.job_id, call.token) == ("kie", a_job_id(), "t" * 43)
    assert (call.headers, call.body) == ({"x-a": "1"}, b"{}")


@pytest.mark.parametrize("encoded", [True, False])
def test_a_callback_has_a_maximum_size(*, encoded: bool) -> None:
    def event(size: int) -> dict[str, Any]:
        body = b"x" * size
        text = b64encode(body).decode() if encoded else body.decode()
        return {"pathParameters": PATH, "body": text, "isBase64Encoded": encoded}

    assert len(callback_request(event(256 * 1024)).body) == 256 * 1024
    with pytest.raises(PayloadTooLarge):
        callback_request(event(256 * 1024 + 1))


def test_the_size_is_counted_in_bytes() -> None:
    with pytest.raises(PayloadTooLarge):
        callback_request({"pathParameters": PATH, "body": "\N{SNOWMAN}" * (128 * 1024)})


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

    with pytest.raises(RuntimeError, match="no luck"):
        take_each(notification, take)
    assert taken == ["requests/1.json", "requests/2.json"]


def test_our_own_message_continues_a_drop() -> None:
    drop = Drop(bucket="drops", key="requests/a.csv", version="v1")
    assert dropped_objects({"drop": asdict(drop)}) == [drop]


def a_batch(*bodies: str) -> dict[str, Any]:
    return {"Records": [{"messageId": f"m{n}", "body": body} for n, body in enumerate(bodies)]}


def a_logger(output: io.StringIO) -> Logger:
    return Logger(service=f"test-{id(output)}", stream=output)


def test_only_failed_messages_are_reported() -> None:
    done: list[dict[str, Any]] = []

    def process(message: dict[str, Any]) -> None:
        if message["n"] == 1:
            raise RuntimeError("no luck")
        done.append(message)

    output = io.StringIO()
    batch = a_batch('{"n": 0}', '{"n": 1}', "not JSON", '["a list"]', '{"n": 4}')
    reply = process_batch(batch, process, a_logger(output), METRICS)
    assert [failure["itemIdentifier"] for failure in reply["batchItemFailures"]] == [
        "m1",
        "m2",
        "m3",
    ]
    assert done == [{"n": 0}, {"n": 4}]


def test_a_successful_batch_has_no_failures() -> None:
    reply = process_batch(a_batch("{}", "{}"), lambda _: None, a_logger(io.StringIO()), METRICS)
    assert reply == {"batchItemFailures": []}


def test_a_batch_is_not_acknowledged_without_an_outcome_of_each_message() -> None:
    with pytest.raises(ValueError, match="shorter"):
        process_together(
            a_batch("{}", "{}"),
            lambda each: each,
            lambda _: [None],
            a_logger(io.StringIO()),
            METRICS,
        )


def test_a_failure_is_logged_without_the_body() -> None:
    def process(message: dict[str, Any]) -> None:
        raise RuntimeError("no luck")

    output = io.StringIO()
    body = json.dumps({"job_id": a_job_id(), "more": "not for the log"})
    process_batch(
        a_batch(body, "not JSON for the log", "[]", "7"), process, a_logger(output), METRICS
    )
    first, *others = [json.loads(line) for line in output.getvalue().splitlines()]
    assert (first["message"], first["message_id"]) == ("message failed", "m0")
    assert first["job_id"] == a_job_id()
    assert "RuntimeError: no luck" in first["exception"]
    assert [line.get("job_id") for line in others] == [None] * 3
    assert "for the log" not in output.getvalue()


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


@pytest.mark.parametrize("body", ["[" * 990, '{"a":' * 990 + "1" + "}" * 990, "{", "", "NaN"])
def test_a_body_that_cannot_be_read_fails_alone(body: str) -> None:
    done: list[Any] = []
    records = [
        {"messageId": "bad", "body": body},
        {"messageId": "good", "body": '{"job_id": "\\ud83d"}'},
    ]
    reply = process_batch(
        {"Records": records},
        done.append,
        Logger(service="unread", stream=io.StringIO()),
        METRICS,
    )
    assert reply == {"batchItemFailures": [{"itemIdentifier": "bad"}]}
    assert done == [{"job_id": "\ufffd"}]


def test_s3_s_own_test_message_is_acknowledged() -> None:
    assert dropped_objects({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": "b"}) == []
