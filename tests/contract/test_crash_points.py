"""No double payment, no lost job and no lost image, whichever effect fails.

A job is run once from beginning to end to count its outside effects, then once for each effect and
each fault, and for each fault followed by each crash. One scenario also runs on the real table and
bucket. See docs/architecture.md, "The order of writes".
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.domain.jobs import ErrorKind, JobStatus

from tests.support.aws import REGION, a_cloud, create_table
from tests.support.crash_world import Scenario, World
from tests.support.effects import (
    CRASHES,
    ERRORS,
    ERRORS_AND_CRASHES,
    STANDARD,
    Effects,
    Fault,
    Plan,
)
from tests.support.guarantees import broken_guarantees, ends_differently
from tests.support.lambdas import use_lasting_clients

pytestmark = pytest.mark.usefixtures("copies_in_memory")

SCENARIOS = {
    "success": Scenario(),
    "failure": Scenario(succeeds=False),
    "no key": Scenario(has_key=False),
    "busy first": Scenario(answers=("busy", "busy", "created")),
    "busy once": Scenario(answers=("busy", "created")),
    "refused": Scenario(answers=("refused",)),
    "no credits first": Scenario(answers=("broke", "created")),
    "no credits for long": Scenario(answers=("broke", "created"), probes=(False, False)),
    "a capped key": Scenario(answers=("broke", "broke", "created")),
    "answer lost": Scenario(answers=("lost",)),
    "nothing made": Scenario(answers=("nothing",)),
    "called twice": Scenario(calls="twice"),
    "called early": Scenario(calls="early"),
    "called late": Scenario(answers=("lost",), seconds=2000),
    "never called": Scenario(calls="none"),
    "called unsigned": Scenario(calls="unsigned"),
    "lost, called unsigned": Scenario(answers=("lost",), calls="unsigned"),
    "lost, called late and unsigned": Scenario(answers=("lost",), calls="unsigned", seconds=2000),
    "asked": Scenario(calls="never", seconds=40),
    "asked, failed": Scenario(calls="never", seconds=40, succeeds=False),
    "asked, answer lost": Scenario(calls="never", answers=("lost",)),
    "asked, no credits first": Scenario(calls="never", answers=("broke", "created")),
    "asked, busy first": Scenario(calls="never", answers=("busy", "created")),
    "links dead": Scenario(dead_links=True),
    "one image gone": Scenario(lost_images=1),
    "a page instead": Scenario(pages=1),
    "deleted": Scenario(images=1, deletes=True),
    "deleted, called late": Scenario(answers=("lost",), seconds=2000, deletes=True),
}
PLAIN_ERRORS = (Fault.ERROR_BEFORE, Fault.ERROR_AFTER)
# Effects whose errors the functions catch.
CAUGHT = {"create_task", *ERRORS}

# `make test` has second crashes of these; `make prove` has those of all.
SHORT = (
    *("success", "failure", "refused", "nothing made", "asked", "asked, failed"),
    "asked, answer lost",
)


def run(scenario: Scenario, plan: Plan, **stores: Any) -> World:
    world = World(scenario, Effects(plan), **stores)
    world.run()
    return world


def broken_in(world: World) -> list[str]:
    found = broken_guarantees(world)
    if world.scenario.has_key and not world.answered:
        found.append("a client that repeats its request gets no response")
    statuses = {job.status for job in world.jobs.newest("studio", limit=99, before=None)}
    if JobStatus.ARCHIVE_FAILED in statuses and not world.scenario.is_incomplete:
        found.append("an available image was not copied")
    for job in map(world.jobs.get, world.acknowledged):
        if job.error and job.error.kind is ErrorKind.NOT_SUBMITTED:
            found.append("an acknowledged job was never sent")
    return found


def test_effects_of_a_run_without_faults() -> None:
    assert run(SCENARIOS["failure"], {}).effects.names == [
        *("add", "create", "add", "mark_queued", "answer the client"),
        *("get", "read", "prepare", "take", "move to submitting", "create_task"),
        *("move to running", "probe", "acknowledge submit", "move to failed"),
        *("answer the provider", "put", "add", "get", "changes_told", "acknowledge check"),
    ]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_run_without_faults_keeps_all_guarantees(name: str) -> None:
    world = run(SCENARIOS[name], {})
    assert broken_in(world) == []
    (job,) = world.jobs.by_id.values()
    expected = {
        "failure": JobStatus.FAILED,
        "refused": JobStatus.FAILED,
        "asked, failed": JobStatus.FAILED,
        "asked, answer lost": JobStatus.EXPIRED,
        "nothing made": JobStatus.EXPIRED,
        "one image gone": JobStatus.ARCHIVE_FAILED,
        "a page instead": JobStatus.ARCHIVE_FAILED,
    }
    expected |= {each: JobStatus.DELETED for each in SCENARIOS if SCENARIOS[each].deletes}
    told = {event.id for event in world.bus.events}
    assert (f"{job.job_id}:deleted:{job.changes}" in told) == SCENARIOS[name].deletes
    assert job.status is expected.get(name, JobStatus.SUCCEEDED)


@pytest.mark.exhaustive
@pytest.mark.parametrize("fault", STANDARD, ids=lambda fault: fault.value)
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_single_fault_breaks_a_guarantee(
    name: str, fault: Fault, record_property: Callable[[str, object], None]
) -> None:
    try_each_point(name, fault, record_property)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_service_that_is_down_for_an_hour_breaks_a_guarantee(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    """All calls of its port fail; nobody redrives anything."""
    try_each_point(name, Fault.LONG_OUTAGE, record_property)


def try_each_point(name: str, fault: Fault, record_property: Callable[[str, object], None]) -> None:
    usual, tried, broken = run(SCENARIOS[name], {}), 0, dict[str, list[str]]()
    for point, _ in usual.effects.points([fault]):
        world = run(SCENARIOS[name], {point: fault})
        found = broken_in(world)
        found += ends_differently(world, usual) if fault.leaves_the_end_alone else []
        if found:
            broken[usual.effects.label(point)] = found
        tried += 1
    assert broken == {}
    record_property(f"tried: crash points, {fault.value}", tried)


@pytest.mark.exhaustive
@pytest.mark.parametrize(
    "name",
    [name if name in SHORT else pytest.param(name, marks=pytest.mark.prove) for name in SCENARIOS],
)
def test_no_second_crash_breaks_a_guarantee(
    name: str, record_property: Callable[[str, object], None], *, full_size: bool
) -> None:
    """At full size every pair of points, otherwise one for each pair of effects and faults."""
    tried: Counter[tuple[str, Fault, str, Fault]] = Counter()
    usual = run(SCENARIOS[name], {}).effects
    for first, fault in usual.points(STANDARD if full_size else ERRORS_AND_CRASHES):
        effect = usual.names[first - 1]
        if fault in PLAIN_ERRORS and effect not in CAUGHT:
            continue  # Not caught: the error ends the function just like a crash.
        then = run(SCENARIOS[name], {first: fault}).effects.names
        for second, crash in itertools.product(range(first + 1, len(then) + 1), CRASHES):
            kind = effect, fault, then[second - 1], crash
            if tried[kind] and not full_size:
                continue
            world = run(SCENARIOS[name], {first: fault, second: crash})
            assert broken_in(world) == [], (first, fault, second, crash, world.effects.names)
            tried[kind] += 1
    record_property("tried: crash points with another crash after them", tried.total())


class InspectableBucket(ImageBucket):
    """The real adapter, with the inspection properties of the fake."""

    @property
    def objects(self) -> dict[str, bytes]:
        return {
            key: self._client.get_object(Bucket=self._bucket, Key=key)["Body"].read()
            for key in self.keys
        }

    @property
    def records(self) -> set[str]:
        return {key.split("/")[1] for key in self.keys if key.endswith("/job.json")}

    @property
    def keys(self) -> list[str]:
        listed = self._client.list_objects_v2(Bucket=self._bucket)
        return [entry["Key"] for entry in listed.get("Contents", [])]


@pytest.fixture
def new_stores(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], dict[str, Any]]]:
    """Return a function that makes an empty table and an empty bucket in moto."""
    use_lasting_clients(monkeypatch)
    numbers = itertools.count()

    def make() -> dict[str, Any]:
        boto3.client("dynamodb").delete_table(TableName=cloud.table)
        bucket = f"life-{next(numbers)}"
        boto3.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        return {
            "jobs": JobTable.connect(create_table()),
            "bucket": InspectableBucket.connect(bucket),
        }

    with a_cloud(monkeypatch) as cloud:
        yield make


@pytest.mark.exhaustive
def test_no_single_fault_breaks_a_guarantee_on_the_real_adapters(
    new_stores: Callable[[], dict[str, Any]],
    record_property: Callable[[str, object], None],
    *,
    full_size: bool,
) -> None:
    scenario = SCENARIOS["success"]
    usual, tried = run(scenario, {}), 0
    assert run(scenario, {}, **new_stores()).effects.names == usual.effects.names
    faults = ERRORS_AND_CRASHES if full_size else [Fault.CRASH_AFTER]
    for point, fault in usual.effects.points([*faults, Fault.REPEATED]):
        world = run(scenario, {point: fault}, **new_stores())
        found = broken_in(world)
        found += ends_differently(world, usual) if fault is Fault.REPEATED else []
        assert found == [], (fault, point, world.effects.names[point - 1])
        tried += 1
    record_property("tried: crash points on the table and the bucket", tried)
