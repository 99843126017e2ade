"""The recorded Lambda events have the fields that their functions read."""

import json
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl

import pytest
from ringback.aws.queues import read_retry
from ringback.aws.stream_records import read_change
from ringback.catalogue.upload_requests import read_upload
from ringback.domain.job_ids import is_job_id
from ringback.domain.webhooks import from_message, to_message
from ringback.drop_notifications import dropped_objects
from ringback.http_api.batches import batch_post
from ringback.http_api.requests import (
    callback_request,
    client_name,
    job_post,
    json_body,
    lower_headers,
    query_parameters,
    raw_body,
)
from ringback.live_requests import connection_of, follow_request, is_message
from ringback.use_cases.canary_ports import CanaryTask

from tests.support.lambdas import EVENTS
from tests.support.template import ROOT, routes

Event = dict[str, Any]
FILES: Final = sorted(EVENTS.glob("*/*.json"))
every_event = pytest.mark.parametrize(
    "path", [pytest.param(path, id=f"{path.parent.name}/{path.stem}") for path in FILES]
)


def is_http(event: Event) -> bool:
    return "routeKey" in event


def check_http(event: Event) -> None:
    assert event["version"] == "2.0"
    assert isinstance(event["isBase64Encoded"], bool)
    assert all(name == name.lower() for name in event["headers"])
    assert isinstance(raw_body(event), bytes)
    assert dict(parse_qsl(event["rawQueryString"])) == query_parameters(event)
    if event["routeKey"] == "$default":
        return
    method, _, route = event["routeKey"].partition(" ")
    assert event["requestContext"]["http"]["method"] == method
    for name, value in event.get("pathParameters", {}).items():
        route = route.replace(f"{{{name}}}", value).replace(f"{{{name}+}}", value)
    assert event["rawPath"] == route


def check_messages(event: Event) -> list[Event]:
    messages: list[Event] = []
    for record in event["Records"]:
        assert record["eventSource"] == "aws:sqs"
        assert record["messageId"]
        messages.append(json.loads(record["body"]))
    assert messages
    return messages


def check_accept_job(event: Event) -> None:
    check_http(event)
    if event["routeKey"] == "POST /jobs/batch":
        assert len(batch_post(event)) > 1
        return
    post = job_post(event)
    assert post.client
    if event["routeKey"] == "POST /jobs":
        assert post.body
    else:
        assert event["routeKey"] == "POST /jobs/{job_id}/retry"
        assert is_job_id(post.retry_of or "")


def check_take_drops(event: Event) -> None:
    for message in check_messages(event):
        assert read_retry(message) or dropped_objects(message)


def check_submit_job(event: Event) -> None:
    for message in check_messages(event):
        assert message.keys() - {"nudge"} == {"job_id", "slot"}
        assert is_job_id(message["job_id"])


def check_receive_callback(event: Event) -> None:
    check_http(event)
    assert "authorizer" not in event["requestContext"]
    call = callback_request(event)
    assert is_job_id(call.job_id)
    assert isinstance(json.loads(call.body), dict)


def check_check_jobs(event: Event) -> None:
    for message in check_messages(event):
        if "probe" in message:
            assert message["probe"].keys() == {"provider", "probe_id"}
            continue
        assert is_job_id(message["job_id"])
        assert isinstance(message.get("claimed_task", ""), str)
        assert message.keys() <= {"job_id", "claimed_task", "contradicts_failure"}


def check_archive_images(event: Event) -> None:
    for message in check_messages(event):
        assert message.keys() == {"job_id", "attempt"}
        assert is_job_id(message["job_id"])
        assert message["attempt"] >= 1


def check_notify_client(event: Event) -> None:
    for message in check_messages(event):
        webhook = from_message(message)
        assert to_message(webhook) == message
        body = json.loads(webhook.body)
        assert (body["id"], body["type"]) == (webhook.event_id, webhook.type)
        assert is_job_id(webhook.job_id)


def check_make_thumbnails(event: Event) -> None:
    for message in check_messages(event):
        assert message.keys() == {"job_id", "number"}
        assert is_job_id(message["job_id"])
        assert message["number"] >= 1


def check_delete_jobs(event: Event) -> None:
    for message in check_messages(event):
        assert message.keys() == {"job_id"}
        assert is_job_id(message["job_id"])


def check_summarize_drops(event: Event) -> None:
    for message in check_messages(event):
        assert dropped_objects(message)[0].is_sheet


def check_publish_events(event: Event) -> None:
    for record in event["Records"]:
        assert record["eventSource"] == "aws:dynamodb"
        assert record["eventName"] == ("MODIFY" if "OldImage" in record["dynamodb"] else "INSERT")
        assert record["dynamodb"]["SequenceNumber"].isdigit()
        assert read_change(record)


