"""The alarms of template.yaml."""

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from tests.support.template import load_template

OWN_NAMESPACE: Final = {"Fn::Sub": "Ringback/${AWS::StackName}"}


class Watched(NamedTuple):
    """A metric as an alarm names it; the values of its dimensions as the template has them."""

    name: str
    dimensions: tuple[tuple[str, str], ...]


def alarms() -> dict[str, dict[str, Any]]:
    """Return the resources, by logical id."""
    found = load_template()["Resources"].items()
    return {name: each for name, each in found if each["Type"] == "AWS::CloudWatch::Alarm"}


def anchor_of(alarm: str) -> str:
    """Return the section of docs/operate.md about an alarm, as HTML calls it."""
    words = re.findall(r"[A-Z][a-z0-9]*", alarm.removesuffix("Alarm"))
    return "-".join(["alarm", *words]).lower()


def own_metrics() -> dict[str, set[Watched]]:
    """Return Ringback's own metrics that each alarm watches; most watch none."""
    found = {name: set(_own(each["Properties"])) for name, each in alarms().items()}
    return {name: metrics for name, metrics in found.items() if metrics}


def _own(alarm: dict[str, Any]) -> Iterator[Watched]:
    parts = [
        each["MetricStat"]["Metric"] for each in alarm.get("Metrics", []) if "MetricStat" in each
    ]
    for part in parts or [alarm]:
        if part["Namespace"] == OWN_NAMESPACE:
            given = ((each["Name"], each["Value"]) for each in part.get("Dimensions", []))
            yield Watched(part["MetricName"], tuple(sorted(given)))
