"""The live line: what clients that follow their jobs are sent over a WebSocket, as JSON."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from ringback.domain.events import Event
from ringback.domain.jobs import JobId

# API Gateway closes a connection after two hours, and one that is idle after ten minutes.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html
CONNECTION_LASTS: Final = timedelta(hours=2)
# Of one client: the tabs and scripts of a few people. Each is sent every event, so each makes
# telling slower; one more closes the oldest.
MAX_CONNECTIONS: Final = 20
# How long after its last connection has ended what a client misses is kept.
KEPT: Final = timedelta(days=1)
# API Gateway charges for each 32 KB, and larger messages would have to be cut into frames.
MAX_MESSAGE_BYTES: Final = 32 * 1024
# What an event lacks if it does not fit into a message, in this order.
LARGE_FIELDS: Final = ("input", "missing_images", "images", "error")
LEFT_OUT: Final = "left_out"

CloudEvent = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    id: str
    opened_at: datetime

    def is_over(self, *, at: datetime) -> bool:
        return at >= self.opened_at + CONNECTION_LASTS


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowRequest:
    """``since`` is the time of the last event that the client has seen."""

    connection: Connection
    key: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """What has happened since some time: the jobs that changed, and all other events.

    ``is_complete`` is false if there was more, or may have been: before a day ago.
    """

    job_ids: Sequence[JobId]
    others: Sequence[CloudEvent]
    is_complete: bool


def events_messages(events: Sequence[CloudEvent]) -> Iterator[str]:
    """Yield the events in order, as many in each message as fit."""
    part, size = list[str](), 0
    for each in events:
        text = _fitting(each)
        length = len(text.encode()) + 1
        # There is no comma behind the last one.
        if part and size + length - 1 > _ROOM:
            yield _events_message(part)
            part, size = [], 0
        part.append(text)
        size += length
    if part:
        yield _events_message(part)


def following_message(client: str, *, missed: int, is_complete: bool) -> str:
    """Return the answer to a client that follows from now on."""
    return _json({"following": {"client": client, "missed": missed, "complete": is_complete}})


def refused_message(reason: str) -> str:
    return _json({"refused": reason})


def _events_message(texts: Sequence[str]) -> str:
    return f'{{"events":[{",".join(texts)}]}}'


_ROOM: Final = MAX_MESSAGE_BYTES - len(_events_message([]))


def _fitting(event: CloudEvent) -> str:
    """Return the event as JSON; ``data.left_out`` names the fields that did not fit."""
    text, data, left_out = _json(event), dict(event["data"]), list[str]()
    for name in LARGE_FIELDS:
        if len(text.encode()) <= _ROOM:
            break
        if name in data:
            del data[name]
            left_out.append(name)
            text = _json(event | {"data": data | {LEFT_OUT: left_out}})
    return text


def by_client(events: Sequence[Event]) -> dict[str, list[Event]]:
    """Return the events of each client, in order; nobody follows an account's."""
    found = dict[str, list[Event]]()
    for event in events:
        if event.client:
            found.setdefault(event.client, []).append(event)
    return found


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
