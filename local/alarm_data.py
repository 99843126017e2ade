"""What CloudWatch would have of a local stack: its functions' metrics, and its queues' figures.

The local AWS reads no metrics out of logs, and emits none for queues.
"""

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.alarm_states import Point
from local.chosen_stack import Stack

VISIBLE = "ApproximateNumberOfMessages"


@dataclass(frozen=True, slots=True)
class AlarmData:
    stack: Stack

    def points(self) -> list[Point]:
        """Return every value in the logs, and how many messages each queue has now."""
        return [*self._own(), *self._of_queues()]

    def _own(self) -> Iterator[Point]:
        pages = self.stack.client("logs").get_paginator("filter_log_events")
        for _, group in self.stack.resources_of("AWS::Logs::LogGroup"):
            for page in pages.paginate(logGroupName=group):
                for event in page["events"]:
                    for line in event["message"].splitlines():
                        if line.startswith('{"_aws"'):
                            yield from points_in(json.loads(line))

    def _of_queues(self) -> Iterator[Point]:
        sqs = self.stack.client("sqs")
        for name, url in self.stack.resources_of("AWS::SQS::Queue"):
            found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[VISIBLE])
            count = float(found["Attributes"][VISIBLE])
            yield Point(time.time(), f"{VISIBLE}Visible", count, (name,))


def points_in(line: Mapping[str, Any]) -> Iterator[Point]:
    """Yield the values of one line of the embedded metric format."""
    metadata = line["_aws"]
    for directive in metadata["CloudWatchMetrics"]:
        for names in directive["Dimensions"]:
            dimensions = tuple(str(line[name]) for name in names)
            for metric in directive["Metrics"]:
                name = metric["Name"]
                yield Point(metadata["Timestamp"] / 1000, name, line[name], dimensions)
