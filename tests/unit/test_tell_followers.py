"""Events for those who follow: to whom, and what if a connection does not take them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

from ringback.aws.clients import LIVE_CALLS
from ringback.domain.events import Event
from ringback.domain.live import CONNECTION_LASTS
from ringback.use_cases.tell_followers import MAX_SECONDS, TellFollowers

from tests.support.jobs import NOON
from tests.support.live import InMemoryFollowers, InMemoryKept, InMemoryLines, a_connection
from tests.unit.test_live import event

FIRST, SECOND = a_connection(0), a_connection(1)


@dataclass
class Line:
    followers: Any = field(default_factory=InMemoryFollowers)
    kept: Any = field(default_factory=InMemoryKept)
    lines: InMemoryLines = field(default_factory=InMemoryLines)
    at: datetime = NOON
    unsent: list[Exception] = field(default_factory=list)
    seconds: Iterator[float] = field(default_factory=lambda: iter(lambda: 0.0, 1.0))

    def send(self, *events: Event) -> None:
        TellFollowers(
            followers=self.followers,
            kept=self.kept,
            lines=self.lines,
            now=lambda: self.at,
            clock=lambda: next(self.seconds),
            unsent=self.unsent.append,
        ).send(events)


def a_line(**connections: Sequence[Any]) -> Line:
    return Line(followers=InMemoryFollowers({name: [*each] for name, each in connections.items()}))


def test_every_connection_of_the_client_is_sent_its_events() -> None:
    line = a_line(studio=[FIRST, SECOND], shop=[a_connection(2)])
    line.send(event(1), event(2, client="shop"), event(3))
    assert line.lines.events_of(FIRST.id) == [event(1).id, event(3).id]
    assert line.lines.events_of(SECOND.id) == [event(1).id, event(3).id]
    assert line.lines.events_of("c2=") == [event(2).id]
    assert line.lines.closed == []


def test_nothing_is_kept_for_who_does_not_follow() -> None:
    line = a_line(shop=[FIRST])
    line.send(event(1), event(2, client=None))
    assert (line.kept.added, line.lines.sent) == ([], [])


def test_events_are_kept_for_who_is_away() -> None:
    line = a_line(studio=[])
    line.send(event(1))
    assert line.kept.added == [("studio", NOON, event(1))]
    assert line.lines.sent == []


def test_a_connection_that_takes_nothing_is_closed_and_forgotten() -> None:
    line = a_line(studio=[FIRST, SECOND])
    line.lines.dead = {FIRST.id}
    line.send(event(1))
    assert line.lines.events_of(SECOND.id) == [event(1).id]
    assert line.lines.closed == [FIRST.id]
    assert line.followers.connections == {"studio": [SECOND]}
    assert len(line.kept.added) == 1


def test_a_connection_that_is_over_is_sent_nothing() -> None:
    line = a_line(studio=[FIRST, SECOND])
    line.at = FIRST.opened_at + CONNECTION_LASTS
    line.send(event(1))
    assert [each for each, _ in line.lines.sent] == [SECOND.id]


def test_the_time_is_limited_and_who_was_left_out_is_closed() -> None:
    """Its client connects again, and gets what it has missed."""
    line = a_line(studio=[FIRST, SECOND])
    # At the start, before the first connection, before the second, before that one is closed.
    line.seconds = iter([100.0, *(100.0 + MAX_SECONDS + late for late in (-0.1, 0, 4.9))])
    line.send(event(1))
    assert line.lines.events_of(FIRST.id) == [event(1).id]
    assert line.lines.closed == [SECOND.id]
    assert line.followers.connections == {"studio": [FIRST]}


def test_an_api_that_hangs_holds_up_neither_the_bus_nor_receivers() -> None:
    """Every call takes as long as the SDK lets it; a connection that is not closed ends as idle."""

    class Hanging(InMemoryLines):
        seconds = 0.0

        def send(self, connection: Any, message: str) -> bool:
            self.seconds += LIVE_CALLS.longest
            return False

        def close(self, connection: Any) -> None:
            self.seconds += LIVE_CALLS.longest
            super().close(connection)

    names = ("studio", "shop", "school")
    line = a_line(**{name: [a_connection(number) for number in range(20)] for name in names})
    line.lines = lines = Hanging()
    line.seconds = iter(lambda: lines.seconds, -1.0)
    line.send(*(event(1, client=name) for name in names))
    assert lines.seconds <= 2 * MAX_SECONDS + LIVE_CALLS.longest
    assert line.followers.connections == {name: [] for name in names}


def test_a_connection_is_sent_nothing_behind_what_it_did_not_take() -> None:
    class Once(InMemoryLines):
        tries = count()

        def send(self, connection: Any, message: str) -> bool:
            return next(self.tries) != 1 and super().send(connection, message)

    line = a_line(studio=[FIRST])
    line.lines = Once()
    line.send(*(event(number, input="x" * 30_000) for number in range(3)))
    assert line.lines.events_of(FIRST.id) == [event(0).id]
    assert line.lines.closed == [FIRST.id]


def test_what_cannot_be_kept_is_sent_all_the_same() -> None:
    class Full(InMemoryKept):
        def add(self, client: str, events: Sequence[Event], *, at: datetime) -> None:
            raise ValueError

    line = a_line(studio=[FIRST])
    line.kept = Full()
    line.send(event(1))
    assert line.lines.events_of(FIRST.id) == [event(1).id]
    assert [type(error) for error in line.unsent] == [ValueError]


def test_who_connects_while_events_are_kept_is_sent_them() -> None:
    """It may have read what is kept just before."""
    line = a_line(studio=[])

    class Slow(InMemoryKept):
        def add(self, client: str, events: Sequence[Event], *, at: datetime) -> None:
            line.followers.add(client, FIRST, at=at)

    line.kept = Slow()
    line.send(event(1))
    assert line.lines.events_of(FIRST.id) == [event(1).id]


def test_one_client_s_failure_is_no_other_s() -> None:
    class Broken(InMemoryFollowers):
        def of(self, client: str, *, at: datetime) -> Any:
            if client == "studio":
                raise ValueError
            return super().of(client, at=at)

    line = Line(followers=Broken({"shop": [FIRST]}))
    line.send(event(1), event(2, client="shop"))
    assert [type(error) for error in line.unsent] == [ValueError]
    assert line.lines.events_of(FIRST.id) == [event(2).id]
