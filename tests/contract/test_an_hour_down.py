"""One of our own services fails for an hour, from any point of a life on: every job still ends.

A message that fails is received for as long as the template says, not five times.
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from ringback.domain.errors import NotConfigured
from ringback.domain.jobs import FINAL, ErrorKind, JobStatus

from tests.contract.test_crash_points import SCENARIOS
from tests.support.crash_world import World
from tests.support.effects import ERRORS, Effects, Result, ServiceError
from tests.support.guarantees import broken_guarantees

pytestmark = pytest.mark.usefixtures("copies_in_memory")

HOUR: Final = timedelta(hours=1)
# What fails, and with what, if not with an error of AWS.
OUTAGES: Final[dict[str, tuple[str, type[Exception]]]] = {
    "table, reads": ("get", ServiceError),
    "table, images": ("add_images", ServiceError),
    "queues": ("add", ServiceError),
    "bucket": ("put_image", ServiceError),
    "bucket, denied": ("put_image", NotConfigured),
    "bucket, records denied": ("put_record", NotConfigured),
    "provider, reads": ("read_tasks", ServiceError),
    "provider, no key to read with": ("read_tasks", NotConfigured),
    "provider, no key to submit with": ("prepare", NotConfigured),
}
LIVES: Final = ("success", "never called", "asked", "called unsigned", "lost, called unsigned")


@dataclass
class Outage(Effects):
    """Calls of ``method`` fail for an hour, beginning with the first at or after ``point``."""

    method: str = ""
    point: int = 0
    kind: type[Exception] = ServiceError
    began_at: datetime | None = None

    def __call__(
        self,
        name: str,
        act: Callable[[], Result],
        *,
        error: type[Exception] = ServiceError,
        **_: object,
    ) -> Result:
        self.names.append(name)
        if name != self.method or len(self.names) < self.point:
            return act()
        self.began_at = self.began_at or self.now()
        if self.now() >= self.began_at + HOUR:
            return act()
        usual = ERRORS.get(name, error)
        raise (usual if self.kind is ServiceError else self.kind)(name)


def after_an_hour_without(method: str, kind: type[Exception], life: str, point: int) -> World:
    outage = Outage({}, method=method, kind=kind, point=point)
    world = World(SCENARIOS[life], outage, delivered_before=before(method))
    world.run()
    return world


def before(method: str) -> int:
    """Return how often messages came before: by themselves, images are recorded at the second."""
    return int(method == "add_images")


def what_is_not_as_promised(world: World, life: str) -> list[str]:
    found = broken_guarantees(world)
    for job in world.jobs.by_id.values():
        promised = job.job_id in world.acknowledged
        if job.status is JobStatus.FAILED and promised:
            found.append("what a client was promised failed")
        if job.status is JobStatus.EXPIRED and not life.startswith("lost"):
            found.append("a task whose id was known expired")
        if job.status is JobStatus.ARCHIVE_FAILED:
            found.append("an image that could be copied was not")
        if job.status is JobStatus.FAILED and job.error:
            assert job.error.kind is ErrorKind.NOT_SUBMITTED
        assert job.status in FINAL
    # The provider calls again for four minutes only. Nothing of its call can be written down
    # while the queues are down, and nothing else knows of the task if its answer was lost.
    excused = {"an available result is recorded"} if life.startswith("lost") else set[str]()
    return [breach for breach in found if breach not in excused]


@pytest.mark.exhaustive
@pytest.mark.parametrize("outage", OUTAGES)
def test_an_hour_s_outage_parks_no_job(
    outage: str, record_property: Callable[[str, Any], None]
) -> None:
    method, kind = OUTAGES[outage]
    tried = 0
    for life in LIVES:
        usual = World(SCENARIOS[life], Effects({}), delivered_before=before(method))
        usual.run()
        for point in itertools.count(1):
            if method not in usual.effects.names[point - 1 :]:
                break
            if usual.effects.names[point - 1] != method:
                continue
            world = after_an_hour_without(method, kind, life, point)
            assert what_is_not_as_promised(world, life) == [], (life, point, world.effects.names)
            tried += 1
    assert tried
    record_property("tried: outages of an hour", tried)
