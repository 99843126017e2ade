"""Sign webhooks by Standard Webhooks 1.0.0: https://www.standardwebhooks.com."""

import hmac
import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from ringback.domain.errors import NotConfigured, UnknownMessage
from ringback.domain.jobs import RINGBACK
from ringback.domain.webhooks import Webhook
from ringback.use_cases.webhook_forms import WebhookForm

PREFIX: Final = "whsec_"
# The bounds of the specification, in bytes.
MIN_SECRET: Final = 24
MAX_SECRET: Final = 64
# Two secrets are valid during a rotation.
MAX_SECRETS: Final = 2
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class WebhookHeaders:
    """``secrets`` returns the secrets of all clients, by name; ``forms`` are those of providers.

    ``refresh`` reads the secrets again for a client without one, and tells whether that is news.
    """

    secrets: Callable[[], Mapping[str, Any]]
    forms: Mapping[str, WebhookForm] = field(default_factory=dict)
    refresh: Callable[[], bool] = bool

    def __call__(self, webhook: Webhook, at: datetime) -> Mapping[str, str]:
        """Return the headers of a webhook that is sent now, by its form.

        Raises ``NotConfigured`` if its client has no usable secret, ``ProviderUnavailable`` if
        that can't be told, and ``UnknownMessage``.
        """
        secret = self.secrets().get(webhook.client)
        if secret is None and self.refresh():
            secret = self.secrets().get(webhook.client)
        if form := self.forms.get(webhook.form):
            return form.headers(webhook, secret, at=at)
        if webhook.form != RINGBACK:
            raise UnknownMessage("a webhook in a form that this version does not know")
        return signed_headers(webhook, signing_keys(secret), at=at)


def signing_keys(given: object) -> list[bytes]:
    """Return the keys of a client's entry in the secret: one ``whsec_`` text, or a list of two.

    Raises ``NotConfigured`` if there is none, or one that no receiver could verify.
    """
    texts = given if isinstance(given, list) else [given]
    if not 1 <= len(texts) <= MAX_SECRETS:
        raise NotConfigured(f"a client must have one webhook secret, or {MAX_SECRETS}")
    return [_key(text) for text in texts]


def signed_headers(webhook: Webhook, keys: Sequence[bytes], *, at: datetime) -> Mapping[str, str]:
    """Return the headers that prove who sent the webhook's body, and when: one signature a key."""
    sent_at = str(int(at.timestamp()))
    signed = f"{webhook.event_id}.{sent_at}.{webhook.body}".encode()
    signatures = [b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys]
    return {
        "webhook-id": webhook.event_id,
        "webhook-timestamp": sent_at,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }


def _key(text: object) -> bytes:
    encoded = text.removeprefix(PREFIX) if isinstance(text, str) else ""
    try:
        # Some tools leave the padding out.
        key = b64decode(encoded + "==") if _BASE64.fullmatch(encoded) else b""
    except NotBase64:
        key = b""
    if not MIN_SECRET <= len(key) <= MAX_SECRET:
        raise NotConfigured(
            f"a webhook secret must be {PREFIX} and {MIN_SECRET} to {MAX_SECRET} bytes in Base64"
        )
    return key
