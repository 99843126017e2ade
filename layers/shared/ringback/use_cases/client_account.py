"""A client's account: what it depends on, and what it can put right itself."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from ringback.domain.accounts import Account
from ringback.domain.errors import UnknownReceiver
from ringback.domain.receivers import Receiver
from ringback.domain.webhooks import host_of
from ringback.use_cases.deliveries import SwitchOn
from ringback.use_cases.ports import AccountStore
from ringback.use_cases.webhook_ports import Receivers, WebhookClients


@dataclass(frozen=True, slots=True)
class ListedReceiver:
    """``url`` is that of the client's own receiver; of others, only the host is known."""

    receiver: Receiver
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAccount:
    """``providers`` are the names of those that have an account."""

    accounts: AccountStore
    providers: Collection[str]
    clients: WebhookClients
    receivers: Receivers

    def provider_accounts(self) -> list[Account]:
        return [self.accounts.read(name) for name in self.providers]

    def receivers_of(self, client: str) -> list[ListedReceiver]:
        """Return the client's own receiver first, then those of its jobs that fail, by host."""
        return [*self._own(client, self.receivers.failing(client))]

    def _own(self, client: str, failing: Sequence[Receiver]) -> Iterator[ListedReceiver]:
        webhooks = self.clients.read(client)
        url = webhooks.url if webhooks else None
        own = host_of(url) if url else None
        if own:
            by_host = {each.host: each for each in failing}
            yield ListedReceiver(by_host.get(own, Receiver(client=client, host=own)), url)
        yield from (ListedReceiver(each) for each in failing if each.host != own)

    def resume(self, client: str, host: str) -> ListedReceiver:
        """Let a receiver have webhooks again. Raises ``UnknownReceiver``."""
        for each in self.receivers_of(client):
            if each.receiver.host == host:
                switched = SwitchOn(receivers=self.receivers)(client, host)
                return ListedReceiver(switched, each.url)
        raise UnknownReceiver(host)
