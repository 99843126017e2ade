"""Chanjing's access token, shared by all functions: each new token invalidates the last one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ringback.domain.errors import ProviderUnavailable
from ringback.domain.tokens import AccessToken
from ringback.use_cases.ports import TokenStore

EARLY: Final = timedelta(minutes=5)
# Longer than fetching a token can take. After a failure it is not fetched again before this ends.
LEASE: Final = timedelta(seconds=20)
# How long a function without a token waits for another one that is fetching it.
MAX_WAIT: Final = timedelta(seconds=6)
POLL_SECONDS: Final = 0.1


@dataclass(slots=True, kw_only=True)
class AccessTokens:
    """``fetch`` requests a token from the provider; ``sleep`` takes seconds."""

    store: TokenStore
    fetch: Callable[[], AccessToken]
    now: Callable[[], datetime]
    sleep: Callable[[float], None]
    new_lease_id: Callable[[], str]
    _known: AccessToken | None = field(default=None, repr=False)

    def current(self) -> str:
        """Return the token. Raises ``ProviderUnavailable`` and what ``fetch`` raises."""
        known = self._known
        if known is None or self._is_due(known):
            known = self._known = self._shared(refused=None)
        return known.value

    def instead_of(self, refused: str) -> str:
        """Return another token than the one that the provider has refused."""
        self._known = self._shared(refused=refused)
        return self._known.value

    def _shared(self, *, refused: str | None) -> AccessToken:
        give_up_at = self.now() + MAX_WAIT
        while True:
            token, at = self.store.read(), self.now()
            usable = token is not None and token.value != refused and at < token.expires_at
            if token and usable and not self._is_due(token):
                return token
            lease = self.new_lease_id()
            if self.store.lease(lease, instead_of=token, at=at, until=at + LEASE):
                try:
                    fresh = self.fetch()
                except ProviderUnavailable:
                    if token and usable:
                        return token
                    raise
                self.store.put(fresh, lease=lease)
                return fresh
            if token and usable:
                # Another function is fetching the next token. If this one expires during the call,
                # the call is refused, which costs nothing, and repeated with the new token.
                return token
            if at >= give_up_at:
                raise ProviderUnavailable("no access token: another function is fetching one")
            self.sleep(POLL_SECONDS)

    def _is_due(self, token: AccessToken) -> bool:
        return self.now() >= token.expires_at - EARLY
