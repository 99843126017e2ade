"""Metrics as CloudWatch reads them from lines of the embedded metric format."""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple


class Value(NamedTuple):
    """One value of a metric, with its dimensions in alphabetical order."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    value: float


def values_in(text: str) -> list[Value]:
    """Return the metrics in a log; other lines are none."""
    lines = [json.loads(line) for line in text.splitlines() if line.startswith('{"_aws"')]
    return [value for line in lines for value in _values(line)]


def _values(line: dict[str, Any]) -> Iterator[Value]:
    for directive in line["_aws"]["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = tuple(sorted((name, line[name]) for name in names))
            for metric in directive["Metrics"]:
                name = metric["Name"]
                yield Value(directive["Namespace"], name, dimensions, line[name])
