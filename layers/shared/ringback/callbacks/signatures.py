"""Verify a provider's signature, made with a shared key."""

import hmac
import re
from base64 import b64encode
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from ringback.domain.errors import SignatureRejected

TOLERANCE_SECONDS: Final = 300
_UNIX_SECONDS: Final = re.compile(r"[0-9]{1,12}")


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
    expected = [b64encode(hmac.digest(key, signed, "sha256")) for key in keys]
    if not any(hmac.compare_digest(offered, candidate) for candidate in expected):
        raise SignatureRejected("no signature matches")
