"""The live line in memory."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ringback.domain.events import Event
from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import JobId
from ringback.domain.live import KEPT, CloudEvent, Connection, Missed

from tests.support.jobs import NOON


def a_connection(number: int = 0, *, opened_at: datetime = NOON) -> Connection:
    return Connection(id=f"c{number}=", opened_at=opened_at + timedelta(seconds=number))


@dataclass
class InMemoryFollowers:
    connections: dict[str, list[Connection]] = field(default_factory=dict)

    def add(self, client: str, connection: Connection, *, at: datetime) -> Sequence[Connection]:
        known = self.connections.setdefault(client, [])
        if connection not in known:
            known.append(connection)
        return sorted(known, key=lambda each: each.opened_at)

    def of(self, client: str, *, at: datetime) -> Sequence[Connection] | None:
        found = self.connections.get(client)
        return None if found is None else [each for each in found if not each.is_over(at=at)]

    def remove(self, client: str, connections: Sequence[Connection]) -> None:
        assert connections, "DynamoDB refuses an empty set"
        for each in connections:
            self.connections[client].remove(each)


@dataclass
class InMemoryKept:
    added: list[tuple[str, datetime, Event]] = field(default_factory=list)
    is_complete: bool = True

    def add(self, client: str, events: Sequence[Event], *, at: datetime) -> None:
        self.added += [(client, at, event) for event in events]

    def since(self, client: str, moment: datetime, *, at: datetime) -> Missed:
        events = [each for owner, when, each in self.added if owner == client and when >= moment]
        ids = {JobId(each.subject): None for each in events if is_job_id(each.subject)}
        others: list[CloudEvent] = [
            each.cloud_event() for each in events if not is_job_id(each.subject)
        ]
        is_complete = self.is_complete and moment >= at - KEPT
        return Missed(job_ids=[*ids], others=others, is_complete=is_complete)


@dataclass
class InMemoryLines:
    """``dead`` are the ids of connections that take nothing."""

    sent: list[tuple[str, Any]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    dead: set[str] = field(default_factory=set)

    def send(self, connection: Connection, message: str) -> bool:
        if connection.id in {*self.dead, *self.closed}:
            return False
        self.sent.append((connection.id, json.loads(message)))
        return True

    def close(self, connection: Connection) -> None:
        self.closed.append(connection.id)

    def events_of(self, connection_id: str) -> list[str]:
        """Return the ids of the events that a connection was sent."""
        messages = [message for each, message in self.sent if each == connection_id]
        return [event["id"] for each in messages for event in each.get("events", [])]
