"""Access tokens that many containers share: fetching, waiting, replacing."""

import itertools
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from ringback.domain.errors import ProviderUnavailable
from ringback.domain.tokens import AccessToken
from ringback.providers.chanjing.access_tokens import EARLY, LEASE, MAX_WAIT, AccessTokens

from tests.support.in_memory import InMemoryTokens
from tests.support.jobs import NOON

DAY = timedelta(days=1)


@dataclass
class TokenIssuer:
    """Issues tokens to containers, each of which has its own :class:`AccessTokens`."""

    store: InMemoryTokens = field(default_factory=InMemoryTokens)
    now: datetime = NOON
    fetched: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)
    ids: "itertools.count[int]" = field(default_factory=itertools.count)
    fails: bool = False
    while_fetching: Callable[[], None] = lambda: None

    def fetch(self) -> AccessToken:
        if self.fails:
            raise ProviderUnavailable("down")
        self.while_fetching()
        with self.lock:
            self.fetched.append(f"token-{len(self.fetched) + 1}")
            return AccessToken(value=self.fetched[-1], expires_at=self.now + DAY)

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def container(self, *, sleep: Callable[[float], None] | None = None) -> AccessTokens:
        return AccessTokens(
            store=self.store,
            fetch=self.fetch,
            now=lambda: self.now,
            sleep=sleep or self.sleep,
            new_lease_id=lambda: f"lease-{next(self.ids)}",
        )


def at_once(size: int, call: Callable[[AccessTokens], str], issuer: TokenIssuer) -> set[str]:
    """Run ``call`` in ``size`` containers at the same moment; their clock stands still."""
    together, pause = threading.Barrier(size), threading.Event()

    def container(_: int) -> str:
        def wait(seconds: float) -> None:
            pause.wait(0.005)

        tokens = issuer.container(sleep=wait)
        together.wait()
        return call(tokens)

    with ThreadPoolExecutor(size) as threads:
        return set(threads.map(container, range(size)))


def test_a_hundred_containers_fetch_one_token() -> None:
    issuer = TokenIssuer()
    assert at_once(100, AccessTokens.current, issuer) == {"token-1"}
    assert issuer.fetched == ["token-1"]


def test_a_hundred_refused_containers_fetch_one_token() -> None:
    issuer = TokenIssuer()
    old = issuer.container().current()
    assert at_once(100, lambda tokens: tokens.instead_of(old), issuer) == {"token-2"}
    assert issuer.fetched == ["token-1", "token-2"]


def test_a_container_reads_its_token_once() -> None:
    issuer = TokenIssuer()
    tokens = issuer.container()
    assert [tokens.current() for _ in range(9)] == ["token-1"] * 9
    issuer.store.token = None
    assert tokens.current() == "token-1"


def test_another_container_uses_the_stored_token() -> None:
    issuer = TokenIssuer()
    issuer.container().current()
    assert issuer.container().current() == "token-1"
    assert issuer.fetched == ["token-1"]


def test_one_container_replaces_a_token_early() -> None:
    issuer = TokenIssuer()
    first, second = issuer.container(), issuer.container()
    assert first.current() == second.current()
    issuer.now += DAY - EARLY - timedelta(seconds=1)
    assert first.current() == "token-1"
    issuer.now += timedelta(seconds=1)
    assert first.current() == "token-2"
    assert second.current() == "token-2"
    assert issuer.fetched == ["token-1", "token-2"]


def test_the_old_token_is_used_during_an_early_fetch() -> None:
    issuer = TokenIssuer()
    issuer.container().current()
    issuer.now += DAY - EARLY
    seen: list[str] = []
    issuer.while_fetching = lambda: seen.append(issuer.container().current())
    assert issuer.container().current() == "token-2"
    assert seen == ["token-1"]


def test_tokens_are_replaced_five_minutes_early() -> None:
    assert timedelta(minutes=5) == EARLY


