"""The canary's callback: both halves, as no other provider shows the one that makes it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ringback.callbacks.signatures import signature_of, verify_signature
from ringback.domain.errors import MalformedCallback, NotConfigured, SignatureRejected
from ringback.domain.jobs import ProviderTaskId, as_task_id
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.json_bodies import NotJson, parse_json
from ringback.providers.result_urls import task_urls
from ringback.use_cases.canary_ports import SignedCall
from ringback.use_cases.ports import CallbackReport

TIMESTAMP: Final = "x-canary-timestamp"
SIGNATURE: Final = "x-canary-signature"


def make_callback(task_id: str, link: str, *, key: bytes, at: datetime) -> SignedCall:
    """Return the callback about a task whose picture is at ``link``."""
    body = json.dumps({"task_id": task_id, "image_url": link}).encode()
    sent_at = str(int(at.timestamp()))
    signature = signature_of(_signed(sent_at, body), key).decode()
    return SignedCall(headers={TIMESTAMP: sent_at, SIGNATURE: signature}, body=body)


@dataclass(frozen=True, slots=True, kw_only=True)
class CanaryCallbackReader:
    """``key`` raises ``NotConfigured`` if the canary is switched off."""

    key: Callable[[], bytes]

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        try:
            keys = [self.key()]
        except NotConfigured:
            raise SignatureRejected("there is no canary") from None
        sent_at = headers.get(TIMESTAMP, "")
        verify_signature(
            signed=_signed(sent_at, body),
            signature=headers.get(SIGNATURE, ""),
            sent_at=sent_at,
            keys=keys,
            now=now,
        )
        return CallbackReport(report=_report(body), proven=True)


def _signed(sent_at: str, body: bytes) -> bytes:
    return sent_at.encode("utf-8", "surrogatepass") + b"." + body


def _report(body: bytes) -> TaskReport:
    try:
        task = parse_json(body).value
    except NotJson as error:
        raise MalformedCallback(f"the body {error}") from None
    task_id = as_task_id(task.get("task_id")) if isinstance(task, dict) else None
    if task_id is None:
        raise MalformedCallback("names no task")
    # The URL is inside, where no input is.
    urls = task_urls({"result": {"image_url": task.get("image_url")}})
    return TaskReport(task_id=ProviderTaskId(task_id), state=TaskState.SUCCEEDED, image_urls=urls)
