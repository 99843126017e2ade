"""How fast callbacks and clients are answered while 200 images are copied, on the local stack.

The account runs ten functions at a time, as a new account of AWS does. Each of 200 jobs is called
back while the images of others are copied, and a client reads its jobs meanwhile.
"""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from statistics import quantiles

import httpx

from benchmarks.pace import read
from benchmarks.results import heading
from local.deployment import Deployment
from local.jobs_api import connected, is_final
from local.ports import free_ports
from local.stack import local_stack

MODEL = "bytedance/seedream-v4-text-to-image"
JOBS = 200
ACCOUNT = 10
PAUSE_SECONDS = 0.25
# The pace is that of an account with ten times kie.ai's usual rate, so that copying never pauses.
SIMULATOR = {"generate-seconds": 2, "create-limit": 220, "seed": 7}
PARAMETERS = {"KieCreatesPerWindow": "200", "KieWindowSeconds": "10"}
FEWEST = {"SubmitConcurrency": "2", "ArchiveConcurrency": "2"}


def main() -> None:
    print(heading(f"Callbacks while {JOBS} images are copied, {ACCOUNT} executions in the account"))
    print("| | callbacks | not 200 | p50, s | p99, s | reads | not 200 | p99, s | all, s |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name, parameters in (("defaults", {}), ("both parameters at 2", FEWEST)):
        with local_stack(
            ports=free_ports(),
            simulator=SIMULATOR,
            parameters={**PARAMETERS, **parameters},
            concurrency=ACCOUNT,
        ) as deployment:
            print(f"| {name} | {' | '.join(measure(deployment))} |", flush=True)


def measure(deployment: Deployment) -> list[str]:
    start = time.monotonic()
    with (
        connected(deployment.jobs_api_url, deployment.client_key) as api,
        ThreadPoolExecutor(4) as clients,
    ):
        prompts = [{"prompt": f"kite {number}"} for number in range(JOBS)]
        ids = [job["job_id"] for job in clients.map(lambda one: api.submit(MODEL, one), prompts)]
        waiting, reads = set(ids), list[tuple[int, float]]()
        while waiting:
            job_id = min(waiting)
            asked_at = time.monotonic()
            answer = httpx.get(
                f"{deployment.jobs_api_url}/jobs/{job_id}",
                headers={"Authorization": f"Bearer {deployment.client_key}"},
                trust_env=False,
                timeout=60,
            )
            reads.append((answer.status_code, time.monotonic() - asked_at))
            if answer.is_success and is_final(answer.json()):
                waiting.discard(job_id)
            time.sleep(PAUSE_SECONDS if job_id in waiting else 0)
    calls = [
        (each["status"], each["seconds"])
        for task in read(deployment.simulator_url, "tasks")
        for each in task["callbacks"]
    ]
    seconds = [taken for _, taken in calls]
    return [
        *(str(len(calls)), str(refused(calls))),
        *(f"{percentile(seconds, 50):.2f}", f"{percentile(seconds, 99):.2f}"),
        *(str(len(reads)), str(refused(reads))),
        f"{percentile([taken for _, taken in reads], 99):.2f}",
        f"{time.monotonic() - start:.0f}",
    ]


def refused(answers: Sequence[tuple[int | None, float]]) -> int:
    return sum(status != httpx.codes.OK for status, _ in answers)


def percentile(values: Sequence[float], share: int) -> float:
    return quantiles(values, n=100, method="inclusive")[share - 1]


if __name__ == "__main__":
    main()
