"""Faults beneath botocore: its own retry handler runs, as do the handlers' ``except`` paths.

moto answers each request in place of the network. Here its response is lost, or the request never
reaches it; botocore's own code decides what follows (``botocore/retryhandler.py``).
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from types import SimpleNamespace
from typing import Any, Final

import pytest
from botocore.awsrequest import AWSPreparedRequest
from botocore.exceptions import ConnectionClosedError
from moto.core.botocore_stubber import BotocoreStubber

Answer = tuple[int, dict[str, str], bytes]

SERVER_ERROR: Final[Answer] = (500, {}, b"")
# DynamoDB and SQS name the fault in JSON, S3 in XML.
THROTTLED: Final = {"__type": "ThrottlingException", "message": "Rate exceeded"}
SLOW_DOWN: Final = b"<Error><Code>SlowDown</Code><Message>Slow down.</Message></Error>"


class SdkFault(Enum):
    """How one request fails; with ``DOWN`` all later ones to its service fail too."""

    DONE_500 = "done, answered 500"
    DONE_CLOSED = "done, connection closed"
    THROTTLED = "throttled"
    SLOW = "done and slow"
    DOWN = "down until the SDK gives up"


@dataclass
class Wire:
    """Counts the requests of one call of a handler; number ``fault_at`` fails with ``fault``."""

    wait: Callable[[], None]
    fault: SdkFault | None = None
    fault_at: int = 0
    sent: list[str] = field(default_factory=list)
    is_on: bool = False
    down: str = ""

    def start(self, fault: SdkFault | None = None, *, fault_at: int = 0) -> None:
        self.fault, self.fault_at, self.sent, self.down = fault, fault_at, [], ""
        self.is_on = True

    def stop(self) -> None:
        self.is_on, self.down = False, ""

    def __call__(self, request: AWSPreparedRequest, take_place: Callable[[], Answer]) -> Answer:
        if not self.is_on:
            return take_place()
        service, operation = operation_of(request)
        self.sent.append(operation)
        fails = len(self.sent) == self.fault_at
        if fails and self.fault is SdkFault.DOWN:
            self.down = service
        if self.down == service:
            return SERVER_ERROR
        if fails and self.fault is SdkFault.THROTTLED:
            return throttled(service)
        answer = take_place()
        return self._lose(request, answer) if fails else answer

    def _lose(self, request: AWSPreparedRequest, answer: Answer) -> Answer:
        if self.fault is SdkFault.DONE_500:
            return SERVER_ERROR
        if self.fault is SdkFault.DONE_CLOSED:
            raise ConnectionClosedError(endpoint_url=request.url)
        self.wait()
        return answer


def throttled(service: str) -> Answer:
    if service == "s3":
        return 503, {}, SLOW_DOWN
    return 400, {"content-type": "application/x-amz-json-1.0"}, json.dumps(THROTTLED).encode()


def operation_of(request: AWSPreparedRequest) -> tuple[str, str]:
    """Return the service's name and the operation, for example ``UpdateItem to running``.

    A write that moves no job is named after its item: ``UpdateItem of window``.
    """
    target: Any = request.headers.get("X-Amz-Target", b"")
    text = target.decode() if isinstance(target, bytes) else str(target)
    if not text:
        return "s3", f"{request.method} object"
    service, _, operation = text.partition(".")
    if operation not in ("UpdateItem", "PutItem"):
        return service, operation
    content: Any = request.body
    body: dict[str, Any] = json.loads(content)
    status = body.get("ExpressionAttributeValues", {}).get(":status", {}).get("S")
    kind, is_other, _ = body.get("Key", body.get("Item", {}))["job_id"]["S"].partition("#")
    about = f"to {status}" if status else f"of {kind if is_other else 'job'}"
    return service, f"{operation} {about}"


def tap(monkeypatch: pytest.MonkeyPatch, wire: Wire) -> None:
    """Send all requests of botocore through ``wire``, and let it repeat them without a pause."""
    take_place = BotocoreStubber.process_request

    def process(stubber: BotocoreStubber, request: AWSPreparedRequest) -> Any:
        def answer() -> Answer:
            status, headers, body = take_place(stubber, request) or SERVER_ERROR
            return status, headers, body if isinstance(body, bytes) else body.encode()

        return wire(request, answer)

    monkeypatch.setattr(BotocoreStubber, "process_request", process)
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=lambda seconds: None))
