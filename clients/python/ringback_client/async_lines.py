"""The live line's connection for ``asyncio``."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from websockets.asyncio import client

from ringback_client.lines import FAILURES, options, text_of
from ringback_client.steps import LineClosed
from ringback_client.words import words_of


class AsyncConnection(Protocol):
    async def send(self, message: str, /) -> None: ...
    async def recv(self) -> str | bytes: ...
    async def close(self) -> None: ...


AsyncConnect = Callable[[str], Awaitable[AsyncConnection]]


async def connect_async(url: str) -> AsyncConnection:
    return await client.connect(url, **options(url))


class AsyncLine:
    def __init__(self, url: str, connect: AsyncConnect) -> None:
        self._url, self._connect = url, connect
        self._connection: AsyncConnection | None = None

    async def open(self) -> None:
        await self.close()
        try:
            self._connection = await self._connect(self._url)
        except FAILURES as error:
            raise LineClosed(words_of(error)) from error

    async def say(self, text: str) -> None:
        try:
            await self._open_one.send(text)
        except FAILURES as error:
            raise LineClosed(words_of(error)) from error

    async def hear(self, seconds: float) -> str | None:
        try:
            async with asyncio.timeout(seconds):
                return text_of(await self._open_one.recv())
        except TimeoutError:
            return None
        except FAILURES as error:
            raise LineClosed(words_of(error)) from error

    async def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    @property
    def _open_one(self) -> AsyncConnection:
        if self._connection is None:
            raise LineClosed("not open")
        return self._connection
