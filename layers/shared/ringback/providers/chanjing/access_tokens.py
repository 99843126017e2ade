"""Chanjing's access token: one for all functions, since each new one kills the one before it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from ringback.domain.errors import ProviderUnavailable
from ringback.domain.tokens import AccessToken
from ringback.use_cases.ports import TokenStore

EARLY: Final = timedelta(minutes=5)
# Longer than asking for a token can take. If asking fails, nobody asks again before it ends.
LEASE: Final = timedelta(seconds=20)
# How long somebody without a token waits for the one who fetches it.
MAX_WAIT: Final = timedelta(seconds=6)
BETWEEN_LOOKS: Final = 0.1


@dataclass(slots=True, kw_only=True)
class AccessTokens:
    """``fetch`` asks the provider; ``sleep`` takes seconds."""

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
        """Return another token than one that the provider no longer takes."""
        self._known = self._shared(refused=refused)
        return self._known.value

    def _shared(self, *, refused: str | None) -> AccessToken:
        enough = self.now() + MAX_WAIT
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
                # Somebody is fetching the next one. Should this one die under the call, the call
                # is refused, which costs nothing, and made again with the new one.
                return token
            if at >= enough:
                raise ProviderUnavailable("no access token: another function is fetching one")
            self.sleep(BETWEEN_LOOKS)

    def _is_due(self, token: AccessToken) -> bool:
        return self.now() >= token.expires_at - EARLY
