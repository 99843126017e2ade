"""Note a provider's credits while jobs spend them (docs/decisions/0067)."""

from collections.abc import Callable, Mapping, MutableMapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ringback.domain.accounts import Account, Balance
from ringback.use_cases.ports import AccountStore, ProviderClient
from ringback.use_cases.providers import Providers
from ringback.use_cases.record_answer import SecondsLeft

# Nobody asks again before.
ASK_AFTER: Final = timedelta(minutes=10)
# Seconds that the call and the write take at most.
TIME_TO_ASK: Final = 36.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteCredits:
    """Safe to repeat; it may fail without harm, and is not tried again at once.

    ``asked_at`` is when this process last asked each provider: one that doesn't answer must not
    hold up every job. ``tell`` gets the account with its new balance.
    """

    accounts: AccountStore
    providers: Providers
    clients: Mapping[str, ProviderClient]
    asked_at: MutableMapping[str, datetime]
    tell: Callable[[Account], None]
    now: Callable[[], datetime]

    def __call__(self, account: Account, *, seconds_left: SecondsLeft) -> None:
        """Ask for the credits of an account that has just paid, if they were not known lately."""
        name, at = account.provider, self.now()
        known = [account.balance.at] if account.balance else []
        known += [self.asked_at[name]] if name in self.asked_at else []
        is_known = any(at - each < ASK_AFTER for each in known)
        if is_known or not self.providers[name].tells_credits or seconds_left() < TIME_TO_ASK:
            return
        self.asked_at[name] = at
        with suppress(Exception):
            credits_left = self.clients[name].probe().credits
            if credits_left is not None:
                balance = Balance(credits_left, self.now())
                self.tell(self.accounts.note_balance(name, balance).account)