def test_a_token_replaced_after_the_first_read_is_used() -> None:
    issuer = TokenIssuer()
    old = issuer.container().current()

    class Slow:
        """After the first read, another container replaces the token."""

        reads = 0

        def read(self) -> AccessToken | None:
            seen = issuer.store.read()
            self.reads += 1
            if self.reads == 1:
                issuer.container().instead_of(old)
            return seen

        lease, put = issuer.store.lease, issuer.store.put

    late = issuer.container()
    late.store = Slow()
    assert late.instead_of(old) == "token-2"
    assert issuer.fetched == ["token-1", "token-2"]


def test_a_late_token_does_not_end_another_lease() -> None:
    issuer = TokenIssuer()
    late, other = issuer.container(), issuer.container()

    def be_slow() -> None:
        issuer.now += LEASE
        issuer.while_fetching = lambda: kept.append(late.store.read())
        issuer.store.lease("another", instead_of=None, at=issuer.now, until=issuer.now + LEASE)

    kept: list[AccessToken | None] = []
    issuer.while_fetching = be_slow
    late.current()
    assert issuer.store.token is None
    issuer.now += LEASE
    assert other.current() == "token-2"
    assert kept == [None]
    # The late container's token is invalid by now; once refused, it uses the valid one.
    assert late.instead_of(late.current()) == "token-2"
    assert issuer.fetched == ["token-1", "token-2"]


def test_lease_ids_are_unique() -> None:
    issuer, ids = TokenIssuer(), set[str]()
    for _ in range(3):
        tokens = issuer.container()
        issuer.while_fetching = lambda: ids.add(issuer.store.held_by)
        tokens.instead_of(tokens.current())
    assert len(ids) == len(issuer.fetched) == 4


def test_the_new_token_is_cached_after_a_refusal() -> None:
    issuer = TokenIssuer()
    tokens = issuer.container()
    assert tokens.instead_of(tokens.current()) == "token-2"
    issuer.store.token = None
    assert tokens.current() == "token-2"


def test_a_refused_token_is_never_used_again() -> None:
    issuer = TokenIssuer()
    tokens = issuer.container()
    old = tokens.current()
    issuer.fails = True
    with pytest.raises(ProviderUnavailable):
        tokens.instead_of(old)


def test_waiting_for_a_first_token_is_limited() -> None:
    issuer = TokenIssuer()
    issuer.store.lease("another", instead_of=None, at=NOON, until=NOON + LEASE)
    with pytest.raises(ProviderUnavailable):
        issuer.container().current()
    assert MAX_WAIT <= issuer.now - NOON < MAX_WAIT + timedelta(seconds=1)
    assert issuer.fetched == []


def test_a_crash_while_fetching_is_followed_by_another_fetch() -> None:
    issuer = TokenIssuer()
    issuer.store.lease("the dead one's", instead_of=None, at=NOON, until=NOON + LEASE)
    issuer.now += LEASE
    assert issuer.container().current() == "token-1"


def test_a_failed_fetch_is_repeated_only_after_its_lease() -> None:
    issuer = TokenIssuer(fails=True)
    with pytest.raises(ProviderUnavailable):
        issuer.container().current()
    issuer.fails = False
    with pytest.raises(ProviderUnavailable):
        issuer.container().current()
    issuer.now = NOON + LEASE
    assert issuer.container().current() == "token-1"


def test_a_failed_early_fetch_keeps_the_old_token() -> None:
    issuer = TokenIssuer()
    tokens = issuer.container()
    tokens.current()
    issuer.now += DAY - EARLY
    issuer.fails = True
    assert tokens.current() == "token-1"
    issuer.fails = False
    issuer.now += LEASE
    assert tokens.current() == "token-2"


def test_a_refused_token_already_replaced_needs_no_fetch() -> None:
    issuer = TokenIssuer()
    late = issuer.container()
    old = late.current()
    assert issuer.container().instead_of(old) == "token-2"
    assert late.instead_of(old) == "token-2"
    assert issuer.fetched == ["token-1", "token-2"]


def test_an_expired_token_is_not_used() -> None:
    issuer = TokenIssuer()
    issuer.container().current()
    issuer.now += DAY
    issuer.store.lease(
        "another", instead_of=issuer.store.token, at=issuer.now, until=issuer.now + LEASE
    )
    with pytest.raises(ProviderUnavailable):
        issuer.container().current()
