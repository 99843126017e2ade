"""Call a function as Lambda does: with a whole event and only its own environment."""

import io
import json
import logging
from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from time import monotonic
from types import ModuleType
from typing import Any, Final

import boto3
import pytest
from botocore.config import Config
from ringback.aws import clients
from ringback.aws.clients import CallLimits, config_of
from ringback.aws.job_items import RAISE, REVISION
from ringback.domain.job_ids import is_job_id

from tests.support.aws import RESOURCES, SETTINGS, Cloud, with_details
from tests.support.openapi import undescribed
from tests.support.permissions import READ_QUEUE, WRITE_LOGS, permissions_of
from tests.support.template import ROOT, resources

EVENTS: Final = ROOT / "events" / "functions"


@cache
def _event_text(function: str, case: str) -> str:
    return (EVENTS / function / f"{case}.json").read_text()


def an_event(function: str, case: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(_event_text(function, case))
    return event


def function_properties(function: str) -> dict[str, Any]:
    return next(
        properties
        for properties in resources("AWS::Serverless::Function").values()
        if properties["CodeUri"] == f"functions/{function}"
    )


def settings_given(function: str) -> set[str]:
    """Return the names of the variables that template.yaml gives the function."""
    return set(function_properties(function).get("Environment", {}).get("Variables", {}))


def permitted_actions(function: str) -> set[str]:
    """Return the actions of the function's own code: Lambda reads its queue and writes its log."""
    actions = {permission.action for permission in permissions_of(function)}
    events = function_properties(function).get("Events", {}).values()
    has_queue = any(event["Type"] == "SQS" for event in events)
    return actions - {*(READ_QUEUE if has_queue else ()), *WRITE_LOGS}


@dataclass(frozen=True)
class AwsCall:
    function: str
    service: str
    operation: str
    parameters: dict[str, Any]

    @property
    def actions(self) -> set[str]:
        """Return the permissions that the call needs."""
        if self.operation == "TransactWriteItems":
            return {"dynamodb:PutItem"}
        if self.operation in ("PostToConnection", "DeleteConnection"):
            return {"execute-api:ManageConnections"}
        if self.operation == "ListObjectVersions":
            return {"s3:ListBucketVersions"}
        if self.operation == "DeleteObjects":
            # S3 asks for both, also where each object has its version.
            assert all("VersionId" in each for each in self.parameters["Delete"]["Objects"])
            return {"s3:DeleteObject", "s3:DeleteObjectVersion"}
        if self.operation == "HeadObject":
            return {"s3:GetObject"}
        if self.operation == "CreateBucket":  # botocore's way to a presigned form
            return {"s3:PutObject"}
        tagging = {"s3:PutObjectTagging"} if "Tagging" in self.parameters else set[str]()
        return {f"{self.service}:{self.operation}", *tagging}

    @property
    def keys(self) -> list[str]:
        """Return the keys of all items of the table that the call names."""
        return list(_keys_in(self.parameters)) if self.service == "dynamodb" else []


def _keys_in(value: Any) -> Iterator[str]:
    """Yield the table's keys in the parameters of any call of DynamoDB, also of a transaction."""
    for name, each in value.items() if isinstance(value, dict) else enumerate(value):
        if name in ("Key", "Item"):
            yield each["job_id"]["S"]
        elif name == "Keys":
            yield from (key["job_id"]["S"] for key in each)
        elif isinstance(each, dict | list):
            yield from _keys_in(each)


def unraised_writes(operation: str, parameters: dict[str, Any]) -> list[str]:
    """Return the jobs that a call of DynamoDB writes without raising their revision."""
    if operation not in ("UpdateItem", "PutItem", "TransactWriteItems", "BatchWriteItem"):
        return []
    return [
        key
        for write in _writes_in(parameters)
        if is_job_id(key := (write.get("Key") or write["Item"])["job_id"]["S"])
        and not write.get("UpdateExpression", "").endswith(RAISE)
        and REVISION not in write.get("Item", {})
        and write.get("ConditionExpression") != "attribute_not_exists(job_id)"
    ]


def _writes_in(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict) and ("Key" in value or "Item" in value):
        yield value
    elif isinstance(value, dict | list):
        for each in value.values() if isinstance(value, dict) else value:
            yield from _writes_in(each)


@dataclass(frozen=True)
class FakeContext:
    function_name: str
    memory_limit_in_mb: int = 512
    invoked_function_arn: str = "arn:aws:lambda:eu-west-1:123456789012:function:x"
    aws_request_id: str = "8e2c1a50-0000-4000-8000-000000000000"
    started_at: float = field(default_factory=monotonic)

    def get_remaining_time_in_millis(self) -> int:
        """Count from the time-out that template.yaml gives the function."""
        timeout = function_properties(self.function_name)["Timeout"]
        return int((timeout - (monotonic() - self.started_at)) * 1000)


_listeners: list[Callable[[str, str, dict[str, Any]], None]] = []


def _notify_listeners(params: dict[str, Any], model: Any, **_: Any) -> None:
    for listener in _listeners:
        listener(model.service_model.endpoint_prefix, model.name, dict(params))


@cache
def _session() -> boto3.Session:
    session = boto3.Session()
    session.events.register("provide-client-params", _notify_listeners)
    return session


_clients: dict[str, Any] = {}


def use_lasting_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let functions and tests share clients: making one takes longer than most tests.

    They check all parameters, as moto does not.
    """
    checking = Config(parameter_validation=True)
    monkeypatch.setattr(boto3, "client", lasting_client)

    def shared(service: str, limits: CallLimits, url: str | None = None) -> Any:
        return lasting_client(service, config_of(service, limits).merge(checking), url)

    monkeypatch.setattr(clients, "shared_client", shared)


def use_new_clients(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make new clients for a test that changes them."""
    monkeypatch.setattr(clients, "shared_client", cache(clients.shared_client.__wrapped__))


def lasting_client(
    service: str, config: Config | None = None, endpoint_url: str | None = None
) -> Any:
    """Replace ``boto3.client``.

    There is one client per service, and a second one for S3 with a configuration.
    """
    name = service if config is None else f"{service} configured"
    if name not in _clients:
        _clients[name] = _session().client(  # type: ignore[call-overload]
            service, config=config, endpoint_url=endpoint_url
        )
    return _clients[name]


@dataclass
class Lambdas:
    """``settings`` override those of the cloud; a function gets those that its template names."""

    cloud: Cloud
    monkeypatch: pytest.MonkeyPatch
    settings: dict[str, str] = field(default_factory=dict)
    aws_calls: list[AwsCall] = field(default_factory=list)
    log: io.StringIO = field(default_factory=io.StringIO)
    _warm: dict[str, ModuleType] = field(default_factory=dict)
    _running: str = ""

    def __post_init__(self) -> None:
        self.monkeypatch.setattr(f"{__name__}._listeners", [self._note])
        # With Lambda's JSON log format, INFO lines of all libraries appear in the log.
        root = logging.getLogger()
        self.monkeypatch.setattr(
            root, "handlers", [*root.handlers, logging.StreamHandler(self.log)]
        )
        self.monkeypatch.setattr(root, "level", logging.INFO)
        root.manager._clear_cache()  # type: ignore[attr-defined]

    def _note(self, service: str, operation: str, parameters: dict[str, Any]) -> None:
        if self._running:
            self.aws_calls.append(AwsCall(self._running, service, operation, parameters))

    def __call__(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        app = self._warm.get(function) or self._start(function)
        self._running = function
        try:
            reply: dict[str, Any] = app.lambda_handler(event, FakeContext(function))
        finally:
            self._running = ""
        json.dumps(reply)
        assert undescribed(event.get("routeKey", ""), reply) == []
        return reply

    def restart(self, function: str, **settings: str) -> None:
        """Make the next call start a new container, optionally with other settings."""
        self.settings |= settings
        self._warm.pop(function, None)

    def _start(self, function: str) -> ModuleType:
        for name in {*RESOURCES, *SETTINGS, *self.settings}:
            self.monkeypatch.delenv(name, raising=False)
        for name in settings_given(function):
            own = self.settings.get(name)
            self.monkeypatch.setenv(name, self.cloud.setting(name) if own is None else own)
        app = import_module(f"functions.{function}.app")
        for value in vars(app).values():
            if hasattr(value, "cache_clear"):
                value.cache_clear()
        self.monkeypatch.setattr(app.logger.registered_handler, "stream", self.log)
        self._warm[function] = app
        return app

    def sent(self, queue_url: str) -> list[tuple[dict[str, Any], int]]:
        """Return the messages that functions put into a queue, each with its delay."""
        sent = (
            call.parameters
            for call in self.aws_calls
            if call.operation == "SendMessage" and call.parameters["QueueUrl"] == queue_url
        )
        return [
            (
                with_details(each["MessageBody"], each.get("MessageAttributes", {})),
                each["DelaySeconds"],
            )
            for each in sent
        ]

    def written(self) -> list[str]:
        """Return the names of the AWS calls that change something."""
        reads = {"GetItem", "BatchGetItem", "Query", "GetSecretValue", "GetObject", "HeadObject"}
        return [call.operation for call in self.aws_calls if call.operation not in reads]


def with_body(event: dict[str, Any], body: bytes, *, encoded: bool = False) -> dict[str, Any]:
    text = b64encode(body).decode() if encoded else body.decode()
    return event | {"body": text, "isBase64Encoded": encoded}


def with_headers(event: dict[str, Any], **headers: str) -> dict[str, Any]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return event | {"headers": event["headers"] | named}


def a_batch(function: str, case: str, *messages: object) -> dict[str, Any]:
    """Return the recorded batch with other messages in it; strings are used as bodies."""
    (record, *_) = an_event(function, case)["Records"]
    bodies = [each if isinstance(each, str) else json.dumps(each) for each in messages]
    return {
        "Records": [
            record | {"messageId": f"message-{number}", "body": body}
            for number, body in enumerate(bodies)
        ]
    }
