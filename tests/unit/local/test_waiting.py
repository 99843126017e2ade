"""Waiting goes on as long as something changes, and no longer."""

from collections.abc import Iterator
from itertools import chain, count, repeat
from types import SimpleNamespace

import pytest

from local.failures import LocalFailure
from local.waiting import wait_for


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[float]]:
    now = [0.0]

    def sleep(seconds: float) -> None:
        now[0] += seconds

    # Not the module's own functions: threads of other tests may sleep.
    fake = SimpleNamespace(monotonic=lambda: now[0], sleep=sleep)
    monkeypatch.setattr("local.waiting.time", fake)
    yield now


def test_what_changes_is_waited_for_however_long_it_takes(clock: list[float]) -> None:
    numbers = count()
    seen = wait_for(lambda: next(numbers) // 100, lambda seen: seen == 1000, what="it", pause=1)
    assert seen == 1000
    assert clock[0] > 24 * 3600


def test_a_standstill_ends_the_wait_with_what_was_seen_last(clock: list[float]) -> None:
    states = chain(["accepted", "accepted", "running"], repeat("archiving"))
    with pytest.raises(LocalFailure, match=r"Waited for the job, .* for 120 s: 'archiving'"):
        wait_for(lambda: next(states), lambda seen: seen == "succeeded", what="the job", pause=1)
    assert clock[0] == 3 + 120


def test_what_is_there_already_is_not_waited_for(clock: list[float]) -> None:
    assert wait_for(lambda: "there", bool, what="it") == "there"
    assert clock[0] == 0


def test_the_caller_chooses_how_long_a_standstill_may_last(clock: list[float]) -> None:
    with pytest.raises(LocalFailure, match="for 900 s"):
        wait_for(lambda: "", bool, what="a slow provider", pause=1, standstill=900)
    assert clock[0] == 900
