"""The rate window: the fake and the counter in the table, under the same tests."""

import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import Any

import boto3
import pytest
from ringback.aws.rate_window import RateWindowTable
from ringback.domain.jobs import Job
from ringback.domain.pace import DROPS, SHEETS, LowPriority, Pace, Turn
from ringback.use_cases.ports import RateWindow
from ringback.use_cases.submit_job import seconds_to_yield

from tests.support.aws import Cloud
from tests.support.in_memory import InMemoryWindow
from tests.support.jobs import NOON, a_job

PACE = Pace(limit=20, seconds=10)
PACES = {"kie": PACE, "chanjing": PACE}


@pytest.fixture(params=["in_memory", "dynamo_db"])
def window(request: pytest.FixtureRequest) -> RateWindow:
    if request.param == "in_memory":
        return InMemoryWindow(pace=PACE)
    return RateWindowTable.connect(request.getfixturevalue("cloud").table, PACES)


def slot_of(turn: Turn) -> int:
    assert turn.slot is not None
    return turn.slot


def test_slots_are_consecutive(window: RateWindow) -> None:
    first = PACE.slot_at(NOON)
    turns = [window.take("kie", at=NOON, slot=None) for _ in range(6)]
    assert [turn.slot for turn in turns] == list(range(first, first + 6))
    assert [turn.wait for turn in turns] == [0, 1, 1, 2, 2, 3]


def test_unused_slots_expire(window: RateWindow) -> None:
    window.take("kie", at=NOON, slot=None)
    later = NOON + timedelta(hours=1)
    assert window.take("kie", at=later, slot=None).slot == PACE.slot_at(later)


def test_a_valid_slot_is_kept(window: RateWindow) -> None:
    slot = [window.take("kie", at=NOON, slot=None).slot for _ in range(9)][-1]
    turn = window.take("kie", at=NOON + timedelta(seconds=5), slot=slot)
    assert (turn.slot, turn.wait) == (slot, 0)
    assert window.take("kie", at=NOON, slot=slot).wait == 4


def test_a_missed_slot_is_replaced(window: RateWindow) -> None:
    slot = slot_of(window.take("kie", at=NOON, slot=None))
    again = window.take("kie", at=NOON + timedelta(minutes=2), slot=slot)
    assert slot_of(again) > slot


def test_a_pause_revokes_slots_for_one_window(window: RateWindow) -> None:
    reserved = [window.take("kie", at=NOON, slot=None).slot for _ in range(9)][-1]
    window.pause("kie", at=NOON)
    first = PACE.slot_at(NOON + timedelta(seconds=10))
    again = window.take("kie", at=NOON + timedelta(seconds=5), slot=reserved)
    assert (again.slot, again.wait) == (first, 5)
    assert window.take("kie", at=NOON, slot=None).slot == first + 1


def test_a_pause_keeps_slots_after_it(window: RateWindow) -> None:
    slots = [slot_of(window.take("kie", at=NOON, slot=None)) for _ in range(40)]
    window.pause("kie", at=NOON)
    end = NOON + timedelta(seconds=10)
    assert window.take("kie", at=end, slot=PACE.slot_at(end)) == Turn(
        slot=PACE.slot_at(end), wait=0
    )
    assert window.take("kie", at=NOON + timedelta(seconds=20), slot=slots[-1]).slot == slots[-1]
    assert window.take("kie", at=NOON, slot=None).slot == slots[-1] + 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("latest", [0.0, 0.8, 3.0, 12.0])
def test_a_burst_keeps_the_limit_with_late_messages(window: RateWindow, latest: float) -> None:
    random, made = Random(7), []  # noqa: S311
    agenda: list[tuple[float, int, int | None]] = [(0.0, number, None) for number in range(90)]
    while agenda:
        seconds, number, slot = heapq.heappop(agenda)
        turn = window.take("kie", at=NOON + timedelta(seconds=seconds), slot=slot)
        if turn.wait:
            due = seconds + turn.wait + random.uniform(0, latest)
            heapq.heappush(agenda, (due, number, turn.slot))
        else:
            made.append(seconds)
    busiest = max(sum(end - 10 <= at < end for at in made) for end in made)
    assert busiest <= 20
    if latest < 1:
        assert sum(20 <= at < 40 for at in made) >= 0.9 * 40


