"""Pauses: why a provider's account accepts no jobs at the moment."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PauseReason(StrEnum):
    NOT_CONFIGURED = "not_configured"  # its key or the callback secret has not been stored yet


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPause:
    """``since`` is when the pause began; before ``next_try_at`` the provider is not tried.

    ``reason`` is a ``PauseReason``, or one that a newer version has written.
    """

    provider: str
    reason: str
    since: datetime
    next_try_at: datetime
