"""How much of a provider's rate limit a burst of jobs uses, on the local stack.

A hundred jobs at once. The simulator enforces its default limit of 20 per 10 seconds.
No task ends in that time, so that nothing else keeps the machine busy.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from benchmarks.results import heading
from local.jobs_api import connected
from local.ports import free_ports
from local.stack import local_stack

MODEL = "bytedance/seedream-v4-text-to-image"
JOBS = 100
LIMIT, WINDOW_SECONDS = 20, 10
SECONDS = 90


def main() -> None:
    with local_stack(ports=free_ports(), simulator={"generate-seconds": 600}) as deployment:
        with (
            connected(
                deployment.jobs_api_url, deployment.client_key, deployment.live_api_url
            ) as api,
            ThreadPoolExecutor(4) as clients,
        ):
            prompts = [{"prompt": f"kite {number}"} for number in range(JOBS)]
            list(clients.map(lambda one: api.submit(MODEL, one), prompts))
        end = time.monotonic() + SECONDS
        created = times_of_tasks(deployment.simulator_url)
        while len(created) < JOBS and time.monotonic() < end:
            time.sleep(0.5)
            created = times_of_tasks(deployment.simulator_url)
        creates = sum(
            one["path"].endswith("/createTask")
            for one in read(deployment.simulator_url, "requests")
        )
    print(heading(f"A burst of {JOBS} jobs at {LIMIT} per {WINDOW_SECONDS} s"))
    print("| | |\n|---|---|")
    print(f"| tasks created | {len(created)} of {JOBS} |")
    print(f"| refused with 429 | {creates - len(created)} |")
    print(f"| share of the window used | {share_used(created):.0%} |")


def share_used(created: list[float]) -> float:
    """Measure only while jobs were always waiting: without the beginning and the end."""
    start, end = created[0] + WINDOW_SECONDS / 2, created[int(len(created) * 0.8)]
    within = [at for at in created if start <= at < end]
    return len(within) / (end - start) / (LIMIT / WINDOW_SECONDS)


def times_of_tasks(simulator_url: str) -> list[float]:
    return sorted(task["created_at"] for task in read(simulator_url, "tasks"))


def read(simulator_url: str, what: str) -> list[dict[str, Any]]:
    url = f"{simulator_url}/_simulator/{what}"
    found: list[dict[str, Any]] = httpx.get(url, trust_env=False, timeout=30).json()
    return found


if __name__ == "__main__":
    main()
