"""Verify a provider's signature, made with a shared key."""

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ringback.domain.errors import NotConfigured, SignatureRejected

TOLERANCE_SECONDS: Final = 300
# Half of what the HMAC's hash is worth; shorter keys can be guessed from one signature.
MIN_KEY_BYTES: Final = 16
# What copying adds: white space, and characters of no width.
_AROUND: Final = re.compile(r"[\s\u200b\ufeff]|.*[\s\u200b\ufeff]\Z", re.DOTALL)
_UNIX_SECONDS: Final = re.compile(r"[0-9]{1,12}")


def usable_keys(name: str, given: object) -> list[bytes]:
    """Return the keys in a field of a secret: a list of texts, one text, or none.

    Raises ``NotConfigured``, which names the field, if a key is so short that it could be guessed,
    or has white space around it, which no signature would be made with.
    """
    # A bare string would otherwise be taken for keys of one letter each.
    listed = given if isinstance(given, list) else [given]
    texts = [key if isinstance(key, str) else "" for key in listed if key]
    if any(map(_AROUND.match, texts)):
        raise NotConfigured(f"{name}: a key begins or ends with white space or a line break")
    keys = [text.encode() for text in texts]
    if any(len(key) < MIN_KEY_BYTES for key in keys):
        raise NotConfigured(f"{name}: each key must be text of at least {MIN_KEY_BYTES} bytes")
    return keys


def signature_of(signed: bytes, key: bytes) -> bytes:
    """Return the Base64 HMAC-SHA256 of ``signed``."""
    return b64encode(hmac.digest(key, signed, "sha256"))


def verify_signature(
    *, signed: bytes, signature: str, sent_at: str, keys: Sequence[bytes], now: datetime
) -> None:
    """Verify that ``signature`` is the Base64 HMAC-SHA256 of ``signed`` under one of ``keys``.

    ``sent_at`` is in Unix seconds, at most ``TOLERANCE_SECONDS`` before or after ``now``; it must
    be a part of ``signed``, or it proves nothing. Raises ``SignatureRejected`` for anything else,
    whatever the sender wrote.
    """
    if not _UNIX_SECONDS.fullmatch(sent_at):
        raise SignatureRejected("timestamp missing or malformed")
    if abs(now.timestamp() - int(sent_at)) > TOLERANCE_SECONDS:
        raise SignatureRejected("timestamp outside tolerance")
    # Encoded text is compared, so that untrusted Base64 is never decoded.
    offered = signature.encode("utf-8", "surrogatepass")
    expected = [signature_of(signed, key) for key in keys]
    if not any(hmac.compare_digest(offered, candidate) for candidate in expected):
        raise SignatureRejected("no signature matches")
