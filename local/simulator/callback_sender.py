"""Sends callbacks to loopback addresses; repeats those that are not answered with 200."""

import http.client
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from threading import Lock
from typing import Final, TypeAlias
from urllib.parse import SplitResult, urlsplit

from local.simulator.ledger import Delivery, Ledger, Task
from local.simulator.schedule import Schedule

LOOPBACK: Final = frozenset({"127.0.0.1", "localhost"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """One callback; ``signature`` is how it was signed: good, stale, wrong or none."""

    body: bytes
    headers: Mapping[str, str]
    signature: str


MakeCallback: TypeAlias = Callable[[], Callback]
"""Makes a callback for each attempt, so that its timestamp is that of the attempt."""


def is_loopback(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname in LOOPBACK


class CallbackSender:
    """Sends callbacks; ``retry_seconds`` has the pause before each further attempt."""

    def __init__(
        self,
        *,
        schedule: Schedule,
        ledger: Ledger,
        clock: Callable[[], float],
        timeout: float,
        retry_seconds: tuple[float, ...],
        log: Callable[[str], None],
    ) -> None:
        self._schedule = schedule
        self._ledger = ledger
        self._clock = clock
        self._timeout = timeout
        self._retry_seconds = retry_seconds
        self._log = log
        self._open: set[socket.socket] = set()
        self._is_closed = False
        self._lock = Lock()

    def deliver(self, task: Task, make: MakeCallback, attempt: int = 1) -> None:
        callback, at = make(), self._clock()
        url = task.callback_url or ""
        if not is_loopback(url):
            self._note(
                task, callback, at, attempt, status=None, error="refused: not http on loopback"
            )
            return
        status, error = self._post(urlsplit(url), callback)
        self._note(task, callback, at, attempt, status=status, error=error)
        if status != HTTPStatus.OK and attempt <= len(self._retry_seconds):
            pause = self._retry_seconds[attempt - 1]
            self._schedule.after(pause, lambda: self.deliver(task, make, attempt + 1))

    def stop(self) -> None:
        """Close the connections that wait for an answer, and send nothing more."""
        with self._lock:
            self._is_closed = True
            for line in self._open:
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def _post(self, target: SplitResult, callback: Callback) -> tuple[int | None, str]:
        port = target.port or 80
        # Never by name: a hosts file may point localhost anywhere.
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=self._timeout)
        path = (target.path or "/") + (f"?{target.query}" if target.query else "")
        headers = {**callback.headers, "Host": f"{target.hostname}:{port}"}
        try:
            with closing(connection):
                connection.connect()
                with self._watched(connection.sock):
                    connection.request("POST", path, callback.body, headers)
                    with connection.getresponse() as response:
                        return response.status, ""
        except (OSError, http.client.HTTPException) as error:
            return None, type(error).__name__

    @contextmanager
    def _watched(self, line: socket.socket) -> Iterator[None]:
        """Let ``stop`` close this connection."""
        with self._lock:
            if self._is_closed:
                raise ConnectionAbortedError
            self._open.add(line)
        try:
            yield
        finally:
            with self._lock:
                self._open.discard(line)

    def _note(
        self,
        task: Task,
        callback: Callback,
        at: float,
        attempt: int,
        *,
        status: int | None,
        error: str,
    ) -> None:
        self._ledger.delivered(
            task,
            Delivery(
                at=at,
                attempt=attempt,
                signature=callback.signature,
                status=status,
                error=error,
                seconds=self._clock() - at,
            ),
        )
        # Without the URL: its path contains the receiver's token.
        self._log(f"callback {task.id} attempt {attempt} -> {status or error}")
