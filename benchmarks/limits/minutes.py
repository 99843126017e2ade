"""The busiest minutes: what is replayed, and what each second of it asks of AWS."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from typing import Final

from ringback.domain.pace import Pace
from ringback.providers.registry import PROVIDERS

from benchmarks.growth.metering import Meter
from benchmarks.growth.scenarios import burst, in_memory, sheet
from tests.support.image_files import image
from tests.support.jobs import NOON
from tests.support.replay import Replay
from tests.support.webhooks import a_webhook

EDIT: Final = "bytedance/seedream-v4-edit"
# A storm of callbacks needs a provider that takes all jobs at once, and ends them at once.
NO_PACE: Final = Pace(limit=1_000_000, seconds=1)
STORM: Final = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """``unit`` come at ``rate`` a second. Seconds before ``starts`` don't count."""

    unit: str
    rate: float
    begin: Callable[[Replay], None]
    starts: int = 0
    ends: int = 60


def photos(replay: Replay) -> None:
    recipe = {"model": EDIT, "input": {"prompt": "as a woodcut"}}
    replay.drop("recipes/fox/recipe.json", json.dumps(recipe).encode())
    content = image("jpeg", size=(640, 480))
    for number in range(1_000):
        replay.drop(f"recipes/fox/{number}.jpg", content, after=number / 50)


def webhooks(replay: Replay) -> None:
    replay.receiver = lambda nth: {"status": 200}
    for number in range(1_000):
        send = partial(replay.queues.put, a_webhook(number=number), delay=0)
        replay.later(number / 1_000, send)


def storm(replay: Replay) -> None:
    for window in replay.windows.by_provider.values():
        window.pace = NO_PACE
    replay.task_seconds = lambda random: STORM - (replay.now - NOON).total_seconds() + 0.5
    burst(replay, 1_000)


MINUTES: Final = {
    "1,000 posts in a second": Minute(
        unit="posts", rate=1_000, begin=lambda replay: burst(replay, 1_000)
    ),
    "a sheet of 100,000 rows": Minute(
        unit="rows",
        rate=1 / PROVIDERS["kie"].pace.of_rows.total_seconds(),
        begin=lambda replay: sheet(replay, 100_000),
        ends=600,
    ),
    "1,000 callbacks in a second": Minute(
        unit="callbacks", rate=1_000, begin=storm, starts=STORM, ends=STORM + 60
    ),
    "1,000 photos in 20 seconds": Minute(unit="photos", rate=50, begin=photos, ends=30),
    "1,000 webhooks in a second": Minute(unit="webhooks", rate=1_000, begin=webhooks),
}


@cache
def replayed(name: str) -> Meter:
    minute, replay = MINUTES[name], Replay()
    meter = Meter(replay)
    minute.begin(replay)
    with in_memory():
        replay.run_until(NOON + timedelta(seconds=minute.ends))
    return meter
