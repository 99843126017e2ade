"""Callbacks of kie.ai: verify, then read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic_core import from_json

from ringback.callbacks.signatures import verify_signature
from ringback.domain.errors import MalformedCallback, SignatureRejected
from ringback.domain.verdicts import TaskReport
from ringback.providers.kie.tasks import read_task
from ringback.use_cases.ports import CallbackReport


@dataclass(frozen=True, slots=True, kw_only=True)
class KieCallbackReader:
    """``keys`` returns the account's ``webhookHmacKey``, two during a rotation, or none.

    kie.ai signs the task id and the time, not the body. Without a key nothing proves a call; it
    only leads to a read of the provider's record.
    """

    keys: Callable[[], Sequence[bytes]]

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        keys = self.keys()
        try:
            report = read_body(body)
        except MalformedCallback as error:
            if keys:
                raise SignatureRejected("names no task that could be signed") from error
            raise
        if keys:
            sent_at = headers.get("x-webhook-timestamp", "")
            verify_signature(
                signed=f"{report.task_id}.{sent_at}".encode("utf-8", "surrogatepass"),
                signature=headers.get("x-webhook-signature", ""),
                sent_at=sent_at,
                keys=keys,
                now=now,
            )
        return CallbackReport(report=report, proven=bool(keys))


def read_body(body: bytes) -> TaskReport:
    try:
        envelope = from_json(body)
    except ValueError:
        raise MalformedCallback("not JSON") from None
    if not isinstance(envelope, dict):
        raise MalformedCallback("not a JSON object")
    return read_task(envelope)