def check_follow_jobs(event: Event) -> None:
    assert is_message(event)
    assert event["requestContext"]["routeKey"] == "$default"
    assert connection_of(event).id
    assert follow_request(event).key


def check_query_jobs(event: Event) -> None:
    check_http(event)
    assert client_name(event)
    if "{job_id}" in event["routeKey"]:
        assert is_job_id(event["pathParameters"]["job_id"])
    else:
        assert event["routeKey"] == "GET /jobs"


def check_open_upload(event: Event) -> None:
    check_http(event)
    assert client_name(event)
    assert read_upload(json_body(event), "studio")


def check_manage_account(event: Event) -> None:
    check_http(event)
    assert client_name(event)
    assert event.get("pathParameters", {}).keys() <= {"id"}


def check_show_progress(event: Event) -> None:
    check_http(event)
    assert client_name(event)
    if "{job_id}" in event["routeKey"]:
        assert is_job_id(event["pathParameters"]["job_id"])


def check_serve_provider_apis(event: Event) -> None:
    check_http(event)
    assert "authorizer" not in event["requestContext"]
    assert event["headers"].keys() & {"authorization", "access_token"} or "body" in event
    if "body" in event:
        assert isinstance(json.loads(raw_body(event)), dict)
    else:
        assert all(map(is_job_id, query_parameters(event).values()))


OPEN = ("GET /openapi.json", "GET /docs", "OPTIONS /{proxy+}")


def check_describe_models(event: Event) -> None:
    check_http(event)
    if event["routeKey"] in OPEN:
        assert "authorizer" not in event["requestContext"]
        return
    assert client_name(event)
    assert event.get("pathParameters", {}).keys() <= {"model_id"}


def check_serve_studio(event: Event) -> None:
    check_http(event)
    assert "authorizer" not in event["requestContext"]
    assert event["requestContext"]["http"]["method"] == "GET"


def check_change_job(event: Event) -> None:
    check_http(event)
    assert client_name(event)
    if "{job_id}" in event["routeKey"]:
        assert is_job_id(event["pathParameters"]["job_id"])


def check_authorize_client(event: Event) -> None:
    assert (event["version"], event["type"]) == ("2.0", "REQUEST")
    assert event["identitySource"] == [lower_headers(event)["authorization"]]


def check_run_canary(event: Event) -> None:
    assert (event["source"], event["detail-type"]) == ("aws.events", "Scheduled Event")


def check_answer_canary(event: Event) -> None:
    for message in check_messages(event):
        assert message.keys() == {field.name for field in fields(CanaryTask)}


CHECKS: Final[dict[str, Callable[[Event], None]]] = {
    "accept_job": check_accept_job,
    "take_drops": check_take_drops,
    "submit_job": check_submit_job,
    "receive_callback": check_receive_callback,
    "check_jobs": check_check_jobs,
    "archive_images": check_archive_images,
    "make_thumbnails": check_make_thumbnails,
    "delete_jobs": check_delete_jobs,
    "notify_client": check_notify_client,
    "summarize_drops": check_summarize_drops,
    "publish_events": check_publish_events,
    "follow_jobs": check_follow_jobs,
    "query_jobs": check_query_jobs,
    "open_upload": check_open_upload,
    "manage_account": check_manage_account,
    "show_progress": check_show_progress,
    "serve_provider_apis": check_serve_provider_apis,
    "describe_models": check_describe_models,
    "serve_studio": check_serve_studio,
    "change_job": check_change_job,
    "authorize_client": check_authorize_client,
    "run_canary": check_run_canary,
    "answer_canary": check_answer_canary,
}


def test_every_function_has_events() -> None:
    functions = {path.name for path in (ROOT / "functions").iterdir()}
    assert {path.parent.name for path in FILES} == functions == set(CHECKS)


@every_event
def test_an_event_has_the_fields_its_function_reads(path: Path) -> None:
    event = json.loads(path.read_text())
    assert isinstance(event, dict)
    CHECKS[path.parent.name](event)


@every_event
def test_an_event_has_the_example_account_id(path: Path) -> None:
    accounts = re.findall(r"(?<![0-9a-f-])[0-9]{12}(?![0-9a-f])", path.read_text())
    assert set(accounts) <= {"123456789012"}


def test_every_route_of_the_template_has_an_event() -> None:
    recorded = {json.loads(path.read_text()).get("routeKey") for path in FILES}
    assert {key for _, key in routes()} <= recorded
