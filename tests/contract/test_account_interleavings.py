"""Two jobs, a probe and the owner at the same time, at every effect: one job tries, none is lost.

Each pair of acts is interleaved as in ``test_two_deliveries.py``: the first is interrupted at each
of its effects for any number of effects of the second. Afterwards all events run to their end.
"""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

import pytest
from ringback.domain.accounts import PauseReason, Probe
from ringback.domain.errors import RingbackError
from ringback.domain.jobs import Job, JobStatus
from ringback.domain.verdicts import Submission
from ringback.use_cases.accept_job import NewJob

from tests.support.checks import probe_one
from tests.support.crash_world import Provider, Scenario, World
from tests.support.effects import Effects, Fault, ServiceError
from tests.support.guarantees import broken_guarantees
from tests.support.jobs import NOON, a_request
from tests.support.turns import Turns

pytestmark = pytest.mark.usefixtures("copies_in_memory")

FIRST: Final = Probe(provider="kie", probe_id="f" * 16)


class Scene:
    """Two jobs that are about to be sent, with an account in some state."""

    def __init__(self, state: str, answers: tuple[str, ...]) -> None:
        self.world = World(Scenario(answers=answers), Effects({}))
        self.jobs = [self.post(number) for number in range(2)]
        self.world.now += timedelta(seconds=1)
        self.sent_while_paused = list[Job]()
        if state != "open":
            self.pause()
        if state == "half-open":
            self.world.accounts.half_open("kie", at=self.world.now, probe_id=FIRST.probe_id)
        self.world.provider.create_task = self.create_task  # type: ignore[method-assign]

    def post(self, number: int) -> Job:
        request = a_request(seed=number)
        new = NewJob(request=request, client="studio", idempotency_key=f"key {number}")
        return self.world.accept(new)

    def pause(self) -> None:
        self.world.accounts.pause(
            FIRST,
            reason=PauseReason.NO_CREDITS,
            at=NOON,
            began_at=NOON,
            probe_at=self.world.now,
            refused_job=self.jobs[0].job_id,
        )

    def create_task(self, job: Job, callback_url: str) -> Submission:
        pause = self.world.accounts.read("kie").pause
        if pause and pause.half_open_at and pause.trial != job.job_id:
            self.sent_while_paused.append(job)
        return Provider.create_task(self.world.provider, job, callback_url)

    def act(self, name: str) -> Callable[[], None]:
        world, (one, other) = self.world, self.jobs
        acts: dict[str, Callable[[], object]] = {
            "send": lambda: self.send(one),
            "send the other": lambda: self.send(other),
            "probe": lambda: probe_one(world.check, FIRST),
            "resume": self.resume,
        }

        def act() -> None:
            with suppress(RingbackError, ServiceError):
                acts[name]()

        return act

    def send(self, job: Job) -> None:
        self.world.submit(job.job_id, slot=None, seconds_left=self.world.time_for("submit"))

    def resume(self) -> None:
        self.world.resume("kie")


# The account's state, what createTask answers each job in turn, and the two acts.
SCENES: Final = {
    "both are refused": ("open", ("broke", "created"), "send", "send the other"),
    "both want to try": ("half-open", ("created",), "send", "send the other"),
    "both try, and one is refused": ("half-open", ("broke", "created"), "send", "send the other"),
    "both try in vain": ("half-open", ("refused",), "send", "send the other"),
    "a job wakes during the probe": ("paused", ("created",), "probe", "send"),
    "the owner during the probe": ("paused", ("created",), "probe", "resume"),
    "the owner during the trial": ("half-open", ("broke", "created"), "send", "resume"),
    "the owner during the refusal": ("open", ("broke", "created"), "send", "resume"),
    "the same job twice": ("half-open", ("created",), "send", "send"),
}


def plays(name: str) -> Iterator[Scene]:
    state, answers, first, second = SCENES[name]
    before, is_over = 0, False
    while not is_over:
        meanwhile, is_done = 1, False
        while not is_done:
            scene = Scene(state, answers)
            turns = Turns(scene.world.effects)
            is_over, is_done = turns.interleave(
                scene.act(first), scene.act(second), (before, meanwhile)
            )
            scene.world.run_until_idle()
            yield scene
            meanwhile += 1
        before += 1


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SCENES)
def test_one_job_tries_and_none_is_lost(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    tried, expected = 0, JobStatus.FAILED if "in vain" in name else JobStatus.SUCCEEDED
    for scene in plays(name):
        world = scene.world
        assert broken_guarantees(world) == []
        assert scene.sent_while_paused == []
        assert {world.jobs.get(job.job_id).status for job in scene.jobs} == {expected}
        account = world.accounts.read("kie")
        assert account.pause is None or expected is JobStatus.FAILED
        tried += 1
    assert tried > 5
    record_property("tried: interleavings of an account's events", tried)


def test_a_probe_that_the_sdk_repeats_opens_the_account_for_one_job() -> None:
    scene = Scene("paused", ("created",))
    scene.world.effects.plan = {3: Fault.REPEATED}
    scene.act("probe")()
    assert scene.world.accounts.read("kie").is_half_open
    scene.act("send")()
    assert scene.world.accounts.read("kie").pause is None
