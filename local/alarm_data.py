"""What CloudWatch would have of a local stack: its functions' metrics, and those of AWS itself.

The local AWS reads no metrics out of logs. What the services count is in its CloudWatch
(``local/service_metrics.py``).
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any, Final

from ringback.domain.clock import utc_now

from local.alarm_states import Point
from local.chosen_stack import Stack
from local.log_lines import log_events

# By namespace: each metric that an alarm watches, and what of a second of it counts.
SERVICES: Final[Mapping[str, Mapping[str, str]]] = {
    "AWS/Lambda": {
        "Errors": "Sum",
        "Throttles": "Sum",
        "RecursiveInvocationsDropped": "Sum",
        "IteratorAge": "Maximum",
    },
    "AWS/ApiGateway": {"5xx": "Sum"},
    "AWS/SQS": {
        "ApproximateNumberOfMessagesVisible": "Maximum",
        "ApproximateAgeOfOldestMessage": "Maximum",
    },
}
KEPT: Final = timedelta(hours=1)


@dataclass(frozen=True)
class AlarmData:
    stack: Stack

    def points(self, names: Collection[str]) -> list[Point]:
        """Return all values of these metrics: those in the logs, and the services' of an hour."""
        counted = {name for metrics in SERVICES.values() for name in metrics}
        own = () if counted.issuperset(names) else self._own()
        return [*(each for each in own if each.name in names), *self._of_services(names)]

    def _own(self) -> Iterator[Point]:
        for _, group in self.stack.resources_of("AWS::Logs::LogGroup"):
            for event in log_events(self.stack, group):
                for line in event["message"].splitlines():
                    if line.startswith('{"_aws"'):
                        yield from points_in(json.loads(line))

    def _of_services(self, names: Collection[str]) -> Iterator[Point]:
        """Yield a metric's values by resource, and once more as the sum of all resources."""
        watch = self.stack.client("cloudwatch")
        for namespace, metrics in SERVICES.items():
            if metrics.keys().isdisjoint(names):
                continue
            for listed in watch.list_metrics(Namespace=namespace)["Metrics"]:
                name, dimensions = listed["MetricName"], listed["Dimensions"]
                known = [self._logical.get(each["Value"]) for each in dimensions]
                if name not in names or name not in metrics or None in known:
                    continue
                found = watch.get_metric_statistics(
                    Namespace=namespace,
                    MetricName=name,
                    Dimensions=dimensions,
                    StartTime=utc_now() - KEPT,
                    EndTime=utc_now() + KEPT,
                    Period=1,
                    Statistics=[metrics[name]],
                )
                for each in found["Datapoints"]:
                    at, value = each["Timestamp"].timestamp(), each[metrics[name]]
                    yield Point(at, name, value, tuple(map(str, known)))
                    yield Point(at, name, value)

    @cached_property
    def _logical(self) -> dict[str, str]:
        """The name in the template by what AWS calls a resource; a queue by its name."""
        return {
            each["PhysicalResourceId"].rpartition("/")[2]: each["LogicalResourceId"]
            for each in self.stack.resources
            if each.get("PhysicalResourceId")
        }


def points_in(line: Mapping[str, Any]) -> Iterator[Point]:
    """Yield the values of one line of the embedded metric format."""
    metadata = line["_aws"]
    for directive in metadata["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = tuple(str(line[name]) for name in names)
            for metric in directive["Metrics"]:
                name = metric["Name"]
                yield Point(metadata["Timestamp"] / 1000, name, line[name], dimensions)
