from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.pace import GRACE, Pace

from tests.support.in_memory import InMemoryWindow
from tests.support.jobs import NOON

paces = st.builds(Pace, limit=st.integers(1, 100), seconds=st.integers(1, 60))
askings = st.lists(st.floats(0, 30), min_size=1, max_size=120)


@given(paces, askings)
def test_no_slot_is_given_twice_and_the_first_to_ask_comes_first(
    pace: Pace, gaps: list[float]
) -> None:
    window, at, slots = InMemoryWindow(pace=pace), NOON, []
    for gap in gaps:
        at += timedelta(seconds=gap)
        slots.append(window.take("kie", at=at, slot=None).slot)
    assert slots == sorted(set(slots))


@given(paces, st.integers(0, 10**6))
def test_no_span_of_a_windows_length_holds_more_slots_than_the_limit(
    pace: Pace, first: int
) -> None:
    at = NOON + first * pace.spacing
    slots = range(pace.slot_at(at), pace.slot_at(at) + pace.limit + 1)
    span = (slots[-1] - slots[0]) * pace.spacing
    assert span >= timedelta(seconds=pace.seconds) * 0.95


def test_a_burst_uses_nine_tenths_of_the_limit_and_never_more_than_all() -> None:
    pace = Pace(limit=20, seconds=10)
    window = InMemoryWindow(pace=pace)
    waits = [window.take("kie", at=NOON, slot=None).wait for _ in range(200)]
    for start in range(1, waits[-1] - 10):
        assert 18 <= sum(start <= wait < start + 10 for wait in waits) <= 20


def test_who_is_alone_does_not_wait() -> None:
    assert InMemoryWindow(pace=Pace(limit=20, seconds=10)).take("kie", at=NOON, slot=None).wait == 0


def test_a_slot_is_missed_after_a_while() -> None:
    pace = Pace(limit=20, seconds=10)
    slot = pace.slot_at(NOON)
    assert not pace.is_missed(slot, at=NOON + GRACE - pace.spacing)
    assert pace.is_missed(slot, at=NOON + GRACE + timedelta(seconds=1))
