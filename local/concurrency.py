"""How many of an account's Lambda executions queues and streams take, and what fits a small one."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from local.template import NO_VALUE, load_template, resolved

if TYPE_CHECKING:
    from types_boto3_lambda import LambdaClient

# For as many requests and callbacks at the same time. Each takes one execution: an authorizer has
# answered before its function starts.
FOR_REQUESTS: Final = 4
# In this order, so that as little as possible is given up. SQS's minimum is 2 for a queue.
SAVINGS: Final[tuple[Mapping[str, str], ...]] = (
    {"SubmitConcurrency": "2", "ArchiveConcurrency": "2"},
    {"Thumbnails": "false"},
    {"Deletions": "false"},
    {"Drops": "false"},
    {"Events": "false"},
)
# Lambda runs one batch of a shard at a time. A new table on demand has four partitions (it takes
# 4,000 writes a second, and each of them 1,000), and a shard of the stream for each.
SHARDS: Final = 4


def executions(functions: "LambdaClient", parameters: Mapping[str, str]) -> tuple[int, int]:
    """Return how many the account has, and how many of them the event sources may take up."""
    account = functions.get_account_settings()
    # What other functions have reserved is out of reach.
    limit = account["AccountLimit"]["UnreservedConcurrentExecutions"]
    return limit, sum(event_source_concurrency(parameters).values())


def event_source_concurrency(parameters: Mapping[str, str]) -> dict[str, int]:
    """Return how many executions a queue's or stream's function may take up, by its name.

    ``parameters`` are those of the template that differ from its defaults.
    """
    return {
        name: _at_most(event)
        for name, event in resolved(_event_sources(), parameters)
        if event["Properties"].get("Enabled", True)
    }


@cache
def _event_sources() -> list[Any]:
    """Return each queue and stream with the name of its function, which may have a condition."""
    return [
        {"Fn::If": [resource["Condition"], [name, event], NO_VALUE]}
        if "Condition" in resource
        else [name, event]
        for name, resource in load_template()["Resources"].items()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] in ("SQS", "DynamoDB")
    ]


def _at_most(event: Mapping[str, Any]) -> int:
    if event["Type"] == "DynamoDB":
        return SHARDS
    return int(event["Properties"]["ScalingConfig"]["MaximumConcurrency"])


def smallest_change(limit: int, parameters: Mapping[str, str]) -> dict[str, str] | None:
    """Return the parameters to change so that ``FOR_REQUESTS`` executions of ``limit`` are left.

    ``None`` if no parameters leave as many.
    """
    defaults = {name: str(each["Default"]) for name, each in load_template()["Parameters"].items()}
    now = {**defaults, **parameters}
    changed = dict[str, str]()
    for saving in ({}, *SAVINGS):
        changed |= {name: value for name, value in saving.items() if now[name] != value}
        if limit - sum(event_source_concurrency(now | changed).values()) >= FOR_REQUESTS:
            return changed
    return None
