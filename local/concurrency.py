"""How many of an account's Lambda executions the queues take, and what fits a small account."""

from collections.abc import Mapping
from typing import Final

from local.template import load_template, resolved

# For as many requests and callbacks at the same time. Each takes one execution: an authorizer has
# answered before its function starts.
FOR_REQUESTS: Final = 4
# In this order, so that as little as possible is given up. SQS's minimum is 2 for a queue.
SAVINGS: Final[tuple[Mapping[str, str], ...]] = (
    {"SubmitConcurrency": "2", "ArchiveConcurrency": "2"},
    {"Thumbnails": "false"},
    {"Drops": "false"},
)


def event_source_concurrency(parameters: Mapping[str, str]) -> dict[str, int]:
    """Return how many executions each queue's function may take up, by the function's name.

    ``parameters`` are those of the template that differ from its defaults.
    """
    return {
        name: int(event["Properties"]["ScalingConfig"]["MaximumConcurrency"])
        for name, resource in load_template()["Resources"].items()
        for event in resolved(resource.get("Properties", {}).get("Events", {}), parameters).values()
        if event["Type"] == "SQS" and event["Properties"].get("Enabled", True)
    }


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
