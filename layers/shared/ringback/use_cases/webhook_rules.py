"""Which clients can have webhooks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from ringback.domain.receivers import ClientWebhooks
from ringback.use_cases.webhook_ports import WebhookClients

UNSIGNED: Final = (
    "webhooks are signed, and this client has no webhook secret yet; the owner creates one with"
    " make webhook-secret"
)
DISABLED: Final = "events and webhooks are disabled on this deployment"

# How long a container may use what a client has changed since.
FRESH_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecentClients:
    """What is known of clients' webhooks, a minute old at most: the jobs of a burst have few."""

    clients: WebhookClients
    clock: Callable[[], float]
    known: dict[str, tuple[float, ClientWebhooks | None]] = field(default_factory=dict)

    def read(self, client: str) -> ClientWebhooks | None:
        now = self.clock()
        read_at, found = self.known.get(client, (float("-inf"), None))
        if now - read_at >= FRESH_SECONDS:
            found = self.clients.read(client)
            self.known[client] = now, found
        return found


def why_disabled(_client: str = "", *, tells_events: bool) -> str:
    """Return why nobody can have webhooks or follow jobs, empty if clients can."""
    return "" if tells_events else DISABLED


@dataclass(frozen=True, slots=True, kw_only=True)
class RequireSecret:
    """Clients with a secret are remembered: a sheet may ask for each of its rows."""

    clients: WebhookClients
    known: set[str] = field(default_factory=set)

    def __call__(self, client: str) -> str:
        """Return why the client can't have webhooks, empty if it can."""
        if client not in self.known:
            if self.clients.read(client) is None:
                return UNSIGNED
            self.known.add(client)
        return ""
