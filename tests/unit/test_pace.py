from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.pace import GRACE, Pace

from tests.support.in_memory import InMemoryWindow
from tests.support.jobs import NOON

paces = st.builds(Pace, limit=st.integers(1, 100), seconds=st.integers(1, 60))
gap_lists = st.lists(st.floats(0, 30), min_size=1, max_size=120)


@given(paces, gap_lists)
def test_slots_are_unique_and_in_order(pace: Pace, gaps: list[float]) -> None:
    window, at, slots = InMemoryWindow(pace=pace), NOON, []
    for gap in gaps:
        at += timedelta(seconds=gap)
        slots.append(window.take("kie", at=at, slot=None).slot or 0)
    assert slots == sorted(set(slots))


@given(paces, st.lists(st.floats(0, 3), min_size=1, max_size=300))
def test_no_window_exceeds_the_limit(pace: Pace, gaps: list[float]) -> None:
    """The calls come at any time, with any slot."""
    window, at, made = InMemoryWindow(pace=pace), NOON, []
    for gap in gaps:
        at += timedelta(seconds=gap)
        if window.take("kie", at=at, slot=pace.slot_at(at)).wait == 0:
            made.append(at)
    for first, last in zip(made, made[pace.limit :], strict=False):
        assert last - first >= timedelta(seconds=pace.seconds)


def test_a_single_call_does_not_wait() -> None:
    assert InMemoryWindow(pace=Pace(limit=20, seconds=10)).take("kie", at=NOON, slot=None).wait == 0


def test_a_slot_is_missed_after_a_while() -> None:
    pace = Pace(limit=20, seconds=10)
    slot = pace.slot_at(NOON)
    assert not pace.is_missed(slot, at=NOON + GRACE - pace.spacing)
    assert pace.is_missed(slot, at=NOON + GRACE + timedelta(seconds=1))
