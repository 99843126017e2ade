"""Carries out steps for ``asyncio``. Files are written between two awaits: a chunk at a time."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeVar

import httpx

from ringback_client.async_lines import AsyncConnect, AsyncLine
from ringback_client.http import (
    FAILURES,
    Writer,
    answer_of,
    api_options,
    configured,
    failure_of,
    form_of,
    link_options,
    range_of,
    request_of,
)
from ringback_client.settings import Settings
from ringback_client.steps import (
    Emit,
    Fetch,
    Hear,
    Open,
    Say,
    Send,
    SendForm,
    Sleep,
    Step,
    Steps,
    Walk,
)

T = TypeVar("T")


class AsyncTransport:
    def __init__(
        self,
        settings: Settings,
        transport: httpx.AsyncBaseTransport | None,
        connect: AsyncConnect,
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        with configured():
            self._api = httpx.AsyncClient(**api_options(settings), transport=transport)
            self._links = httpx.AsyncClient(**link_options(), transport=transport)
        self._live_url, self._connect, self._sleep = settings.live_url, connect, sleep

    async def run(self, steps: Steps[T]) -> T:
        walk = Walk(steps)
        async for _ in self._items(walk):
            pass
        return walk.value

    def iterate(self, steps: Steps[Any]) -> AsyncIterator[Any]:
        return self._items(Walk(steps))

    async def close(self) -> None:
        await self._api.aclose()
        await self._links.aclose()

    async def _items(self, walk: Walk[Any]) -> AsyncIterator[Any]:
        line = AsyncLine(self._live_url, self._connect)
        try:
            while (step := walk.next()) is not None:
                if isinstance(step, Emit):
                    yield step.item
                    continue
                try:
                    walk.result = await self._carry_out(step, line)
                except Exception as error:  # noqa: BLE001 the steps decide what to do about it
                    walk.failure = error
        finally:
            await line.close()

    async def _carry_out(self, step: Step, line: AsyncLine) -> Any:
        match step:
            case Send():
                return await self._send(step)
            case Fetch():
                return await self._fetch(step)
            case SendForm():
                return await self._send_form(step)
            case Sleep(seconds):
                await self._sleep(seconds)
            case Open():
                await line.open()
            case Say(text):
                await line.say(text)
            case Hear(seconds):
                return await line.hear(seconds)
        return None

    async def _send(self, step: Send) -> Any:
        try:
            return answer_of(await self._api.request(**request_of(step)))
        except FAILURES as error:
            raise failure_of(error) from error

    async def _send_form(self, step: SendForm) -> Any:
        try:
            return answer_of(await self._links.request(**form_of(step)))
        except FAILURES as error:
            raise failure_of(error) from error

    async def _fetch(self, step: Fetch) -> int:
        try:
            async with self._links.stream("GET", step.url, headers=range_of(step)) as response:
                writer = Writer(step, response)
                if writer.is_wanted:
                    with writer.open() as file:
                        async for chunk in response.aiter_bytes():
                            if not writer.write(file, chunk):
                                break
                return response.status_code
        except FAILURES as error:
            raise failure_of(error) from error
