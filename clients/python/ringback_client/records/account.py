"""A client's account: providers, receivers of webhooks and deliveries to them, and usage."""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """Has one of ``day``, in UTC, ``model`` and ``client``.

    Jobs that neither ``succeeded`` nor ``failed`` are under way, or cancelled.
    """

    day: date | None = None
    model: str | None = None
    client: str | None = None
    jobs: int
    succeeded: int
    failed: int
    images: int
    credits: float
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePage:
    usage: tuple[Used, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverState:
    host: str
    state: str
    reason: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    event_id: str
    type: str
    host: str
    attempt: int
    at: datetime
    milliseconds: int
    status: int | None
    answer: str
    error: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    job_id: str
    receiver: ReceiverState | None
    deliveries: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    provider: str
    state: str
    reason: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccount:
    """``credits`` were left at ``credits_at``; None if nobody knows. ``name`` is ``provider``."""

    provider: str
    name: str
    state: str
    reason: str | None
    since: datetime | None
    until: datetime | None
    credits: float | None
    credits_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedReceiver:
    id: str
    url: str
    is_default: bool
    state: str
    reason: str | None
    since: datetime | None
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAccount:
    client: str
    scopes: tuple[str, ...]
    providers: tuple[ProviderAccount, ...]
    receivers: tuple[ListedReceiver, ...]
