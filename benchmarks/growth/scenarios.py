"""The work that is replayed: sheets of rows, and posts that come at once or at the pace."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final
from unittest.mock import patch

from ringback.providers.registry import PROVIDERS

from benchmarks.growth.metering import Meter
from tests.support.jobs import MODEL
from tests.support.replay import Replay

POST: Final[dict[str, Any]] = {"model": MODEL, "input": {"prompt": "a kite"}}
# More than any job leads to.
MAX_EVENTS: Final = 1000


def sheet(replay: Replay, jobs: int) -> None:
    lines = [f"{MODEL},kite {row}" for row in range(jobs)]
    replay.drop("requests/kites.csv", "\n".join(["model,input.prompt", *lines]).encode())


def stream(replay: Replay, jobs: int) -> None:
    """Post a job whenever a row of a sheet would have its turn."""
    spacing = PROVIDERS["kie"].pace.of_rows.total_seconds()
    for number in range(jobs):
        replay.post(POST, after=number * spacing)


def burst(replay: Replay, jobs: int) -> None:
    """Post all jobs within a second."""
    for number in range(jobs):
        replay.post(POST, after=number / jobs)


SCENARIOS: Final[dict[str, Callable[[Replay, int], None]]] = {
    "rows of a sheet": sheet,
    "posts at the pace": stream,
    "posts within a second": burst,
}


@contextmanager
def in_memory() -> Iterator[None]:
    """Copy images through memory: so many would mostly wait for the disk."""
    with (
        patch("ringback.use_cases.copy_image.TemporaryFile", io.BytesIO),
        patch("ringback.use_cases.make_thumbnail.TemporaryFile", io.BytesIO),
        patch("ringback.use_cases.input_images.TemporaryFile", io.BytesIO),
    ):
        yield


def replayed(scenario: Callable[[Replay, int], None], jobs: int) -> tuple[Replay, Meter]:
    """Replay it to the end."""
    replay = Replay()
    meter = Meter(replay)
    scenario(replay, jobs)
    with in_memory():
        replay.run(most_events=MAX_EVENTS * jobs)
    return replay, meter
