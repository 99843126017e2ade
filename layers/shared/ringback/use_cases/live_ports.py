"""The ports of the live line."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from ringback.domain.events import Event
from ringback.domain.live import Connection, Missed


class Followers(Protocol):
    """Stores who follows: each client's open connections."""

    def add(self, client: str, connection: Connection, *, at: datetime) -> Sequence[Connection]:
        """Record a connection; return all of the client that may be open, oldest first."""
        ...

    def of(self, client: str, *, at: datetime) -> Sequence[Connection] | None:
        """Return the connections, oldest first; ``None`` if it has not followed for a day."""
        ...

    def remove(self, client: str, connections: Sequence[Connection]) -> None: ...


class KeptEvents(Protocol):
    """Stores for a day what those who follow may miss."""

    def add(self, client: str, events: Sequence[Event], *, at: datetime) -> None: ...

    def since(self, client: str, moment: datetime, *, at: datetime) -> Missed:
        """Return at least what was added since the moment, a day ago at most."""
        ...


class Lines(Protocol):
    """Sends to open connections, without waiting for whoever is at their other end."""

    def send(self, connection: Connection, message: str) -> bool:
        """Send a message; return false if the connection is closed, or may be."""
        ...

    def close(self, connection: Connection) -> None:
        """Close a connection, if it is open and that is possible."""
        ...
