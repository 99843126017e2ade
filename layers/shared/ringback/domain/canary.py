"""The canary: a job of the deployment's own, which goes the whole way at regular intervals.

What its parts agree on. docs/decisions/0057 explains it.
"""

import hmac
from collections.abc import Mapping
from datetime import timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, Final

from ringback.domain.errors import NotConfigured

# The owner of the canary's jobs: no API key and no dropped file can have this client.
CLIENT: Final = "ringback.canary"
PROVIDER: Final = "canary"
MODEL: Final = "ringback/canary"
# Until its job is forgotten. By then its last check and redelivery are over.
RETENTION: Final = timedelta(days=7)
# The beginning of its API key: only for such a key does the authorizer read the canary's secret.
KEY_PREFIX: Final = "canary_"
FIELD: Final = "key"  # of its secret
MIN_SECRET_LENGTH: Final = 32
# A PNG of one grey pixel.
PICTURE: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c636800000082008177cd72b60000000049454e44ae426082"
)
PICTURE_SHA256: Final = sha256(PICTURE).hexdigest()


class Step(StrEnum):
    """The steps of a run, in order. A run is about the first that did not happen."""

    ACCEPTED = "accepted"
    SUBMITTED = "submitted"
    CALLED_BACK = "called_back"
    ARCHIVED = "archived"
    TOLD = "told"


def api_key(secret: Mapping[str, Any]) -> str:
    """Return the canary's API key. Raises ``NotConfigured``."""
    return KEY_PREFIX + _derived(secret, b"API key").hex()


def signing_key(secret: Mapping[str, Any]) -> bytes:
    """Return the key that signs its provider's callbacks. Raises ``NotConfigured``."""
    return _derived(secret, b"callbacks")


def _derived(secret: Mapping[str, Any], purpose: bytes) -> bytes:
    """Neither key tells anything about the other."""
    key = str(secret.get(FIELD) or "").encode()
    if len(key) < MIN_SECRET_LENGTH:
        raise NotConfigured(f"the canary's secret needs a key of {MIN_SECRET_LENGTH} bytes")
    return hmac.digest(key, purpose, "sha256")
