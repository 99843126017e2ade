"""One token for all: who fetches it, who waits, who goes on with the old one."""

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
class Office:
    """Where tokens are fetched; each container has its own :class:`AccessTokens`."""

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


def at_once(size: int, call: Callable[[AccessTokens], str], office: Office) -> set[str]:
    """Let so many containers do the same at the same moment; time stands still for them."""
    together, pause = threading.Barrier(size), threading.Event()

    def container(_: int) -> str:
        def wait(seconds: float) -> None:
            pause.wait(0.005)

        tokens = office.container(sleep=wait)
        together.wait()
        return call(tokens)

    with ThreadPoolExecutor(size) as threads:
        return set(threads.map(container, range(size)))


def test_a_hundred_who_have_none_fetch_one() -> None:
    office = Office()
    assert at_once(100, AccessTokens.current, office) == {"token-1"}
    assert office.fetched == ["token-1"]


def test_a_hundred_whose_token_is_refused_fetch_one() -> None:
    office = Office()
    old = office.container().current()
    assert at_once(100, lambda tokens: tokens.instead_of(old), office) == {"token-2"}
    assert office.fetched == ["token-1", "token-2"]


def test_a_container_reads_its_token_once() -> None:
    office = Office()
    tokens = office.container()
    assert [tokens.current() for _ in range(9)] == ["token-1"] * 9
    office.store.token = None
    assert tokens.current() == "token-1"


def test_another_container_takes_the_one_that_is_there() -> None:
    office = Office()
    office.container().current()
    assert office.container().current() == "token-1"
    assert office.fetched == ["token-1"]


def test_a_token_is_replaced_five_minutes_early_by_one() -> None:
    office = Office()
    first, second = office.container(), office.container()
    assert first.current() == second.current()
    office.now += DAY - EARLY - timedelta(seconds=1)
    assert first.current() == "token-1"
    office.now += timedelta(seconds=1)
    assert first.current() == "token-2"
    assert second.current() == "token-2"
    assert office.fetched == ["token-1", "token-2"]


def test_while_one_fetches_early_the_others_go_on_with_the_old_one() -> None:
    office = Office()
    office.container().current()
    office.now += DAY - EARLY
    seen: list[str] = []
    office.while_fetching = lambda: seen.append(office.container().current())
    assert office.container().current() == "token-2"
    assert seen == ["token-1"]


def test_five_minutes_early_is_early_enough() -> None:
    assert timedelta(minutes=5) == EARLY


def test_who_looked_before_the_others_were_done_takes_what_they_brought() -> None:
    office = Office()
    old = office.container().current()

    class Slow:
        """After its first look, and before what follows from it, another replaces the token."""

        looks = 0

        def read(self) -> AccessToken | None:
            seen = office.store.read()
            self.looks += 1
            if self.looks == 1:
                office.container().instead_of(old)
            return seen

        lease, put = office.store.lease, office.store.put

    late = office.container()
    late.store = Slow()
    assert late.instead_of(old) == "token-2"
    assert office.fetched == ["token-1", "token-2"]


def test_a_token_that_comes_after_its_lease_does_not_end_that_of_another() -> None:
    office = Office()
    late, other = office.container(), office.container()

    def be_slow() -> None:
        office.now += LEASE
        office.while_fetching = lambda: kept.append(late.store.read())
        office.store.lease("another", instead_of=None, at=office.now, until=office.now + LEASE)

    kept: list[AccessToken | None] = []
    office.while_fetching = be_slow
    late.current()
    assert office.store.token is None
    office.now += LEASE
    assert other.current() == "token-2"
    assert kept == [None]
    # What the late one brought is dead by now; being refused leads it to the one that lives.
    assert late.instead_of(late.current()) == "token-2"
    assert office.fetched == ["token-1", "token-2"]


def test_no_lease_is_taken_under_the_id_of_another() -> None:
    office, ids = Office(), set[str]()
    for _ in range(3):
        tokens = office.container()
        office.while_fetching = lambda: ids.add(office.store.held_by)
        tokens.instead_of(tokens.current())
    assert len(ids) == len(office.fetched) == 4


def test_after_a_refusal_the_new_token_is_the_known_one() -> None:
    office = Office()
    tokens = office.container()
    assert tokens.instead_of(tokens.current()) == "token-2"
    office.store.token = None
    assert tokens.current() == "token-2"


def test_a_refused_token_is_not_used_again_though_it_should_live_for_hours() -> None:
    office = Office()
    tokens = office.container()
    old = tokens.current()
    office.fails = True
    with pytest.raises(ProviderUnavailable):
        tokens.instead_of(old)


def test_who_has_none_waits_for_a_while_and_no_longer() -> None:
    office = Office()
    office.store.lease("another", instead_of=None, at=NOON, until=NOON + LEASE)
    with pytest.raises(ProviderUnavailable):
        office.container().current()
    assert MAX_WAIT <= office.now - NOON < MAX_WAIT + timedelta(seconds=1)
    assert office.fetched == []


def test_who_dies_while_fetching_is_followed_by_another() -> None:
    office = Office()
    office.store.lease("the dead one's", instead_of=None, at=NOON, until=NOON + LEASE)
    office.now += LEASE
    assert office.container().current() == "token-1"


def test_a_fetch_that_fails_is_not_repeated_before_the_lease_ends() -> None:
    office = Office(fails=True)
    with pytest.raises(ProviderUnavailable):
        office.container().current()
    office.fails = False
    with pytest.raises(ProviderUnavailable):
        office.container().current()
    office.now = NOON + LEASE
    assert office.container().current() == "token-1"


def test_a_fetch_that_fails_early_costs_nothing_while_the_old_one_lives() -> None:
    office = Office()
    tokens = office.container()
    tokens.current()
    office.now += DAY - EARLY
    office.fails = True
    assert tokens.current() == "token-1"
    office.fails = False
    office.now += LEASE
    assert tokens.current() == "token-2"


def test_a_refused_token_that_was_replaced_meanwhile_costs_no_fetch() -> None:
    office = Office()
    late = office.container()
    old = late.current()
    assert office.container().instead_of(old) == "token-2"
    assert late.instead_of(old) == "token-2"
    assert office.fetched == ["token-1", "token-2"]


def test_a_token_that_is_over_is_used_by_nobody() -> None:
    office = Office()
    office.container().current()
    office.now += DAY
    office.store.lease(
        "another", instead_of=office.store.token, at=office.now, until=office.now + LEASE
    )
    with pytest.raises(ProviderUnavailable):
        office.container().current()
