"""The live line as a client sees it: events of its jobs, without asking."""

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from local.failures import LocalFailure
from local.ports import LOOPBACK
from local.waiting import STANDSTILL_SECONDS

ANSWER_SECONDS: Final = 30.0
# Between two tries to connect again.
PAUSE_SECONDS: Final = 1.0

Event = Mapping[str, Any]


@dataclass
class LiveLine:
    """Follows a client's jobs; connects again when it must, and then gets what it has missed.

    ``seen_until`` is the time of the newest event so far; none counts that came with what was
    missed before a connection broke, since older ones may have come after it. Raises
    ``LocalFailure``.
    """

    url: str
    key: str = field(repr=False)
    seen_until: str = ""
    _connection: ClientConnection | None = None
    _waiting: list[Event] = field(default_factory=list)
    _seen: set[str] = field(default_factory=set)

    def open(self) -> None:
        """Return once events are being sent."""
        known = len(self._waiting)
        is_here = urlsplit(self.url).hostname in (LOOPBACK, "localhost")
        try:
            # No proxy can reach this machine's loopback. Events of a burst come in one message.
            self._connection = connect(
                self.url, proxy=None if is_here else True, max_size=None, close_timeout=1
            )
            self._connection.send(json.dumps(self._request()))
            while not self._take(self._connection.recv(timeout=ANSWER_SECONDS)):
                pass
        except (OSError, WebSocketException, TimeoutError) as error:
            self._connection = None
            del self._waiting[known:]
            raise LocalFailure(f"{self.url}: {type(error).__name__}: {error}") from error

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def events(self, *, standstill: float = STANDSTILL_SECONDS) -> Iterator[Event]:
        """Yield each event once; raises ``LocalFailure`` if none comes for so many seconds."""
        until = time.monotonic() + standstill
        while True:
            for event in self._take_waiting():
                until = time.monotonic() + standstill
                yield event
            left = until - time.monotonic()
            if left <= 0:
                raise LocalFailure(f"No event came for {standstill:.0f} s.")
            self._receive(left)

    def _receive(self, seconds: float) -> None:
        if self._connection is None:
            self.open()
            return
        try:
            self._take(self._connection.recv(timeout=seconds))
        except TimeoutError:
            pass  # nothing has happened
        except ConnectionClosed:
            self._connection = None
            time.sleep(PAUSE_SECONDS)

    def _request(self) -> dict[str, str]:
        return {"key": self.key} | ({"since": self.seen_until} if self.seen_until else {})

    def _take(self, text: str | bytes) -> bool:
        """Keep the message's events; tell whether it says that the client follows."""
        message = json.loads(text)
        if "refused" in message or ("events" not in message and "following" not in message):
            raise LocalFailure(f"{self.url} answered {text!r:.500}")
        self._waiting += message.get("events", [])
        return "following" in message

    def _take_waiting(self) -> Iterator[Event]:
        while self._waiting:
            event = self._waiting.pop(0)
            self.seen_until = max(self.seen_until, event["time"])
            if event["id"] not in self._seen:
                self._seen.add(event["id"])
                yield event


def live_line(url: str, key: str) -> "closing[LiveLine]":
    """Return an open line for a ``with`` statement."""
    line = LiveLine(url, key)
    line.open()
    return closing(line)
