from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.pace import GRACE, SLOTS_PER_FREE_ONE, Pace

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


def test_a_slot_stays_free_now_and_then_in_a_long_queue() -> None:
    """Calls are made a little slower than slots follow each other."""
    pace = Pace(limit=20, seconds=10)
    window, first = InMemoryWindow(pace=pace), pace.slot_at(NOON)
    slots = [window.take("kie", at=NOON, slot=None).slot for _ in range(2 * SLOTS_PER_FREE_ONE)]
    free = set(range(first, (slots[-1] or 0) + 1)) - set(slots)
    assert len(free) == 2
    for _ in range(3):  # without a queue, none does
        at = NOON + timedelta(hours=1) + SLOTS_PER_FREE_ONE * pace.spacing
        assert window.take("kie", at=at, slot=None).slot == pace.slot_at(at)
        window.next_slot = 0


def test_a_single_call_does_not_wait() -> None:
    assert InMemoryWindow(pace=Pace(limit=20, seconds=10)).take("kie", at=NOON, slot=None).wait == 0


def test_a_slot_is_missed_after_a_while() -> None:
    pace = Pace(limit=20, seconds=10)
    slot = pace.slot_at(NOON)
    assert not pace.is_missed(slot, at=NOON + GRACE - pace.spacing)
    assert pace.is_missed(slot, at=NOON + GRACE + timedelta(seconds=1))
