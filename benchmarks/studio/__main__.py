"""Print how fast the studio is on a local stack, in a real Chromium.

``SMALL=200`` pictures are opened ``ROUNDS=5`` times, and ``LARGE=25000`` are scrolled through.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any, Final

from benchmarks.results import heading
from benchmarks.studio.measuring import Opening, Scrolling, opening, scrolling, seconds_to_show
from benchmarks.studio.seed import seed
from local.browsers.chromium import WITHOUT, chromium
from local.browsers.running import running
from local.browsers.visits import Visitors
from local.chosen_stack import stack_of
from local.client_keys import keys_of
from local.deployment import Deployment
from local.jobs_api import connected
from local.ports import free_ports
from local.stack import local_stack

ROUNDS: Final = int(os.environ.get("ROUNDS", "5"))
SMALL: Final = int(os.environ.get("SMALL", "200"))
LARGE: Final = int(os.environ.get("LARGE", "25000"))
SCOPES: Final = ("jobs:read", "jobs:write")


def main() -> int:
    program = chromium()
    if program is None:
        print(WITHOUT, file=sys.stderr)
        return 1
    with local_stack(ports=free_ports()) as deployment, running(program) as browser:
        print(heading("The studio, in Chromium on a local stack"))
        print_openings(a_client(deployment, browser, SMALL))
        print_news(a_client(deployment, browser, SMALL), deployment)
        print_scrolling(a_client(deployment, browser, LARGE))
    return 0


def a_client(deployment: Deployment, browser: Any, pictures: int) -> Visitors:
    """Return visitors with the key of a new client that has so many pictures."""
    name = f"viewer of {pictures} {os.urandom(4).hex()}"
    keys = keys_of(stack_of(deployment))
    key = keys.create(name, SCOPES)
    seed(deployment, name, pictures)
    return Visitors(browser, deployment.studio_url, key)


def print_openings(visitors: Visitors) -> None:
    print(f"| opened with {SMALL} pictures | first picture, ms | interactive, ms |\n|---|---|---|")
    with a_page(visitors) as page:
        opening(page, visitors.url, throttled=1)  # functions start
    for name, throttled in (("as it is", 1), ("CPU throttled 4x", 4)):
        found = list[Opening]()
        for _ in range(ROUNDS):
            with a_page(visitors) as page:
                found.append(opening(page, visitors.url, throttled=throttled))
        painted = median(each.painted_ms for each in found)
        interactive = median(each.interactive_ms for each in found)
        print(f"| {name} | {painted:.0f} | {interactive:.0f} |", flush=True)
    print(f"\nMedians of {ROUNDS}, each with an empty cache. The goals: 500 and 1000 ms.\n")


def print_news(visitors: Visitors, deployment: Deployment) -> None:
    with (
        connected(deployment.jobs_api_url, visitors.key, deployment.live_api_url) as api,
        a_page(visitors) as page,
    ):
        page.goto(visitors.url)
        found = [seconds_to_show(page, api, number) for number in range(ROUNDS)]
    print(
        f"A new picture is visible {median(found):.2f} s after its event, the median of {ROUNDS},"
        f" {max(found):.2f} at most. The goal: 1 s.\n",
        flush=True,
    )


def print_scrolling(visitors: Visitors) -> None:
    with a_page(visitors) as page:
        found = scrolling(page, visitors.url, LARGE)
    print("| scrolled through | at the start | at the end |\n|---|---|---|")
    print(f"| pictures | {found.before.pictures:,} | {found.after.pictures:,} |")
    print(f"| elements | {found.before.elements:,} | {found.after.elements:,} |")
    print(f"| MB of the heap | {found.before.heap_mb:.1f} | {found.after.heap_mb:.1f} |")
    print(worst_of(found))


def worst_of(found: Scrolling) -> str:
    long = [each for each in found.frames_ms if each > 50]
    return (
        f"\n{len(long)} frames of {found.seconds:.0f} s took longer than 50 ms, the longest"
        f" {max(long, default=0):.0f} ms. The goal: none. Meanwhile the machine's host gave"
        f" {found.stolen_seconds:.1f} s of its processors to others.\n"
    )


@contextmanager
def a_page(visitors: Visitors) -> Iterator[Any]:
    with visitors.visit() as visit:
        yield visit.page


if __name__ == "__main__":
    sys.exit(main())
