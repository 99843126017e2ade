"""Find the client that an API key belongs to."""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any, Final, Protocol

# In characters: the name is a part of keys in the jobs table.
MAX_NAME: Final = 100
# A refusal may be cached for minutes, and an unknown key may be a new one: the hashes are read
# again before it. Unknown keys cause at most one read within this time.
MIN_REFRESH_SECONDS: Final = 2.0
NO_SCHEME: Final = (
    "The Authorization header must be `Bearer <key>`: the word Bearer, one space, and the key."
)


class KeyHashes(Protocol):
    def __call__(self, *, at_most_old: float | None = None) -> Mapping[str, Any]:
        """Return each client's key hash, read at most that many seconds ago."""
        ...


def refusal_of(authorization: str) -> str:
    """Return what is wrong with the form of the header, empty if nothing is. No key matters."""
    scheme, _, key = authorization.partition(" ")
    well_formed = scheme.lower() == "bearer" and key and key == key.strip()
    return "" if well_formed else NO_SCHEME


def known_client(authorization: str, hashes: KeyHashes) -> str | None:
    """Return the name of the key's client, as ``client_of`` does, also if the key is a new one."""
    fresh = MIN_REFRESH_SECONDS
    return client_of(authorization, hashes()) or client_of(authorization, hashes(at_most_old=fresh))


def client_of(authorization: str, keys: Mapping[str, str]) -> str | None:
    """Return the name of the key's client, ``None`` if the key is unknown.

    ``authorization`` is the header as sent (``Bearer <key>``, RFC 6750); ``keys`` maps each client
    to the lower-case hex SHA-256 of its key. Keys are random, so no slow hash is needed. Every key
    is compared, each in constant time.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    offered = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest().encode()
    clients = [
        name for name, known in keys.items() if hmac.compare_digest(offered, str(known).encode())
    ]
    # A client without a name could not be told from another, or stored.
    return next((name for name in clients if is_client_name(name)), None)


def is_client_name(name: str) -> bool:
    return 1 <= len(name) <= MAX_NAME and name.isprintable() and not name.isspace()
