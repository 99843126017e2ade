"""Send events to the clients that follow, and keep them for those that come back."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from ringback.domain.events import Event
from ringback.domain.live import Connection, by_client, events_messages
from ringback.use_cases.live_ports import Followers, KeptEvents, Lines

# For all events of a batch, and again for closing connections: the next batch waits for this one.
MAX_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TellFollowers:
    """A connection misses nothing unnoticed: one that could not be sent to is closed.

    Its client connects again and asks for what it has missed. Where there is no time to close it,
    it is sent nothing more, so that API Gateway closes it as idle. ``clock`` counts seconds;
    ``unsent`` gets the error if one client's events could not be sent or kept.
    """

    followers: Followers
    kept: KeptEvents
    lines: Lines
    now: Callable[[], datetime]
    clock: Callable[[], float]
    unsent: Callable[[Exception], None]

    def send(self, events: Sequence[Event]) -> None:
        until = self.clock() + MAX_SECONDS
        for client, own in by_client(events).items():
            # What one client's connections have cost is no reason to leave out another's.
            self._try(partial(self._tell, client, own, until))

    def _tell(self, client: str, events: Sequence[Event], until: float) -> None:
        at = self.now()
        if self.followers.of(client, at=at) is None:
            return
        self._try(partial(self.kept.add, client, events, at=at))
        # Only now: a client that connects meanwhile, and reads what is kept, may do so too early.
        connections = self.followers.of(client, at=at) or []
        messages = list(events_messages([event.cloud_event() for event in events]))
        if lost := list(self._lost(connections, messages, until)):
            self.followers.remove(client, lost)

    def _try(self, do: Callable[[], None]) -> None:
        try:
            do()
        except Exception as error:  # noqa: BLE001
            self.unsent(error)

    def _lost(
        self, connections: Sequence[Connection], messages: Sequence[str], until: float
    ) -> Iterator[Connection]:
        for connection in connections:
            if all(
                self.clock() < until and self.lines.send(connection, message)
                for message in messages
            ):
                continue
            if self.clock() < until + MAX_SECONDS:
                self.lines.close(connection)
            yield connection
