"""Any two deliveries at the same time, interleaved at every effect, break no guarantee.

Each event of a run takes place together with another one: the same message again, the one before
it, another scheduled event, the client's repeated request, the provider's repeated callback, a
cancellation, a resumed copy. Either of the two is interrupted at every effect for any number of
effects of the other, and then both run to their end. The same with each write of the first repeated
by the SDK, while the second runs in between. At full size for every scenario and every event,
otherwise for one pair of each kind.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import pytest
from ringback.domain.errors import RingbackError
from ringback.domain.jobs import Job
from ringback.use_cases.change_job import CancelJob, ResumeArchive

from tests.contract.test_crash_points import SCENARIOS, broken_in, run
from tests.support.crash_world import ArchiveSender, ScheduledEvent, World
from tests.support.effects import Effects, Fault, ServiceError
from tests.support.guarantees import ends_differently
from tests.support.turns import Turns

pytestmark = pytest.mark.usefixtures("copies_in_memory")

# The others are left to `make prove`.
USUAL_SIZE: Final = ("busy once",)
AGAIN: Final = "again"
READS: Final = ("get", "find_image", "read_image")


@dataclass(frozen=True)
class Pair:
    """The event number ``moment`` of a run, and another one at the same time.

    ``other`` is a word, or the number of a scheduled event. ``is_swapped``: the other one begins,
    and is the one whose effects may be repeated. Pairs that are alike have the same ``kind``.
    """

    scenario: str
    moment: int
    other: str
    is_swapped: bool
    kind: tuple[str, ...]


def world_at(scenario: str, moment: int) -> tuple[World, ScheduledEvent | None]:
    """Return a world before the event of that number, and the event before that."""
    world, last = World(SCENARIOS[scenario], Effects({})), None
    world.begin()
    for _ in range(moment):
        last = heapq.heappop(world.schedule)
        world.run_event(last)
    return world, last


def pairs(scenario: str) -> Iterator[Pair]:
    moment = 0
    while (world := world_at(scenario, moment)[0]).schedule:
        event, *under_way = sorted(world.schedule)
        status = next((str(job.status) for job in world.jobs.by_id.values()), "not recorded")
        others = {str(number): each.name for number, each in enumerate(under_way)}
        others |= dict.fromkeys(others_at(world, moment), "")
        for other, name in others.items():
            for is_swapped in (False, True) if other != AGAIN else (False,):
                kind = event.name, name or other, status, str(is_swapped)
                yield Pair(scenario, moment, other, is_swapped, kind)
        moment += 1


def others_at(world: World, moment: int) -> list[str]:
    others = {
        AGAIN: True,
        "last": moment > 0,
        "post": moment > 0 and world.scenario.has_key,
        "callback": bool(world.provider.made),
        "cancel": bool(world.jobs.by_id),
        "resume": bool(world.jobs.by_id),
    }
    return [other for other, is_possible in others.items() if is_possible]


def both(pair: Pair, world: World, last: ScheduledEvent | None) -> list[Callable[[], None]]:
    event, *under_way = sorted(world.schedule)
    others = {str(number): each.act for number, each in enumerate(under_way)}
    if pair.other in others:
        del under_way[int(pair.other)]
    world.schedule[:] = under_way
    heapq.heapify(world.schedule)
    world.now = max(world.now, event.due)
    job = next(iter(world.jobs.by_id.values()), None)
    others |= {AGAIN: event.act, "last": last.act if last else event.act}
    others |= {"post": partial(world.client_posts, ())}
    for task_id in world.provider.made:
        call = partial(world.provider_calls_back, world.provider.made[task_id][0], task_id.encode())
        others["callback"] = partial(call, again=())
    if job:
        others |= {"cancel": partial(cancel, world, job), "resume": partial(resume, world, job)}
    acts = [event.act, others[pair.other]]
    return acts[::-1] if pair.is_swapped else acts


def cancel(world: World, job: Job) -> None:
    with suppress(RingbackError, ServiceError):
        CancelJob(jobs=world.watched_jobs, now=lambda: world.now)(job)


def resume(world: World, job: Job) -> None:
    resume = ResumeArchive(
        jobs=world.watched_jobs,
        checks=world.checks,
        archive=world.effects.watch(ArchiveSender(world)),
        now=lambda: world.now,
    )
    with suppress(RingbackError, ServiceError):
        resume(world.jobs.get(job.job_id))


@dataclass
class Play:
    """One interleaving: the idle world after it, and whether each switch came too late."""

    world: World
    turns: Turns
    ended: list[bool]


def play(pair: Pair, *switches: int, fault_at: int = 0) -> Play:
    world, last = world_at(pair.scenario, pair.moment)
    first, second = both(pair, world, last)
    turns = Turns(world.effects, fault=Fault.REPEATED, fault_at=fault_at)
    ended = turns.interleave(first, second, switches)
    world.run_until_idle()
    return Play(world, turns, ended)


def interleavings(pair: Pair, fault_at: int) -> Iterator[Play]:
    """Interrupt the first at each of its effects, for each number of the second's effects."""
    before, is_over = 0, False
    while not is_over:
        meanwhile, is_done = 1, False
        while not is_done:
            played = play(pair, before, meanwhile, fault_at=fault_at)
            yield played
            is_over, is_done = played.ended
            meanwhile += 1
        before += 1


def found_in(played: Play, pair: Pair, usual: World) -> list[str]:
    found = broken_in(played.world)
    # Whoever cancels a job may be early enough.
    return found + (ends_differently(played.world, usual) if pair.other != "cancel" else [])


def repeats_of(pair: Pair, *, full_size: bool) -> dict[int, str]:
    """Return which writes of the first the SDK repeats, by number; 0 is none."""
    writes = {n: name for n, name in play(pair).turns.repeatable.items() if name not in READS}
    moves = {n: name for n, name in writes.items() if name.startswith("move")}
    return {0: "", **(writes if full_size else moves)}


def sizes() -> list[Any]:
    return [
        name if name in USUAL_SIZE else pytest.param(name, marks=pytest.mark.prove)
        for name in SCENARIOS
    ]


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", sizes())
def test_no_two_deliveries_at_the_same_time_break_a_guarantee(
    name: str, record_property: Callable[[str, object], None], *, full_size: bool
) -> None:
    usual, tried, broken = run(SCENARIOS[name], {}), Counter[str](), dict[str, set[str]]()
    seen = set[tuple[str, ...]]()
    for pair in pairs(name):
        if pair.kind in seen and not full_size:
            continue
        seen.add(pair.kind)
        for fault_at, effect in repeats_of(pair, full_size=full_size).items():
            for played in interleavings(pair, fault_at):
                if found := found_in(played, pair, usual):
                    broken.setdefault(effect, set()).update(found)
                tried["repeated" if effect else "plain"] += 1
        tried["pairs"] += 1
    assert broken == {}
    record_property("tried: pairs of deliveries", tried["pairs"])
    record_property("tried: interleavings of pairs", tried["plain"])
    record_property("tried: interleavings of pairs, a request repeated", tried["repeated"])


def test_a_repeated_release_does_not_free_another_delivery_s_attempt() -> None:
    """The first is busy and released; before the repeat of that write the second is sent."""
    pair = Pair("busy once", 1, AGAIN, is_swapped=False, kind=())
    writes = play(pair).turns.repeatable
    (release,) = [number for number, name in writes.items() if name == "move to accepted"]
    found = [broken_in(played.world) for played in interleavings(pair, release)]
    assert "paid at most once" not in itertools.chain.from_iterable(found)
