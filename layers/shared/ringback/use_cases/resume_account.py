"""Let one job try a paused account, because its owner says that it is good again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.accounts import Account
from ringback.domain.errors import UnknownProvider
from ringback.use_cases.ports import AccountStore, NudgeQueue


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeAccount:
    """Safe to repeat, and harmless if the account is not good: the one job is refused for free.

    ``providers`` are the names of all providers.
    """

    accounts: AccountStore
    queue: NudgeQueue
    providers: Collection[str]
    now: Callable[[], datetime]

    def __call__(self, provider: str) -> Account:
        """Return the account as it now stands. Raises ``UnknownProvider``, and ``TryAgain``."""
        if provider not in self.providers:
            raise UnknownProvider(provider)
        account = self.accounts.half_open(provider, at=self.now(), probe_id=None).account
        if account.pause and account.is_half_open and account.pause.refused_job:
            # Jobs that wait wake seldom; this one tries now.
            self.queue.nudge(account.pause.refused_job)
        return account
