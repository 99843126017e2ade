"""Ask a paused account's provider, at no cost, whether one job may try again."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.accounts import (
    MAX_UNANSWERED_PROBES,
    PROBES,
    Account,
    Balance,
    Probe,
    ProbeAnswer,
)
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.use_cases.ports import AccountStore, ProviderClient


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeAccount:
    """Safe to repeat: a probe that the account no longer waits for asks nothing.

    After a bad probe none is sent. The next job that still waits does it
    (``ChangeAccount.keep_probing``), so that nothing is asked while nothing waits. After too many
    without an answer one job tries all the same.
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
        balance = Balance(answer.credits, at) if answer and answer.credits is not None else None
        delay = PROBES.after(at - account.pause.since)
        unanswered = account.pause.unanswered + 1 if answer is None else 0
        must_try = unanswered >= MAX_UNANSWERED_PROBES and delay == PROBES.longest
        is_good = answer is not None and answer.is_good
        if is_good or (must_try and self._can_send(probe.provider)):
            return self.accounts.half_open(
                probe.provider,
                at=at,
                probe_id=probe.probe_id,
                unanswered=unanswered,
                balance=balance,
            ).account
        return self.accounts.probe_failed(
            probe, next_at=at + delay, unanswered=unanswered, balance=balance
        ).account

    def _ask(self, provider: str) -> ProbeAnswer | None:
        """Return what the provider says of the account, ``None`` if there is no answer."""
        try:
            return self.clients[provider].probe()
        except NotConfigured:
            return ProbeAnswer(is_good=False)
        except ProviderUnavailable:
            return None

    def _can_send(self, provider: str) -> bool:
        """Tell whether a paid call could be made: a provider may need a token for it first."""
        try:
            self.clients[provider].prepare()
        except (NotConfigured, ProviderUnavailable):
            return False
        return True
