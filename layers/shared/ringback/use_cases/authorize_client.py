"""Tell which client an API key belongs to."""

import hashlib
import hmac
from collections.abc import Mapping


def client_of(authorization: str, keys: Mapping[str, str]) -> str | None:
    """Return the name of the key's owner, ``None`` for a stranger.

    ``authorization`` is the header as sent (``Bearer <key>``, RFC 6750); ``keys`` holds for each
    client the lower-case hex SHA-256 of its key. A key needs no slow hash: it is random, not a
    password. Every key is compared, and each in constant time.
    """
    scheme, _, key = authorization.partition(" ")
    if scheme.lower() != "bearer" or not key:
        return None
    offered = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest().encode()
    owners = [name for name, known in keys.items() if hmac.compare_digest(offered, known.encode())]
    return owners[0] if owners else None
