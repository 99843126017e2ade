"""How fast callbacks and clients are answered while 200 images are copied, on the local stack.

The account runs ten functions at a time, as a new account of AWS does. Each of 200 jobs is called
back while others are sent and copied, which takes the provider seconds and so keeps the queues'
functions busy, and a client reads its jobs meanwhile. Some jobs before them start the functions:
here, that takes seconds and all of the machine.
"""

import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles
from typing import Any

import httpx

from benchmarks.pace import read
from benchmarks.results import heading
from local.concurrency import smallest_change
from local.deployment import Deployment
from local.jobs_api import is_final
from local.ports import free_ports
from local.stack import local_stack

# The status, ``None`` without an answer, and the seconds that it took.
Answer = tuple[int | None, float]

MODEL = "bytedance/seedream-v4-text-to-image"
JOBS = 200
WARM_UP = 20
ACCOUNT = 10
# Until a job is checked whose callback was refused four times.
DEADLINE_SECONDS = 60
PAUSE_SECONDS = 0.25
POSTS_AT_A_TIME = 4
# Of one call to make a task, and of one download.
PROVIDER_SECONDS = 2.5
SIMULATOR = {"generate-seconds": 4, "image-seconds": PROVIDER_SECONDS, "seed": 7}
SETTINGS = {"what the preflight suggests": smallest_change(ACCOUNT, {}) or {}, "defaults": {}}


def main() -> None:
    print(heading(f"Callbacks while {JOBS} images are copied, {ACCOUNT} executions in the account"))
    print("| | posts | callbacks | p50, s | p99, s | reads | p99, s | all, s |")
    print("|---|---|---|---|---|---|---|---|")
    for name, parameters in SETTINGS.items():
        with local_stack(
            ports=free_ports(),
            simulator=SIMULATOR,
            parameters={**parameters, "JobDeadlineSeconds": str(DEADLINE_SECONDS)},
            concurrency=ACCOUNT,
        ) as deployment:
            print(f"| {name} | {' | '.join(measure(deployment))} |", flush=True)


def measure(deployment: Deployment) -> list[str]:
    client = Client(deployment)
    client.run(range(WARM_UP))
    before = len(callbacks(deployment))
    start = time.monotonic()
    posts, reads = client.run(range(WARM_UP, WARM_UP + JOBS))
    calls = callbacks(deployment)[before:]
    return [
        counted(posts),
        counted(calls),
        *(f"{percentile(calls, share):.2f}" for share in (50, 99)),
        counted(reads),
        f"{percentile(reads, 99):.2f}",
        f"{time.monotonic() - start:.0f}",
    ]


def callbacks(deployment: Deployment) -> list[Answer]:
    """Return those that were sent, repetitions included, in the order of their tasks."""
    return [
        (each["status"], each["seconds"])
        for task in read(deployment.simulator_url, "tasks")
        for each in task["callbacks"]
    ]


class Client:
    """Repeats what is refused."""

    def __init__(self, deployment: Deployment) -> None:
        self.answers: list[Answer] = []
        self._url = f"{deployment.jobs_api_url}/jobs"
        self._key = {"Authorization": f"Bearer {deployment.client_key}"}

    def run(self, numbers: Iterable[int]) -> tuple[list[Answer], list[Answer]]:
        """Post jobs and read them until they are final; return the answers to posts and reads."""
        self.answers = []
        with ThreadPoolExecutor(POSTS_AT_A_TIME) as threads:
            waiting = set(threads.map(self.post, numbers))
        posts, self.answers = self.answers, []
        while waiting:
            job_id = min(waiting)
            if self.is_final(job_id):
                waiting.discard(job_id)
            else:
                time.sleep(PAUSE_SECONDS)
        return posts, self.answers

    def post(self, number: int) -> str:
        body = {
            "model": MODEL,
            "input": {"prompt": f"{number} [simulate: slow_create={PROVIDER_SECONDS}]"},
        }
        headers = {**self._key, "Idempotency-Key": str(number)}
        while True:
            answer = self._ask("POST", self._url, headers=headers, json=body)
            if answer.is_success:
                return str(answer.json()["job_id"])
            time.sleep(PAUSE_SECONDS)

    def is_final(self, job_id: str) -> bool:
        answer = self._ask("GET", f"{self._url}/{job_id}", headers=self._key)
        return answer.is_success and is_final(answer.json())

    def _ask(self, method: str, url: str, **request: Any) -> httpx.Response:
        begun = time.monotonic()
        answer = httpx.request(method, url, trust_env=False, timeout=60, **request)
        self.answers.append((answer.status_code, time.monotonic() - begun))
        return answer


def counted(answers: Sequence[Answer]) -> str:
    refused = sum(not 200 <= (status or 0) < 300 for status, _ in answers)
    return f"{len(answers)}, {refused} refused"


def percentile(answers: Sequence[Answer], share: int) -> float:
    return quantiles([seconds for _, seconds in answers], n=100, method="inclusive")[share - 1]


if __name__ == "__main__":
    main()
