"""Nobody pays twice, no job is lost, no image is lost: whatever goes wrong, at whatever point.

The whole life of a job is run once to count its outside effects, then once more for each effect
and each mishap, and for each mishap followed by each crash. The same on the real table and bucket.
See docs/architecture.md, "The order of writes".
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import boto3
import pytest
from ringback.aws.image_bucket import ImageBucket
from ringback.aws.job_table import JobTable
from ringback.domain.jobs import ErrorKind, JobStatus

from tests.support.aws import REGION, a_cloud, create_table
from tests.support.crash_world import ERRORS, Effects, Mishap, Scenario, World
from tests.support.lambdas import lasting_client
from tests.support.promises import breaches

pytestmark = pytest.mark.usefixtures("copies_in_memory")

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
    "called late": Scenario(answers=("lost",), seconds=2000),
    "never called": Scenario(calls="none"),
    "called unsigned": Scenario(calls="unsigned"),
    "lost, called unsigned": Scenario(answers=("lost",), calls="unsigned"),
    "lost, called late and unsigned": Scenario(answers=("lost",), calls="unsigned", seconds=2000),
    "asked": Scenario(calls="never", seconds=40),
    "asked, failed": Scenario(calls="never", seconds=40, succeeds=False),
    "asked, answer lost": Scenario(calls="never", answers=("lost",)),
    "asked, busy first": Scenario(calls="never", answers=("busy", "created")),
    "links dead": Scenario(dead_links=True),
    "one image gone": Scenario(lost_images=1),
}
CRASHES = [mishap for mishap in Mishap if mishap.is_crash]
# Effects whose errors are answered by something else than an end of the function.
CAUGHT = {"create_task", *ERRORS}
Plan = Mapping[int, Mishap]


def live(scenario: Scenario, plan: Plan, **stores: Any) -> World:
    world = World(scenario, Effects(plan), **stores)
    world.live()
    return world


def points(effects: int) -> Iterator[tuple[int, Mishap]]:
    return itertools.product(range(1, effects + 1), Mishap)


def what_broke(world: World) -> list[str]:
    found = breaches(world)
    if world.scenario.has_key and not world.answered:
        found.append("a client that asks again gets no answer")
    statuses = {job.status for job in world.jobs.newest("studio", limit=99, before=None)}
    if JobStatus.ARCHIVE_FAILED in statuses and not world.scenario.lost_images:
        found.append("an image that could be copied was not")
    for job in map(world.jobs.get, world.answered):
        if job.error and job.error.kind is ErrorKind.NOT_SUBMITTED:
            found.append("what a client was promised was never sent")
    return found


def test_a_life_without_mishaps_is_counted_effect_by_effect() -> None:
    assert live(SCENARIOS["failure"], {}).effects.names == [
        *("add", "create", "add", "mark_queued", "answer the client"),
        *("get", "paused", "prepare", "take", "move", "create_task", "move", "acknowledge submit"),
        *("move", "answer the provider", "get", "acknowledge check"),
    ]


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_life_without_mishaps_ends_well(name: str) -> None:
    world = live(SCENARIOS[name], {})
    assert what_broke(world) == []
    (job,) = world.jobs.by_id.values()
    expected = {
        "failure": JobStatus.FAILED,
        "refused": JobStatus.FAILED,
        "asked, failed": JobStatus.FAILED,
        "asked, answer lost": JobStatus.EXPIRED,
        "nothing made": JobStatus.EXPIRED,
        "one image gone": JobStatus.ARCHIVE_FAILED,
    }
    assert job.status is expected.get(name, JobStatus.SUCCEEDED)


@pytest.mark.parametrize("name", SCENARIOS)
def test_no_single_mishap_breaks_a_promise(
    name: str, record_property: Callable[[str, object], None]
) -> None:
    tried = 0
    for point, mishap in points(len(live(SCENARIOS[name], {}).effects.names)):
        world = live(SCENARIOS[name], {point: mishap})
        assert what_broke(world) == [], (mishap, point, world.effects.names[point - 1])
        tried += 1
    record_property("tried: crash points", tried)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SCENARIOS)
def test_no_redelivery_that_crashes_again_breaks_a_promise(
    name: str, record_property: Callable[[str, object], None], *, full_size: bool
) -> None:
    """At full size every pair of points, otherwise one for each pair of effects and mishaps."""
    tried: Counter[tuple[str, Mishap, str, Mishap]] = Counter()
    names = live(SCENARIOS[name], {}).effects.names
    for first, mishap in points(len(names)):
        if not mishap.is_crash and names[first - 1] not in CAUGHT:
            continue  # Nothing catches this error: it ends the function as a crash does.
        then = live(SCENARIOS[name], {first: mishap}).effects.names
        for second, crash in itertools.product(range(first + 1, len(then) + 1), CRASHES):
            kind = names[first - 1], mishap, then[second - 1], crash
            if tried[kind] and not full_size:
                continue
            world = live(SCENARIOS[name], {first: mishap, second: crash})
            assert what_broke(world) == [], (first, mishap, second, crash, world.effects.names)
            tried[kind] += 1
    record_property("tried: crash points with another crash after them", tried.total())


class SeenBucket(ImageBucket):
    """The real adapter; what lies in the bucket can be seen as it can in the fake."""

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
    """Make an empty table and an empty bucket in moto's cloud, as often as it is called."""
    monkeypatch.setattr(boto3, "client", lasting_client)
    numbers = itertools.count()

    def make() -> dict[str, Any]:
        boto3.client("dynamodb").delete_table(TableName=cloud.table)
        bucket = f"life-{next(numbers)}"
        boto3.client("s3").create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION}
        )
        return {"jobs": JobTable.connect(create_table()), "bucket": SeenBucket.connect(bucket)}

    with a_cloud(monkeypatch) as cloud:
        yield make


@pytest.mark.exhaustive
def test_no_single_mishap_breaks_a_promise_on_the_real_adapters(
    new_stores: Callable[[], dict[str, Any]], record_property: Callable[[str, object], None]
) -> None:
    scenario = SCENARIOS["success"]
    usual = live(scenario, {}, **new_stores())
    assert usual.effects.names == live(scenario, {}).effects.names
    tried = 0
    for point, mishap in points(len(usual.effects.names)):
        world = live(scenario, {point: mishap}, **new_stores())
        assert what_broke(world) == [], (mishap, point, world.effects.names[point - 1])
        tried += 1
    record_property("tried: crash points on the table and the bucket", tried)
