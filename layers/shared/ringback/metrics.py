"""Metrics, written as lines of CloudWatch's embedded metric format (EMF).

CloudWatch makes metrics of such lines in a function's log; that needs no call and no permission.
Why not Powertools' class: docs/decisions/0054.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from ringback.domain.clock import utc_now
from ringback.variables import Settings, Text


@dataclass(frozen=True, slots=True)
class Metric:
    """``dimensions`` are the names of all that a line with this metric gives a value for.

    Each combination of values is a metric of its own, and is paid for.
    """

    name: str
    unit: str
    dimensions: tuple[str, ...] = ()


class MetricsSettings(Settings):
    """What template.yaml gives to all functions; left out where nobody counts, as in tests."""

    metrics_namespace: Annotated[str, Text("[^:].{0,254}", "a namespace")] = "Ringback"


@dataclass(frozen=True, slots=True)
class Metrics:
    """``environ`` names the namespace; it is read with each line, not when a module is loaded."""

    environ: Mapping[str, str]

    def put(self, values: Mapping[Metric, float], **dimensions: str) -> None:
        """Write the values as one line. Their metrics have the same dimensions.

        Raises ``ValueError`` if the dimensions are not those of each metric: CloudWatch would drop
        the line without a word.
        """
        for metric in values:
            if set(metric.dimensions) != dimensions.keys():
                raise ValueError(f"{metric.name} has the dimensions {metric.dimensions}")
        if values:
            # One call, so that no other thread's line ends up in it.
            sys.stdout.write(self._line(values, dimensions) + "\n")

    def _line(self, values: Mapping[Metric, float], dimensions: Mapping[str, str]) -> str:
        directive = {
            "Namespace": MetricsSettings.from_environ(self.environ).metrics_namespace,
            "Dimensions": [list(dimensions)],
            "Metrics": [{"Name": each.name, "Unit": each.unit} for each in values],
        }
        metadata = {
            "Timestamp": int(utc_now().timestamp() * 1000),
            "CloudWatchMetrics": [directive],
        }
        numbers = {metric.name: value for metric, value in values.items()}
        return json.dumps({"_aws": metadata, **dimensions, **numbers}, separators=(",", ":"))
