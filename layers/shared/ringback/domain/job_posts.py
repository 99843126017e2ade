"""What a client posts to have a job made."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ringback.domain.errors import FieldError
from ringback.domain.jobs import RINGBACK


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPost:
    """``POST /jobs`` or ``POST /jobs/{job_id}/retry`` as it was sent.

    ``body`` is the JSON object of the first, ``retry_of`` the job that the second names. A post in
    a provider's own ``form`` was translated into the body of ``POST /jobs``. The key is in the form
    in which it was sent. ``faults`` is what is wrong beside the body: with any, no job is made, but
    its client is told of the body's as well.
    """

    client: str
    idempotency_key: str | None
    body: Mapping[str, Any]
    dry_run: bool = False
    retry_of: str | None = None
    form: str = RINGBACK
    faults: tuple[FieldError, ...] = ()
