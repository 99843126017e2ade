"""Which clients can have webhooks."""

from dataclasses import dataclass, field
from typing import Final

from ringback.use_cases.webhook_ports import WebhookClients

UNSIGNED: Final = (
    "webhooks are signed, and this client has no webhook secret yet; the owner creates one with"
    " make webhook-secret"
)


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