def test_low_priority_takes_only_its_share(window: RateWindow) -> None:
    quarter = [window.take("kie", at=NOON, slot=None, low_priority=SHEETS) for _ in range(9)]
    assert [turn.slot is None for turn in quarter] == [False] * 6 + [True] * 3
    assert quarter[-1].wait == PACE.seconds
    # Posts do not wait for them, and a deferred job has used up no slot.
    assert slot_of(window.take("kie", at=NOON, slot=None)) == slot_of(quarter[5]) + 1
    later = NOON + timedelta(seconds=3)
    assert window.take("kie", at=later, slot=None, low_priority=SHEETS).slot is not None


def test_low_priority_with_a_slot_keeps_it(window: RateWindow) -> None:
    slot = window.take("kie", at=NOON, slot=None, low_priority=SHEETS).slot
    for _ in range(30):
        window.take("kie", at=NOON, slot=None)
    assert window.take("kie", at=NOON, slot=slot, low_priority=SHEETS) == Turn(slot=slot, wait=0)


def test_low_priority_loses_its_slot_in_a_full_window(window: RateWindow) -> None:
    for second in range(20):
        at = NOON + timedelta(seconds=second / 20)
        window.take("kie", at=at, slot=PACE.slot_at(NOON))
    later = NOON + timedelta(seconds=9.5)
    slot = PACE.slot_at(later)
    assert window.take("kie", at=later, slot=slot) == Turn(slot=slot, wait=1)
    turn = window.take("kie", at=later, slot=slot, low_priority=SHEETS)
    assert turn == Turn(slot=None, wait=PACE.seconds)
    assert window.take("kie", at=later, slot=slot, low_priority=DROPS) == Turn(slot=None, wait=2)


@pytest.mark.parametrize("kind", [SHEETS, DROPS], ids=["sheets", "drops"])
def test_low_priority_fills_the_window_without_delaying_posts(
    kind: LowPriority,
) -> None:
    """Run 2000 low-priority jobs, a post every 20 seconds, and a burst of 40 posts."""
    window, random = InMemoryWindow(pace=PACE), Random(7)  # noqa: S311
    due = [NOON + n * PACE.sustained for n in range(2000)]
    jobs = [a_job(number=n, due_at=at) for n, at in enumerate(due)]
    agenda: list[tuple[float, int, Job | None, int | None]] = [
        ((at - NOON).total_seconds() + random.uniform(0, 0.8), n, job, None)
        for n, (at, job) in enumerate(zip(due, jobs, strict=True))
    ]
    calls = {2000 + n: 30.0 + 20 * n for n in range(40)}
    burst = {3000 + n: 900.0 for n in range(40)}
    agenda += [(second, number, None, None) for number, second in (calls | burst).items()]
    photos = {4000 + n: 47.0 + 50 * n for n in range(16 if kind is SHEETS else 0)}
    for number, second in photos.items():
        photo = a_job(number=number, created_at=NOON + timedelta(seconds=second), source="a.jpg")
        heapq.heappush(agenda, (second, number, photo, None))
    came = calls | burst | photos
    heapq.heapify(agenda)
    made: list[float] = []
    waited: dict[int, float] = {}
    while agenda:
        seconds, number, job, slot = heapq.heappop(agenda)
        at = NOON + timedelta(seconds=seconds)
        is_photo = number in photos
        low_priority = DROPS if is_photo else kind if job else None
        turn = window.take("kie", at=at, slot=slot, low_priority=low_priority)
        if not turn.wait:
            made.append(seconds)
            waited[number] = seconds - came.get(number, 0)
            continue
        deferred = turn.slot is None and job is not None
        wait = seconds_to_yield(job, turn.wait, at=at) if deferred and job else turn.wait
        heapq.heappush(agenda, (seconds + wait + random.uniform(0, 0.8), number, job, turn.slot))
    assert max(sum(end - 10 <= at < end for at in made) for end in made) <= PACE.limit
    assert max(waited[number] for number in (*calls, *photos)) <= 2 * PACE.seconds
    assert max(waited[number] for number in burst) <= 40 * 0.5 + 2 * PACE.seconds
    assert sum(20 <= at < 820 for at in made) >= 0.9 * 800 * 2
    assert len(made) == 2080 + len(photos)


@pytest.mark.parametrize("kind", ["in_memory", "dynamo_db"])
def test_a_slow_call_counts_at_its_response(cloud: Cloud, kind: str) -> None:
    one = Pace(limit=1, seconds=10)
    stored = RateWindowTable.connect(cloud.table, {"kie": one})
    window: RateWindow = InMemoryWindow(pace=one) if kind == "in_memory" else stored
    slot = slot_of(window.take("kie", at=NOON, slot=None))
    window.was_slow("kie", asked_at=NOON, at=NOON + timedelta(seconds=3))
    following = NOON + timedelta(seconds=11)
    assert window.take("kie", at=following, slot=slot + 1).wait == 3
    assert window.take("kie", at=following + timedelta(seconds=3), slot=slot + 1).wait == 0


