"""The live line's connection, blocking: one at a time, errors as ``LineClosed``."""

from collections.abc import Callable
from typing import Any, Final, Protocol

from websockets.exceptions import WebSocketException

from ringback_client.settings import is_here
from ringback_client.steps import LineClosed
from ringback_client.words import words_of

# A message has at most 32 KB.
LARGEST_MESSAGE: Final = 2**20
# Not imported is what a proxy by SOCKS needs.
FAILURES: Final = (OSError, WebSocketException, TimeoutError, ImportError)


class Connection(Protocol):
    def send(self, message: str, /) -> None: ...
    def recv(self, timeout: float | None = None) -> str | bytes: ...
    def close(self) -> None: ...


Connect = Callable[[str], Connection]


def options(url: str) -> dict[str, Any]:
    # No proxy can reach this machine.
    proxy = None if is_here(url) else True
    return {"proxy": proxy, "max_size": LARGEST_MESSAGE, "open_timeout": 15, "close_timeout": 1}


def connect(url: str) -> Connection:
    from websockets.sync import client  # slow to import, and many commands need no line

    return client.connect(url, **options(url))


class Line:
    def __init__(self, url: str, connect: Connect) -> None:
        self._url, self._connect = url, connect
        self._connection: Connection | None = None

    def open(self) -> None:
        self.close()
        try:
            self._connection = self._connect(self._url)
        except FAILURES as error:
            raise LineClosed(words_of(error)) from error

    def say(self, text: str) -> None:
        try:
            self._open_one.send(text)
        except FAILURES as error:
            raise LineClosed(words_of(error)) from error

    def hear(self, seconds: float) -> str | None:
        try:
            return text_of(self._open_one.recv(timeout=seconds))
        except TimeoutError:
            return None
        except FAILURES as error:
            raise LineClosed(words_of(error)) from error

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @property
    def _open_one(self) -> Connection:
        if self._connection is None:
            raise LineClosed("not open")
        return self._connection


def text_of(message: str | bytes) -> str:
    return message if isinstance(message, str) else message.decode(errors="replace")
