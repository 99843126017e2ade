"""Nobody pays twice, no job is lost, no image is lost: whatever goes wrong, at whatever point.

The whole life of a job is run once to count its outside effects, then once more for each effect
and each mishap, and for each pair of crashes. See docs/architecture.md, "The order of writes".
"""

import itertools
from collections.abc import Mapping

import pytest
from ringback.domain.jobs import FINAL, ErrorKind, Job, JobStatus

from tests.support.crash_world import Effects, Mishap, Scenario, World, picture

SCENARIOS = {
    "success": Scenario(),
    "failure": Scenario(succeeds=False),
    "no key": Scenario(has_key=False),
    "busy first": Scenario(answers=("busy", "busy", "created")),
    "refused": Scenario(answers=("refused",)),
    "answer lost": Scenario(answers=("lost",)),
    "nothing made": Scenario(answers=("nothing",)),
    "called twice": Scenario(calls="twice"),
    "called early": Scenario(calls="early"),
    "never called": Scenario(calls="none"),
    "called unsigned": Scenario(calls="unsigned"),
    "lost, called unsigned": Scenario(answers=("lost",), calls="unsigned"),
    "links dead": Scenario(dead_links=True),
}


def live(scenario: Scenario, plan: Mapping[int, Mishap]) -> World:
    world = World(scenario, Effects(plan))
    world.live()
    return world


def breaches(world: World) -> list[str]:
    """Return every promise that this life broke."""
    jobs: list[Job] = list(world.jobs.by_id.values())
    found = [f"{job.status} is not final" for job in jobs if job.status not in FINAL]
    if world.scenario.has_key and len(jobs) > 1:
        found.append("one key, two jobs")
    found += [
        f"answered {job_id} and lost it"
        for job_id in world.answered
        if job_id not in world.jobs.by_id
    ]
    found += [f"dead letter: {name}" for name in world.dead_letters]
    for job in jobs:
        found += breaches_of(job, world)
    return found


def breaches_of(job: Job, world: World) -> list[str]:
    made = [task_id for task_id, (job_id, _) in world.provider.made.items() if job_id == job.job_id]
    kind = job.error.kind if job.error else None
    free = kind in (ErrorKind.NOT_SUBMITTED, ErrorKind.REFUSED)
    # Only what nobody told us may be missed: the answer was lost, and no call came.
    excused = world.scenario.calls == "none" and not job.task_id
    promises = {
        "paid at most once": len(made) <= 1,
        "free is free": not (made and free),
        "what was made does not fail": not made
        or job.status is not JobStatus.FAILED
        or not world.scenario.succeeds,
        "a verdict that is to be had is had": not made
        or job.status is not JobStatus.EXPIRED
        or excused,
        "expired says what it may have cost": job.status is not JobStatus.EXPIRED
        or (job.error is not None and job.error.may_be_charged),
        "success means every image": job.status is not JobStatus.SUCCEEDED
        or has_its_images(job, world),
    }
    return [promise for promise, is_kept in promises.items() if not is_kept]


def has_its_images(job: Job, world: World) -> bool:
    stored = [world.bucket.objects.get(image.key) for image in job.images]
    return (
        stored == [picture(url) for url in job.result_urls]
        and len(stored) == world.scenario.images
        and job.job_id in world.bucket.records
    )


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_life_without_mishaps_ends_well(name: str) -> None:
    world = live(SCENARIOS[name], {})
    assert breaches(world) == []
    (job,) = world.jobs.by_id.values()
    expected = {
        "failure": JobStatus.FAILED,
        "refused": JobStatus.FAILED,
        "nothing made": JobStatus.EXPIRED,
    }
    assert job.status is expected.get(name, JobStatus.SUCCEEDED)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_single_mishap_breaks_a_promise(name: str) -> None:
    effects = len(live(SCENARIOS[name], {}).effects.names)
    for point, mishap in itertools.product(range(1, effects + 1), Mishap):
        world = live(SCENARIOS[name], {point: mishap})
        assert breaches(world) == [], (mishap, point, world.effects.names[point - 1])


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_redelivery_that_crashes_again_breaks_a_promise(name: str) -> None:
    effects = len(live(SCENARIOS[name], {}).effects.names)
    crashes = [mishap for mishap in Mishap if mishap.is_crash]
    for first in range(1, effects + 1):
        for one, other in itertools.product(crashes, crashes):
            later = len(live(SCENARIOS[name], {first: one}).effects.names)
            for second in range(first + 1, later + 1):
                world = live(SCENARIOS[name], {first: one, second: other})
                assert breaches(world) == [], (one, other, world.effects.names)
