"""docs/asyncapi.yaml describes every event that goes to the bus, field by field."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from functools import cache
from typing import Any, Final

import pytest
import yaml
from jsonschema import Draft7Validator, FormatChecker
from ringback.aws.stream_records import read_change
from ringback.domain import canary
from ringback.domain.changes import JobChange
from ringback.domain.events import Event
from ringback.domain.images import Quarantined, Remains
from ringback.domain.jobs import FINAL, ErrorKind, Job, JobError, JobStatus
from ringback.domain.live import events_messages, following_message, refused_message
from ringback.http_api.replies import account_body, job_body
from ringback.use_cases.make_events import MakeEvents

from tests.support.jobs import NOON, TASK, a_job, a_stored_image
from tests.support.lambdas import an_event
from tests.support.schemas import strict
from tests.support.template import ROOT

LATER: Final = NOON + timedelta(minutes=1)
MAKE: Final = MakeEvents(source="/ringback/prod", show_job=job_body, show_account=account_body)
THUMBNAILED: Final = replace(a_stored_image(2), thumbnail="t")
PAGE: Final = Quarantined(
    number=2, key="quarantine/x", remains=Remains(bytes=3, sha256="0" * 64), reason="a page"
)


@cache
def document() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load((ROOT / "docs" / "asyncapi.yaml").read_text())
    return read


def described() -> dict[str, dict[str, Any]]:
    """Return the payload of each message, by the type of its event."""
    messages = document()["components"]["messages"].values()
    return {message["name"]: message["payload"] for message in messages}


def schemas() -> dict[str, Any]:
    found: dict[str, Any] = document()["components"]["schemas"]
    return found


def faults_of(event: Event) -> list[str]:
    """Return what the document does not say about the event; it must be JSON."""
    body = json.loads(json.dumps(event.cloud_event()))
    validator = Draft7Validator(
        strict(described()[event.type], schemas()), format_checker=FormatChecker()
    )
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(body)]


def ended(status: JobStatus, **changes: Any) -> Job:
    done = {"updated_at": LATER, "submitted_at": NOON, "finished_at": LATER, "task_id": TASK}
    return a_job(status, **{"changes": 4, **done, **changes})


def an_error(kind: ErrorKind, **more: Any) -> JobError:
    return JobError(kind=kind, message="no", code="422", **more)


JOBS: Final = [
    *(ended(status) for status in sorted(FINAL)),
    *(ended(JobStatus.FAILED, error=an_error(kind)) for kind in ErrorKind),
    ended(JobStatus.CANCELLED, task_id=None, submitted_at=None),
    ended(
        JobStatus.SUCCEEDED, images=(a_stored_image(), replace(a_stored_image(2), thumbnail="t"))
    ),
    ended(JobStatus.SUCCEEDED, source="requests/a.csv", row=7, credits=None, retry_of="job_1"),
    ended(
        JobStatus.ARCHIVE_FAILED,
        result_urls=("https://cdn.example/1.png", ""),
        quarantined=(PAGE,),
        error=an_error(
            ErrorKind.IMAGES_LOST, missing=(1, 2), reasons=("gone", "a page"), kept_until=LATER
        ),
    ),
]


@pytest.mark.parametrize("number", range(len(JOBS)))
def test_every_event_of_a_job_is_described(number: int) -> None:
    event = MAKE(JobChange(a_job(JobStatus.RUNNING, changes=3), JOBS[number]))
    assert event is not None
    assert faults_of(event) == []


def test_the_event_of_a_deletion_is_described() -> None:
    event = MAKE(JobChange(ended(JobStatus.DELETING), a_job(JobStatus.DELETED, changes=6)))
    assert event is not None
    assert (event.type, faults_of(event)) == ("ringback.job.deleted", [])


@pytest.mark.parametrize("status", sorted(FINAL))
def test_every_event_of_the_canary_is_described(status: JobStatus) -> None:
    event = MAKE(JobChange(a_job(JobStatus.RUNNING), ended(status, client=canary.CLIENT)))
    assert event is not None
    assert (event.type, faults_of(event)) == (f"ringback.canary.{status}", [])


@pytest.mark.parametrize(
    "case", ["job_succeeded", "account_paused", "drop_finished", "receiver_off"]
)
def test_an_event_of_a_recorded_change_is_described(case: str) -> None:
    (record,) = an_event("publish_events", case)["Records"]
    change = read_change(record)
    assert change is not None
    event = MAKE(change)
    assert event is not None
    assert faults_of(event) == []


def test_every_type_on_the_bus_has_a_message_in_the_channel() -> None:
    types = {f"ringback.{kind}.{status}" for status in FINAL for kind in ("job", "canary")}
    types |= {"ringback.drop.finished", "ringback.account.paused", "ringback.account.resumed"}
    types |= {"ringback.receiver.switched_off", "ringback.job.deleted"}
    messages, channels = document()["components"]["messages"], document()["channels"]
    assert {messages[name]["name"] for name in channels["bus"]["messages"]} == types
    assert channels["live"]["messages"].keys() == {"follow", "following", "refused", "events"}
    named = {
        name: each for channel in channels.values() for name, each in channel["messages"].items()
    }
    assert named == {name: {"$ref": f"#/components/messages/{name}"} for name in messages}


def live_faults_of(name: str, message: Any) -> list[str]:
    schema = strict(schemas()[name], schemas())
    validator = Draft7Validator(schema, format_checker=FormatChecker())
    return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(message)]


@pytest.mark.parametrize("status", JobStatus)
def test_events_of_every_state_are_described_on_the_live_line(status: JobStatus) -> None:
    event = MAKE(JobChange(None, a_job(status)))
    assert event is not None
    (message,) = events_messages([event.cloud_event()])
    assert live_faults_of("events", json.loads(message)) == []
    assert live_faults_of("events", {"events": []}) != []
    assert live_faults_of("events", {"events": [event.cloud_event() | {"data": {}}]}) != []


def test_the_event_of_a_thumbnail_is_described_on_the_live_line() -> None:
    before = ended(JobStatus.SUCCEEDED, images=(a_stored_image(1), a_stored_image(2)))
    after = replace(before, images=(a_stored_image(1), THUMBNAILED))
    event = MAKE(JobChange(before, after))
    assert event is not None
    (message,) = events_messages([event.cloud_event()])
    assert live_faults_of("events", json.loads(message)) == []


def test_what_is_said_on_the_live_line_is_described() -> None:
    following = following_message("studio", missed=1, is_complete=True)
    assert live_faults_of("following", json.loads(following)) == []
    assert live_faults_of("refused", json.loads(refused_message("why"))) == []
    for case in ("follow", "resume"):
        body = json.loads(an_event("follow_jobs", case)["body"])
        assert live_faults_of("follow", body) == []
        assert live_faults_of("follow", body | {"key": 7}) != []


def references(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        yield from [part["$ref"]] if "$ref" in part else []
        part = list(part.values())
    if isinstance(part, list):
        for each in part:
            yield from references(each)


def test_every_reference_resolves_and_every_schema_is_used() -> None:
    found = {reference.removeprefix("#/") for reference in references(document())}
    for reference in found:
        part = document()
        for name in reference.split("/"):
            part = part[name]
    schemas = {f"components/schemas/{name}" for name in document()["components"]["schemas"]}
    assert schemas <= found


@pytest.mark.parametrize(
    "changes",
    [
        {"type": "ringback.job.succeeded", "data": {}},
        {"source": "prod"},
        {"client": None},
        {"data": {**job_body(JOBS[0]), "url": "https://a.link"}},
        {"data": {**job_body(JOBS[0]), "credits": "3.5"}},
    ],
)
def test_what_is_not_described_is_noticed(changes: dict[str, Any]) -> None:
    event = MAKE(JobChange(None, JOBS[0]))
    assert event is not None
    assert faults_of(event) == []
    assert faults_of(replace(event, **changes)) != []
