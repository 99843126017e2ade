"""What an event costs once a function is warm: beside the standard library and the usual stack.

Each process takes ``EVENTS`` events one after the other, and those before ``SKIPPED`` don't count:
they open connections and read secrets. The processes of a round run in random order.
"""

import os
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Final

from ringback.domain.clock import utc_now
from ringback.domain.jobs import JobStatus, ProviderTaskId

from benchmarks.aws_over_tls import aws_over_tls
from benchmarks.cold_events import AnEvent, accept_job
from benchmarks.cold_layers import build, lambda_python
from benchmarks.cold_process import run
from benchmarks.cold_start import Bench
from benchmarks.cold_world import World, a_world
from benchmarks.results import heading
from local.certificate import write_certificate
from tests.support.callbacks import RECORDED_TASK, recorded, signed_event
from tests.support.jobs import a_job, a_job_id
from tests.support.posts import a_submit_message

EVENTS, SKIPPED = 50, 10
ROUNDS: Final = int(os.environ.get("ROUNDS", "5"))

Events = Callable[[World], list[AnEvent]]


def posts(world: World) -> list[AnEvent]:
    return [accept_job(world) for _ in range(EVENTS)]


def submits(world: World) -> list[AnEvent]:
    now = utc_now()
    first = a_job(created_at=now, updated_at=now, deadline_at=now + timedelta(minutes=15))
    for number in range(EVENTS):
        world.put(replace(first, job_id=a_job_id(number)))
    return [a_submit_message(a_job_id(number)) for number in range(EVENTS)]


def callbacks(world: World) -> list[AnEvent]:
    first = a_job(JobStatus.RUNNING, task_id=ProviderTaskId(RECORDED_TASK))
    for number in range(EVENTS):
        world.put(replace(first, job_id=a_job_id(number)))
    body, now = recorded("success"), utc_now()
    return [signed_event(body, job_id=a_job_id(number), now=now) for number in range(EVENTS)]


# What is compared: each by the functions that it takes, and the events of those.
SIDES: Final[dict[str, dict[str, dict[str, Events]]]] = {
    "a job accepted and submitted": {
        "Ringback": {"accept_job": posts, "submit_job": submits},
        "standard library": {"standard_library": posts},
        "usual stack": {"usual": posts},
    },
    "a callback": {
        "Ringback": {"receive_callback": callbacks},
        "standard library": {"standard_library": callbacks},
        "usual stack": {"usual_callback": callbacks},
    },
}


def main() -> None:
    with TemporaryDirectory() as name:
        place = Path(name)
        certificate = place / "aws.pem"
        write_certificate(certificate, host="localhost", address="127.0.0.1")
        folders = build(place, lambda_python(), certificate=certificate)
        with a_world() as world, aws_over_tls(certificate) as endpoint:
            bench = Bench(world, folders, endpoint)
            found = rounds(lambda function, events: warm_ms(bench, function, events, certificate))
    report(found)


def rounds(measure: Callable[[str, Events], float]) -> dict[tuple[str, str, str], list[float]]:
    """Return the CPU in ms of each round, by what is done, by whom and in which function."""
    todo = [
        (what, side, function, events)
        for what, sides in SIDES.items()
        for side, functions in sides.items()
        for function, events in functions.items()
    ]
    found: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for _ in range(ROUNDS):
        for what, side, function, events in random.sample(todo, len(todo)):
            found[what, side, function].append(measure(function, events))
    return found


def warm_ms(bench: Bench, function: str, events: Events, certificate: Path) -> float:
    done = run(
        [bench.folders.python, "-m", "awslambdaric", "app.lambda_handler"],
        *events(bench.world),
        folder=bench.folders.functions / function,
        environment={**bench.environment(function), "SSL_CERT_FILE": str(certificate)},
    )
    return (done.asked[-1] - done.asked[SKIPPED]) / (EVENTS - SKIPPED)


def report(found: dict[tuple[str, str, str], list[float]]) -> None:
    print(heading("Warm events: CPU"))
    print("| | Ringback, ms | standard library, ms | usual stack, ms |\n|---|---|---|---|")
    for what, sides in SIDES.items():
        cells = [cell([found[what, side, each] for each in sides[side]]) for side in sides]
        print(f"| {what} | {' | '.join(cells)} |")
    print(f"\nThe functions run on Python 3.13. Medians of {ROUNDS} rounds of {EVENTS - SKIPPED}")
    print(f"events; load of the machine {os.getloadavg()[1]:.0f}.\n")


def cell(functions: Sequence[Sequence[float]]) -> str:
    """Return the sum, and its parts if several functions share the work."""
    parts = " + ".join(f"{median(each):.1f}" for each in functions)
    total = median(map(sum, zip(*functions, strict=True)))
    return f"{total:.1f}" if len(functions) == 1 else f"{total:.1f} ({parts})"


if __name__ == "__main__":
    main()
