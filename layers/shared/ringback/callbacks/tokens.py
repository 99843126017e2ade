"""The token in a callback URL: proves that Ringback made the URL, without a lookup.

The provider echoes the whole URL in its records and logs. So a token is valid for one job only, and
a provider's signature is required as well where there is one.
"""

import hmac
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Self

from ringback.domain.errors import NotConfigured
from ringback.domain.jobs import Job, JobId

MIN_SECRET_LENGTH: Final = 32


def make_token(secret: bytes, provider: str, job_id: JobId) -> str:
    """Return the unpadded base64url HMAC-SHA256 of ``provider:job_id`` (43 characters)."""
    digest = hmac.digest(secret, f"{provider}:{job_id}".encode("utf-8", "surrogatepass"), "sha256")
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def valid_secrets(secret: Mapping[str, Any]) -> list[bytes]:
    """Return the keys of the callback secret: ``current``, and ``previous`` during a rotation.

    Raises ``NotConfigured`` if there is none, or one is so short that it could be guessed.
    """
    names = [name for name in ("current", "previous") if secret.get(name)]
    keys = {name: str(secret[name]).encode() for name in names}
    for name in [name for name, key in keys.items() if len(key) < MIN_SECRET_LENGTH]:
        raise NotConfigured(
            f"the callback secret's {name!r} has fewer than {MIN_SECRET_LENGTH} bytes"
        )
    if not keys:
        raise NotConfigured("the callback secret has no 'current'")
    return [*keys.values()]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTokens:
    """Verifies tokens; ``secrets`` returns those that are valid now."""

    secrets: Callable[[], Sequence[bytes]]

    def is_genuine(self, provider: str, job_id: JobId, token: str) -> bool:
        """Compare in constant time, as text: a token has only one accepted encoding."""
        offered = token.encode("utf-8", "surrogatepass")
        known = [make_token(secret, provider, job_id).encode() for secret in self.secrets()]
        return any(hmac.compare_digest(offered, candidate) for candidate in known)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackUrls:
    """Makes callback URLs, signed with the first of ``secrets``.

    ``base_url`` is the callback API's, without a trailing slash.
    """

    base_url: str
    secrets: Callable[[], Sequence[bytes]]

    @classmethod
    def signed_by(cls, secret: Callable[[], Mapping[str, Any]], base_url: str) -> Self:
        """Return what reads the callback secret for each URL."""
        return cls(base_url=base_url, secrets=lambda: valid_secrets(secret()))

    def __call__(self, provider: str, job_id: JobId) -> str:
        return _url(self.base_url, self.secrets()[0], provider, job_id)

    def of(self, job: Job) -> list[str]:
        """Return every URL that the job may have been sent with, one for each valid secret."""
        base_url, provider = job.callback_base_url or self.base_url, job.request.provider
        return [_url(base_url, secret, provider, job.job_id) for secret in self.secrets()]


def _url(base_url: str, secret: bytes, provider: str, job_id: JobId) -> str:
    return f"{base_url}/callbacks/{provider}/{job_id}/{make_token(secret, provider, job_id)}"
