"""What a client posts to have a job made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from ringback.domain.errors import FieldError
from ringback.domain.jobs import RINGBACK

KEY: Final = "Idempotency-Key"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPost:
    """``POST /jobs`` or ``POST /jobs/{job_id}/retry`` as it was sent.

    ``body`` is the JSON object of the first, ``retry_of`` the job that the second names. A post in
    a provider's own ``form`` was translated into the body of ``POST /jobs``.
    """

    client: str
    idempotency_key: str | None
    body: Mapping[str, Any]
    dry_run: bool = False
    retry_of: str | None = None
    form: str = RINGBACK


def idempotency_key_errors(key: str | None) -> list[FieldError]:
    """Return what is wrong with an ``Idempotency-Key`` header; ``None`` stands for no header."""
    if key is None or (1 <= len(key) <= 255 and key.isascii() and key.isprintable()):
        return []
    return [FieldError(KEY, "must have 1 to 255 printable ASCII characters")]
