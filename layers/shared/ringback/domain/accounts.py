"""Why a provider's account takes no jobs at the moment."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PauseReason(StrEnum):
    NOT_CONFIGURED = "not_configured"  # its key, or the callback secret, has not been put in place


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountPause:
    """A pause ends by itself at ``until`` unless it is renewed; ``since`` is when it began."""

    provider: str
    reason: PauseReason
    since: datetime
    until: datetime
