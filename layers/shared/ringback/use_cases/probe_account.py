"""Ask a paused account's provider, at no cost, whether one job may try again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.accounts import PROBES, Account, Balance, Probe, ProbeAnswer
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.use_cases.ports import AccountStore, ProviderClient


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAccount:
    """Safe to repeat: a probe that the account no longer waits for asks nothing.

    After a bad probe none is sent. The next job that still waits does it
    (``ChangeAccount.keep_probing``), so that nothing is asked while nothing waits.
    """

    accounts: AccountStore
    clients: Mapping[str, ProviderClient]
    now: Callable[[], datetime]

    def __call__(self, probe: Probe) -> Account:
        """Return the account as it now stands."""
        account = self.accounts.read(probe.provider)
        if account.pause is None or account.pause.probe_id != probe.probe_id:
            return account
        answer, at = self._ask(probe.provider), self.now()
        balance = None if answer.credits is None else Balance(answer.credits, at)
        if answer.is_good:
            return self.accounts.half_open(
                probe.provider, at=at, probe_id=probe.probe_id, balance=balance
            ).account
        next_at = at + PROBES.after(at - account.pause.since)
        return self.accounts.probe_failed(probe, next_at=next_at, balance=balance).account

    def _ask(self, provider: str) -> ProbeAnswer:
        try:
            return self.clients[provider].probe()
        except (NotConfigured, ProviderUnavailable):
            return ProbeAnswer(is_good=False)
