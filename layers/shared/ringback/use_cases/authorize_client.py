"""Find the client that an API key belongs to."""

import hashlib
import hmac
from collections.abc import Mapping


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
    clients = [name for name, known in keys.items() if hmac.compare_digest(offered, known.encode())]
    return clients[0] if clients else None
