"""Access tokens that clients get for their API key, where a provider's own API has such tokens.

A token names no client and is stored nowhere. It is signed with a key of its own, made from a
signing secret, and dies with the API key that it was issued for (docs/decisions/0044).
"""

import hmac
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from ringback.domain.client_keys import ClientKey, keys_in
from ringback.domain.tokens import AccessToken
from ringback.use_cases.authorize_client import MIN_REFRESH_SECONDS, StoredKeys

LIFETIME: Final = timedelta(hours=24)
_TOKEN: Final = re.compile(r"rbt_([0-9]{10})_[\w-]{43}", re.ASCII)
# What the secret signs elsewhere can never pass for a token, nor a token for that.
_PURPOSE: Final = b"access tokens of clients"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientTokens:
    """``secrets`` returns the signing secrets that are valid now; the first of them signs."""

    secrets: Callable[[], Sequence[bytes]]
    keys: StoredKeys
    now: Callable[[], datetime]

    def issue(self, key: ClientKey) -> AccessToken:
        """Return a token that may do what the key may. Earlier tokens stay valid."""
        ends_at = int((self.now() + LIFETIME).timestamp())
        value = _token(self.secrets()[0], ends_at, key)
        return AccessToken(value=value, expires_at=datetime.fromtimestamp(ends_at, UTC))

    def key_of(self, token: str) -> ClientKey | None:
        """Return the key that a token was issued for, ``None`` if it is not valid (any more)."""
        found = _TOKEN.fullmatch(token)
        if not found or int(found[1]) <= self.now().timestamp():
            return None
        ends_at = int(found[1])
        return self._holder(token, ends_at, self.keys()) or self._holder(
            token, ends_at, self.keys(at_most_old=MIN_REFRESH_SECONDS)
        )

    def _holder(self, token: str, ends_at: int, stored: Mapping[str, Any]) -> ClientKey | None:
        """Compare with the token of every key, each in constant time."""
        holders = [
            key
            for key in keys_in(stored)
            for secret in self.secrets()
            if hmac.compare_digest(token, _token(secret, ends_at, key))
        ]
        return holders[0] if holders else None


def _token(secret: bytes, ends_at: int, key: ClientKey) -> str:
    own_key = hmac.digest(secret, _PURPOSE, "sha256")
    signed = f"{ends_at}\n{key.digest}\n{key.client}".encode("utf-8", "surrogatepass")
    mac = urlsafe_b64encode(hmac.digest(own_key, signed, "sha256")).rstrip(b"=").decode()
    return f"rbt_{ends_at}_{mac}"
