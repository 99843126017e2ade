"""Callbacks of kie.ai: verify, then read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ringback.callbacks.signatures import verify_signature
from ringback.domain.errors import MalformedCallback, SignatureRejected
from ringback.json_bodies import Json, NotJson, parse_json, repeats
from ringback.providers.kie.tasks import as_kept, read_task
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
            content = parse_body(body)
            report = read_task(content.value)
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
        # No serializer writes a key twice, but whoever alters a captured callback may.
        report = replace(report, answer=as_kept(report, content.value))
        return CallbackReport(report=report, proven=bool(keys) and not repeats(content))


def parse_body(body: bytes) -> Json:
    """Return the envelope in a callback's body. Raises ``MalformedCallback``."""
    try:
        content = parse_json(body)
    except NotJson as error:
        raise MalformedCallback(f"the body {error}") from None
    if not isinstance(content.value, dict):
        raise MalformedCallback("not a JSON object")
    return content