def test_a_slow_call_counts_once(cloud: Cloud) -> None:
    window = RateWindowTable.connect(cloud.table, {"kie": Pace(limit=2, seconds=10)})
    window.take("kie", at=NOON, slot=None)
    at = NOON + timedelta(seconds=3)
    window.was_slow("kie", asked_at=NOON, at=at)
    (item,) = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    assert item["calls"] == {"L": [{"N": str(int(at.timestamp() * 1000))}]}


def test_containers_that_remember_the_window_keep_its_limit(cloud: Cloud) -> None:
    """Each of three knows what it has seen itself, and learns the rest from writes that fail."""
    pace, random, made = Pace(limit=5, seconds=10), Random(7), list[float]()  # noqa: S311
    containers = [RateWindowTable.connect(cloud.table, {"kie": pace}) for _ in range(3)]
    slots = list[int]()
    agenda: list[tuple[float, int, int | None]] = [(0.0, number, None) for number in range(20)]
    while agenda:
        seconds, number, slot = heapq.heappop(agenda)
        at = NOON + timedelta(seconds=seconds)
        turn = random.choice(containers).take("kie", at=at, slot=slot)
        slots += [slot_of(turn)] if slot is None else []
        if turn.wait:
            heapq.heappush(agenda, (seconds + turn.wait, number, turn.slot))
        else:
            made.append(seconds)
    assert len(made) == len(set(slots)) == 20
    assert max(sum(end - 10 <= at < end for at in made) for end in made) <= 5
    assert made[-1] < 50


def test_a_pause_reaches_a_container_that_remembers_the_window(cloud: Cloud) -> None:
    one, other = (RateWindowTable.connect(cloud.table, PACES) for _ in range(2))
    slot = slot_of(one.take("kie", at=NOON, slot=None))
    other.pause("kie", at=NOON)
    again = one.take("kie", at=NOON + timedelta(seconds=1), slot=slot)
    assert (again.slot, again.wait) == (PACE.slot_at(NOON + timedelta(seconds=10)), 9)


def test_a_turn_is_one_write(cloud: Cloud) -> None:
    window = RateWindowTable.connect(cloud.table, PACES)
    window.take("kie", at=NOON, slot=None)
    with counted(window) as calls:
        for minute in range(1, 4):
            at = NOON + timedelta(minutes=minute)
            assert window.take("kie", at=at, slot=None).wait == 0
            window.was_slow("kie", asked_at=at, at=at + timedelta(seconds=1))
    assert calls == ["UpdateItem"] * 3


@contextmanager
def counted(window: RateWindowTable) -> Iterator[list[str]]:
    calls, events = list[str](), window._client.meta.events

    def count(model: Any, **_: Any) -> None:
        calls.append(model.name)

    events.register("before-call.dynamodb", count, unique_id="counted")
    yield calls
    events.unregister("before-call.dynamodb", unique_id="counted")


@pytest.mark.parametrize(
    ("others", "seconds", "is_moved"), [(8, 1, False), (8, 1.1, True), (9, 1, True), (9, 0.3, True)]
)
def test_in_a_half_full_window_each_slow_call_counts_at_its_answer(
    cloud: Cloud, others: int, seconds: float, *, is_moved: bool
) -> None:
    window, answered = RateWindowTable.connect(cloud.table, PACES), timedelta(seconds=seconds)
    for number in range(others):
        at = NOON + timedelta(seconds=number / 10)
        assert window.take("kie", at=at, slot=PACE.slot_at(NOON)).wait == 0
    last = NOON + timedelta(seconds=1)
    window.take("kie", at=last, slot=PACE.slot_at(NOON))
    with counted(window) as calls:
        window.was_slow("kie", asked_at=last, at=last + answered)
    assert calls == (["UpdateItem"] if is_moved else [])


def test_each_provider_has_its_own_window(cloud: Cloud) -> None:
    window = RateWindowTable.connect(cloud.table, PACES)
    assert [window.take(name, at=NOON, slot=None).wait for name in ("kie", "chanjing")] == [0, 0]
    assert len({window.take(name, at=NOON, slot=None).slot for name in ("kie", "chanjing")}) == 1


def test_an_unused_counter_expires(cloud: Cloud) -> None:
    RateWindowTable.connect(cloud.table, PACES).take("kie", at=NOON, slot=None)
    (item,) = boto3.client("dynamodb").scan(TableName=cloud.table)["Items"]
    assert int(item["forget_at"]["N"]) > NOON.timestamp()
