"""The signature headers of a callback, and the ways in which they can be wrong."""

import hmac
from base64 import b64encode
from collections.abc import Mapping

from local.simulator.faults import FaultValues

_STALE_SECONDS = 360


def sign(task_id: str, timestamp: int, key: str) -> str:
    message = f"{task_id}.{timestamp}".encode()
    return b64encode(hmac.digest(key.encode(), message, "sha256")).decode()


def signature_headers(
    task_id: str, *, now: float, key: str, faults: FaultValues
) -> tuple[str, Mapping[str, str]]:
    """Return how it is signed (good, stale, wrong or none) and the headers."""
    if "unsigned" in faults or not (key or "wrong_signature" in faults):
        return "none", {}
    word, timestamp = "good", int(now)
    if "stale_signature" in faults:
        word, timestamp = "stale", timestamp - _STALE_SECONDS
    if "wrong_signature" in faults:
        word, key = "wrong", f"not {key}"
    return word, {
        "X-Webhook-Timestamp": str(timestamp),
        "X-Webhook-Signature": sign(task_id, timestamp, key),
    }
