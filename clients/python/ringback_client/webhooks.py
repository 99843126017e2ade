"""Tell whether a webhook is from Ringback: Standard Webhooks 1.0.0, symmetric signatures.

Written out, because the standard's package takes one secret and reads the clock itself.
"""

import binascii
import hmac
import json
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ringback_client.errors import WebhookRejected

TOLERANCE_SECONDS: Final = 300
PREFIX: Final = "whsec_"


def utc_now() -> datetime:
    return datetime.now(UTC)


def read_webhook(
    body: bytes,
    headers: Mapping[str, str],
    *secrets: str,
    now: Callable[[], datetime] = utc_now,
) -> dict[str, Any]:
    """Return the event of a genuine webhook; during a rotation give both secrets.

    ``body`` are the bytes exactly as they arrived. Raises ``WebhookRejected`` for all else.
    """
    given = {name.lower(): value for name, value in headers.items()}
    try:
        delivery, sent_at = given["webhook-id"], given["webhook-timestamp"]
        offered = given["webhook-signature"].encode().split()
        signed = b".".join((delivery.encode(), sent_at.encode(), body))
        age = now().timestamp() - int(sent_at)
    except (KeyError, ValueError) as error:
        raise WebhookRejected("A header is missing or malformed.") from error
    if abs(age) > TOLERANCE_SECONDS:
        raise WebhookRejected("It was sent more than five minutes ago, or the clock is wrong.")
    genuine = [_signature(secret, signed) for secret in secrets]
    if not any(hmac.compare_digest(ours, theirs) for ours in genuine for theirs in offered):
        raise WebhookRejected("No signature matches.")
    try:
        event = json.loads(body)
    except ValueError as error:
        raise WebhookRejected("The body is not JSON.") from error
    if not isinstance(event, dict):
        raise WebhookRejected("The body is no event.")
    return event


def _signature(secret: str, signed: bytes) -> bytes:
    try:
        encoded = secret.removeprefix(PREFIX)
        # Some tools leave the padding out.
        key = b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("not a webhook secret: whsec_ and base64") from error
    return b"v1," + b64encode(hmac.digest(key, signed, "sha256"))
