"""AWS's limits, with their sources, and what to do where one is reached. Checked in 2026-11."""

from dataclasses import dataclass
from typing import Final

DOCS: Final = "https://docs.aws.amazon.com"
DYNAMODB: Final = f"{DOCS}/amazondynamodb/latest/developerguide"


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """``limit`` of ``unit`` a second, or at a time. ``demand`` names what asks for it.

    ``is_raised`` tells whether AWS raises it if it is asked.
    """

    name: str
    demand: str
    limit: int
    is_raised: bool
    source: str
    then: str


QUOTAS: Final = (
    Quota(
        name="Lambda, executions at a time in a new account",
        demand="executions of requests",
        limit=10,
        is_raised=True,
        source=f"{DOCS}/lambda/latest/dg/gettingstarted-limits.html",
        then="API Gateway answers 503, also to callbacks, which providers repeat a few times. "
        "Ask for 1,000 before going live; until then see [concurrency](operate.md#concurrency).",
    ),
    Quota(
        name="Lambda, executions at a time, usually",
        demand="executions of requests",
        limit=1_000,
        is_raised=True,
        source=f"{DOCS}/lambda/latest/dg/gettingstarted-limits.html",
        then="As above. Queues can't take more than their share, whatever waits in them.",
    ),
    Quota(
        name="Lambda, new executions of a function in 10 s",
        demand="executions of requests",
        limit=1_000,
        is_raised=False,
        source=f"{DOCS}/lambda/latest/dg/scaling-behavior.html",
        then="503 for some seconds; clients repeat with an `Idempotency-Key`.",
    ),
    Quota(
        name="API Gateway, burst of requests",
        demand="HTTP requests",
        limit=5_000,
        is_raised=False,
        source=f"{DOCS}/apigateway/latest/developerguide/limits.html",
        then="429. In some regions the limit is 1,250. Drop a sheet instead of posting its rows.",
    ),
    Quota(
        name="API Gateway, requests a second",
        demand="HTTP requests",
        limit=10_000,
        is_raised=True,
        source=f"{DOCS}/apigateway/latest/developerguide/limits.html",
        then="429. It is shared by all APIs of the account in the region, this stack's two among "
        "them. In some regions it is 2,500.",
    ),
    Quota(
        name="API Gateway, messages to followers (the same limit)",
        demand="changes told",
        limit=10_000,
        is_raised=True,
        source=f"{DOCS}/apigateway/latest/developerguide/limits.html",
        then="Followers miss events, and are sent them when they come back. The figures are for "
        "one follower; ten ask ten times as much.",
    ),
    Quota(
        name="DynamoDB, a new table's write units",
        demand="write units",
        limit=4_000,
        is_raised=False,
        source=f"{DYNAMODB}/on-demand-capacity-mode.html",
        then="Throttled writes are repeated by the SDK, then by the queue; a post gets 503. The "
        "table doubles within 30 minutes. Before a known peak, set its warm throughput.",
    ),
    Quota(
        name="DynamoDB, a new table's read units",
        demand="read units",
        limit=12_000,
        is_raised=False,
        source=f"{DYNAMODB}/on-demand-capacity-mode.html",
        then="As above.",
    ),
    Quota(
        name="DynamoDB, the table's write units",
        demand="write units",
        limit=40_000,
        is_raised=True,
        source=f"{DYNAMODB}/ServiceQuotas.html",
        then="As above, but for the doubling: ask for more.",
    ),
    Quota(
        name="DynamoDB, one partition's writes: a client's jobs in the index",
        demand="writes of one client's index",
        limit=1_000,
        is_raised=False,
        source=f"{DYNAMODB}/throttling-key-range-limit-exceeded-mitigation.html",
        then="An index that is throttled throttles its table. DynamoDB can't split a client's "
        "newest jobs. Give each application a key of its own: clients are apart.",
    ),
    Quota(
        name="DynamoDB, one partition's writes: a provider's rate window",
        demand="writes of the rate window",
        limit=1_000,
        is_raised=False,
        source=f"{DYNAMODB}/throttling-key-range-limit-exceeded-mitigation.html",
        then="`SubmitConcurrency` keeps it far below: see the queues.",
    ),
    Quota(
        name="DynamoDB, one partition's reads: a provider's account",
        demand="reads of the account",
        limit=3_000,
        is_raised=False,
        source=f"{DYNAMODB}/throttling-key-range-limit-exceeded-mitigation.html",
        then="`SubmitConcurrency` keeps it far below: see the queues.",
    ),
    Quota(
        name="DynamoDB, one partition's writes: a drop's progress",
        demand="writes of a drop's progress",
        limit=1_000,
        is_raised=False,
        source=f"{DYNAMODB}/throttling-key-range-limit-exceeded-mitigation.html",
        then="It is written once for 500 rows, or for a photo.",
    ),
    Quota(
        name="EventBridge, PutEvents, us-east-1",
        demand="events",
        limit=10_000,
        is_raised=True,
        source=f"{DOCS}/eventbridge/latest/userguide/eb-quota.html",
        then="`publish_events` puts them again. Some regions have 400 to 2,400: look yours up.",
    ),
    Quota(
        name="Secrets Manager, GetSecretValue",
        demand="executions of requests",
        limit=10_000,
        is_raised=False,
        source=f"{DOCS}/secretsmanager/latest/userguide/reference_limits.html",
        then="A new execution reads up to four secrets, then each at most once a minute.",
    ),
    Quota(
        name="S3, writes of a bucket before it is partitioned",
        demand="S3 writes",
        limit=3_500,
        is_raised=False,
        source=f"{DOCS}/AmazonS3/latest/userguide/optimizing-performance.html",
        then="503 Slow Down, which the SDK and the queue repeat; S3 splits the keys by itself. "
        "Job ids begin with the time, so that the newest stay together: `ArchiveConcurrency` "
        "is the lever.",
    ),
)
