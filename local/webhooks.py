"""Webhooks as their receivers see them."""

import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
from ringback.callbacks.standard_webhooks import PREFIX
from standardwebhooks import Webhook, WebhookVerificationError

from local.deployment import Deployment
from local.failures import LocalFailure
from local.simulator.receivers import MAX_WAIT

SECRET_BYTES: Final = 32

Received = Mapping[str, Any]


def new_secret() -> str:
    return f"{PREFIX}{b64encode(secrets.token_bytes(SECRET_BYTES)).decode()}"


def wait_for_webhooks(deployment: Deployment, path: str, *, count: int) -> Sequence[Received]:
    """Return what has arrived at a receiver of the simulator, once that are so many.

    The simulator answers then, or after ``MAX_WAIT`` seconds. Raises ``LocalFailure`` if nothing
    more arrives in that time.
    """
    found: list[Received] = []
    while len(found) < count:
        before = len(found)
        found = httpx.get(
            f"{deployment.simulator_url}/_simulator/webhooks",
            params={"path": path, "count": count},
            timeout=MAX_WAIT + 5,
            trust_env=False,
        ).json()
        if len(found) <= before:
            raise LocalFailure(f"Waited for {count} webhooks at {path}; {before} have arrived.")
    return found


def is_verified(webhook: Received, secret: str) -> bool:
    """Tell what Standard Webhooks' own package says about the signature."""
    try:
        Webhook(secret).verify(webhook["body"], dict(webhook["headers"]))
    except WebhookVerificationError:
        return False
    return True
