"""What a receiver that hangs costs the others: when their webhooks arrive in a burst.

The use case with the template's executions and batches, ten times as fast as real time, and
receivers that answer after 0.1 s.
"""

from benchmarks.results import heading
from tests.support.jobs import NOON
from tests.support.notify_executions import BATCH, EXECUTIONS, Executions
from tests.support.webhooks import a_webhook

WEBHOOKS, SPEED = 1_000, 10
HANGING, GOOD = "hanging.example", "good.example"


def main() -> None:
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
