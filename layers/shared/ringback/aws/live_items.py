"""Who follows live, and what those clients may have missed: items of the jobs table.

A client that follows has one item of its connections, and one for each minute in which something
of it has changed. Sets of strings, so that a write may be repeated.
"""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from ringback.aws.table_items import (
    Item,
    TableAdapter,
    forget_at,
    live_key,
    live_minute_key,
    read_item,
    read_items,
)
from ringback.domain.events import Event
from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import JobId
from ringback.domain.live import CONNECTION_LASTS, KEPT, CloudEvent, Connection, Missed
from ringback.json_bodies import parse_json

# BatchGetItem reads so many items.
MAX_READS: Final = 100
# Of one answer: the function has half a minute to send them.
MAX_MISSED: Final = 1000
_MINUTE: Final = timedelta(minutes=1)


class FollowerTable(TableAdapter):
    def add(self, client: str, connection: Connection, *, at: datetime) -> Sequence[Connection]:
        answer = self._client.update_item(
            TableName=self._table,
            Key=live_key(client),
            UpdateExpression="ADD connections :one SET forget_at = :forget",
            ExpressionAttributeValues={
                ":one": {"SS": [_written(connection)]},
                ":forget": forget_at(at + CONNECTION_LASTS + KEPT),
            },
            ReturnValues="ALL_NEW",
        )
        return _connections(answer["Attributes"])

    def of(self, client: str, *, at: datetime) -> Sequence[Connection] | None:
        item = read_item(self._client, self._table, live_key(client))
        # DynamoDB deletes an item up to days after its time.
        if not item or int(item["forget_at"]["N"]) < at.timestamp():
            return None
        return [each for each in _connections(item) if not each.is_over(at=at)]

    def remove(self, client: str, connections: Sequence[Connection]) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=live_key(client),
            UpdateExpression="DELETE connections :these",
            ExpressionAttributeValues={":these": {"SS": [_written(each) for each in connections]}},
        )


class MissedTable(TableAdapter):
    """Jobs by their ids: their state is in the table. Other events whole, which are few."""

    def add(self, client: str, events: Sequence[Event], *, at: datetime) -> None:
        job_ids = {event.subject for event in events if is_job_id(event.subject)}
        others = {
            json.dumps(event.cloud_event()) for event in events if not is_job_id(event.subject)
        }
        values: Item = {":forget": forget_at(at + KEPT)}
        values |= {":jobs": {"SS": sorted(job_ids)}} if job_ids else {}
        values |= {":events": {"SS": sorted(others)}} if others else {}
        added = [f"{name} :{name}" for name in ("jobs", "events") if f":{name}" in values]
        self._client.update_item(
            TableName=self._table,
            Key=live_minute_key(client, _minute(at)),
            UpdateExpression=f"SET forget_at = :forget ADD {', '.join(added)}",
            ExpressionAttributeValues=values,
        )

    def since(self, client: str, moment: datetime, *, at: datetime) -> Missed:
        # A minute more: the clocks of two functions differ.
        first, last = _minute(max(moment, at - KEPT) - _MINUTE), _minute(at + _MINUTE)
        job_ids, others, is_complete = dict[JobId, None](), list[CloudEvent](), moment >= at - KEPT
        newest_first = [live_minute_key(client, each) for each in range(last, first - 1, -1)]
        for start in range(0, len(newest_first), MAX_READS):
            for item in self._read(newest_first[start : start + MAX_READS]):
                job_ids |= dict.fromkeys(map(JobId, item.get("jobs", {}).get("SS", [])))
                others += [parse_json(each).value for each in item.get("events", {}).get("SS", [])]
            if len(job_ids) + len(others) > MAX_MISSED:
                is_complete = False
                break
        return Missed(job_ids=[*job_ids][:MAX_MISSED], others=others, is_complete=is_complete)

    def _read(self, keys: Sequence[Item]) -> Sequence[Item]:
        """Return the items that exist, newest first."""
        items = read_items(self._client, self._table, keys)
        found = {item["job_id"]["S"]: item for item in items}
        return [found[key["job_id"]["S"]] for key in keys if key["job_id"]["S"] in found]


def _minute(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


def _written(connection: Connection) -> str:
    """Return a text that sorts by time."""
    return f"{int(connection.opened_at.timestamp() * 1000):013}#{connection.id}"


def _connections(item: Item) -> list[Connection]:
    parts = [each.partition("#") for each in sorted(item.get("connections", {}).get("SS", []))]
    return [
        Connection(id=each, opened_at=datetime.fromtimestamp(int(opened) / 1000, UTC))
        for opened, _, each in parts
    ]
