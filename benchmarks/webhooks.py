"""How long webhooks take: on the local stack, and beside a receiver that hangs.

The second is the use case with the template's executions and batches, ten times as fast as real
time, and receivers that answer after 0.1 s.
"""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from benchmarks.results import heading
from local.examples import TOLD
from local.jobs_api import connected
from local.ports import free_ports
from local.stack import local_stack
from local.webhooks import wait_for_webhooks
from tests.support.jobs import NOON
from tests.support.notify_executions import BATCH, EXECUTIONS, Executions
from tests.support.webhooks import a_webhook

WEBHOOKS, SPEED = 1_000, 10
HANGING, GOOD = "hanging.example", "good.example"


# On the local stack.
JOBS, RECEIVER = 100, "/receivers/ok/benchmark"


def main() -> None:
    on_the_local_stack()
    beside_one_that_hangs()


def on_the_local_stack() -> None:
    """Measure from the write that ends a job to the arrival of its webhook."""
    options = {"create-limit": 1000}
    with local_stack(
        ports=free_ports(), simulator=options, parameters={"KieCreatesPerWindow": "1000"}
    ) as deployment:
        url = f"{deployment.simulator_url}{RECEIVER}"
        with (
            connected(
                deployment.jobs_api_url, deployment.client_key, deployment.live_api_url
            ) as api,
            ThreadPoolExecutor(4) as clients,
        ):
            post = lambda _: api.submit(TOLD["model"], TOLD["input"], call_back_url=url)  # noqa: E731
            list(clients.map(post, range(JOBS)))
        received = wait_for_webhooks(deployment, RECEIVER, count=JOBS)
    took = sorted(
        each["at"] - datetime.fromisoformat(json.loads(each["body"])["time"]).timestamp()
        for each in received[:JOBS]
    )
    print(heading(f"The webhooks of {JOBS} jobs on the local stack"))
    print("| from the job's last write to the receiver | s |\n|---|---|")
    for name, share in (("p50", 50), ("p99", 99)):
        print(f"| {name} | {took[JOBS * share // 100]:.1f} |")
    print()


def beside_one_that_hangs() -> None:
    print(heading(f"A burst of {WEBHOOKS} webhooks, and one receiver that hangs"))
    print("| webhooks for a receiver that hangs | p50, s | p99, s | last, s |\n|---|---|---|---|")
    for hanging in (0, WEBHOOKS):
        p50, p99, last = seconds_to_deliver(WEBHOOKS, hanging=hanging)
        print(f"| {hanging} | {p50:.1f} | {p99:.1f} | {last:.1f} |")
    print(f"\nOf the {WEBHOOKS} others, by {EXECUTIONS} executions of {BATCH} webhooks at a time.")


def seconds_to_deliver(good: int, *, hanging: int) -> tuple[float, float, float]:
    """Return when half, 99 percent and all of the good receiver's webhooks have arrived."""
    executions = Executions(frozenset({HANGING}), speed=SPEED)
    bad = [a_webhook(f"https://{HANGING}/", event_id=f"bad-{number}") for number in range(hanging)]
    fine = [a_webhook(f"https://{GOOD}/", event_id=f"good-{number}") for number in range(good)]
    # As they come: alternating, those for the receiver that hangs first.
    mixed = [each for pair in zip(bad, fine, strict=True) for each in pair] if bad else fine
    executions.run(mixed)
    arrived = sorted((at - NOON).total_seconds() for at in executions.delivered.values())
    return arrived[good // 2], arrived[good * 99 // 100], arrived[-1]


if __name__ == "__main__":
    main()
