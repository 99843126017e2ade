"""Access tokens: credentials that a provider issues for a limited time."""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    value: str = field(repr=False)
    expires_at: datetime
