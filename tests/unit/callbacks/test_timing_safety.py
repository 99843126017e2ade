"""Whether a secret matches is decided by ``hmac.compare_digest`` alone.

Any other comparison of bytes ends at the first that differs, and so tells how many were right.
"""

import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from ringback.callbacks.signatures import verify_signature
from ringback.callbacks.tokens import CallbackTokens, make_token
from ringback.domain.errors import SignatureRejected
from ringback.domain.jobs import JobId

from tests.support.client_keys import client_of
from tests.support.provider_apis import STUDIO, ServedApis

SECRET = b"unit-test-callback-secret-of-44-characters-x"
NOW = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)


def has_token(*, is_right: bool) -> bool:
    token = make_token(SECRET, "kie", JobId("job_1")) if is_right else "wrong"
    return CallbackTokens(secrets=lambda: [SECRET]).is_genuine("kie", JobId("job_1"), token)


def is_signed(*, is_right: bool) -> bool:
    signature = "w47ciBXISJ9kc4l49EAI+FljRVRfC6po72/PXFPlcYk=" if is_right else "wrong"
    sent_at = str(int(NOW.timestamp()))
    try:
        verify_signature(signed=b"x", signature=signature, sent_at=sent_at, keys=[b"k"], now=NOW)
    except SignatureRejected:
        return False
    return True


def has_client_key(*, is_right: bool) -> bool:
    key = "rb-key" if is_right else "wrong"
    known = {"studio": hashlib.sha256(b"rb-key").hexdigest()}
    return client_of(f"Bearer {key}", known) is not None


def has_access_token(*, is_right: bool) -> bool:
    tokens = ServedApis().tokens
    token = tokens.issue(STUDIO).value
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    return tokens.key_of(token if is_right else wrong) is not None


@pytest.mark.parametrize("is_accepted", [has_token, is_signed, has_client_key, has_access_token])
def test_secrets_are_compared_in_constant_time(
    is_accepted: Callable[..., bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert is_accepted(is_right=True)
    assert not is_accepted(is_right=False)
    monkeypatch.setattr(hmac, "compare_digest", lambda offered, known: False)
    assert not is_accepted(is_right=True)
    monkeypatch.setattr(hmac, "compare_digest", lambda offered, known: True)
    assert is_accepted(is_right=False)
