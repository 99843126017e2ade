"""Find the key that a client offers, and hold it to its scopes."""

import hashlib
import hmac
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, Protocol

from ringback.domain import canary
from ringback.domain.client_keys import NEEDED, OF_FIRST_FORM, ClientKey, keys_in
from ringback.domain.errors import MissingScope, NotConfigured

# A refusal may be cached, and an unknown key may be a new one: the digests are read again before
# it. Unknown keys cause at most one read within this time.
MIN_REFRESH_SECONDS: Final = 2.0
NO_SCHEME: Final = (
    "The Authorization header must be `Bearer <key>`: the word Bearer, one space, and the key."
)


class StoredKeys(Protocol):
    def __call__(self, *, at_most_old: float | None = None) -> Mapping[str, Any]:
        """Return the secret, as ``keys_in`` reads it, read at most that many seconds ago."""
        ...


def refusal_of(authorization: str) -> str:
    """Return what is wrong with the form of the header, empty if nothing is. No key matters."""
    scheme, _, key = authorization.partition(" ")
    well_formed = scheme.lower() == "bearer" and key and key == key.strip()
    return "" if well_formed else NO_SCHEME


def known_key(authorization: str, stored: StoredKeys) -> ClientKey | None:
    """Return the key that the header offers, as ``key_in`` does, also if it is a new one."""
    fresh = MIN_REFRESH_SECONDS
    return key_in(authorization, stored()) or key_in(authorization, stored(at_most_old=fresh))


def key_in(authorization: str, secret: Mapping[str, Any]) -> ClientKey | None:
    """Return the key of the header as sent (``Bearer <key>``, RFC 6750), ``None`` if unknown.

    It is compared with every key, each in constant time.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    offered = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
    found = [each for each in keys_in(secret) if each.is_digest(offered)]
    return found[0] if found else None


def canary_key(authorization: str, secret: Callable[[], Mapping[str, Any]]) -> ClientKey | None:
    """Return the canary's key if the header has it; no other one costs a read of its secret."""
    _, _, key = authorization.partition(" ")
    if not key.startswith(canary.KEY_PREFIX):
        return None
    try:
        expected = canary.api_key(secret())
    except NotConfigured:
        return None  # it is switched off
    if not hmac.compare_digest(key.encode("utf-8", "surrogatepass"), expected.encode()):
        return None
    digest = hashlib.sha256(expected.encode()).hexdigest()
    return ClientKey(canary.CLIENT, digest, OF_FIRST_FORM)


def scope_fault(route: str, scopes: Collection[str]) -> str:
    """Return why a key with these scopes may not use the route, empty if it may.

    API Gateway caches a consent by the key alone, so every function asks for itself.
    """
    return "" if NEEDED[route] in scopes else f"This key lacks the scope `{NEEDED[route]}`."


def check_scope(route: str, scopes: Collection[str]) -> None:
    """Raise ``MissingScope`` with the fault, if there is one."""
    if fault := scope_fault(route, scopes):
        raise MissingScope(fault)
