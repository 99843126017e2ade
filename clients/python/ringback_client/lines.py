"""The live line's connection, blocking or not: one at a time, errors as ``LineClosed``."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, Protocol

from websockets.asyncio import client as asynchronous
from websockets.exceptions import WebSocketException
from websockets.sync import client as blocking

from ringback_client.settings import is_here
from ringback_client.steps import LineClosed

# A message has at most 32 KB.
LARGEST_MESSAGE: Final = 2**20
FAILURES: Final = (OSError, WebSocketException, TimeoutError)


class Connection(Protocol):
    def send(self, message: str, /) -> None: ...
    def recv(self, timeout: float | None = None) -> str | bytes: ...
    def close(self) -> None: ...


class AsyncConnection(Protocol):
    async def send(self, message: str, /) -> None: ...
    async def recv(self) -> str | bytes: ...
    async def close(self) -> None: ...


Connect = Callable[[str], Connection]
AsyncConnect = Callable[[str], Awaitable[AsyncConnection]]


def _options(url: str) -> dict[str, Any]:
    # No proxy can reach this machine.
    proxy = None if is_here(url) else True
    return {"proxy": proxy, "max_size": LARGEST_MESSAGE, "open_timeout": 15, "close_timeout": 1}


def connect(url: str) -> Connection:
    return blocking.connect(url, **_options(url))


async def connect_async(url: str) -> AsyncConnection:
    return await asynchronous.connect(url, **_options(url))


class Line:
    def __init__(self, url: str, connect: Connect) -> None:
        self._url, self._connect = url, connect
        self._connection: Connection | None = None

    def open(self) -> None:
        self.close()
        try:
            self._connection = self._connect(self._url)
        except FAILURES as error:
            raise LineClosed(type(error).__name__) from error

    def say(self, text: str) -> None:
        try:
            self._open_one.send(text)
        except FAILURES as error:
            raise LineClosed(type(error).__name__) from error

    def hear(self, seconds: float) -> str | None:
        try:
            return _text(self._open_one.recv(timeout=seconds))
        except TimeoutError:
            return None
        except FAILURES as error:
            raise LineClosed(type(error).__name__) from error

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    @property
    def _open_one(self) -> Connection:
        if self._connection is None:
            raise LineClosed("not open")
        return self._connection


class AsyncLine:
    def __init__(self, url: str, connect: AsyncConnect) -> None:
        self._url, self._connect = url, connect
        self._connection: AsyncConnection | None = None

    async def open(self) -> None:
        await self.close()
        try:
            self._connection = await self._connect(self._url)
        except FAILURES as error:
            raise LineClosed(type(error).__name__) from error

    async def say(self, text: str) -> None:
        try:
            await self._open_one.send(text)
        except FAILURES as error:
            raise LineClosed(type(error).__name__) from error

    async def hear(self, seconds: float) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                return _text(await self._open_one.recv())
        except TimeoutError:
            return None
        except FAILURES as error:
            raise LineClosed(type(error).__name__) from error

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @property
    def _open_one(self) -> AsyncConnection:
        if self._connection is None:
            raise LineClosed("not open")
        return self._connection


def _text(message: str | bytes) -> str:
    return message if isinstance(message, str) else message.decode(errors="replace")
