"""Carries out steps, blocking; safe to use from several threads."""

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx

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
from ringback_client.lines import Connect, Line
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


class Transport:
    def __init__(
        self,
        settings: Settings,
        transport: httpx.BaseTransport | None,
        connect: Connect,
        sleep: Callable[[float], None],
    ) -> None:
        with configured():
            self._api = httpx.Client(**api_options(settings), transport=transport)
            self._links = httpx.Client(**link_options(), transport=transport)
        self._live_url, self._connect, self._sleep = settings.live_url, connect, sleep

    def run(self, steps: Steps[T]) -> T:
        walk = Walk(steps)
        for _ in self._items(walk):
            pass
        return walk.value

    def iterate(self, steps: Steps[Any]) -> Iterator[Any]:
        return self._items(Walk(steps))

    def close(self) -> None:
        self._api.close()
        self._links.close()

    def _items(self, walk: Walk[Any]) -> Iterator[Any]:
        line = Line(self._live_url, self._connect)
        try:
            while (step := walk.next()) is not None:
                if isinstance(step, Emit):
                    yield step.item
                    continue
                try:
                    walk.result = self._carry_out(step, line)
                except Exception as error:  # noqa: BLE001 the steps decide what to do about it
                    walk.failure = error
        finally:
            line.close()

    def _carry_out(self, step: Step, line: Line) -> Any:
        match step:
            case Send():
                return self._send(step)
            case Fetch():
                return self._fetch(step)
            case SendForm():
                return self._send_form(step)
            case Sleep(seconds):
                self._sleep(seconds)
            case Open():
                line.open()
            case Say(text):
                line.say(text)
            case Hear(seconds):
                return line.hear(seconds)
        return None

    def _send(self, step: Send) -> Any:
        try:
            return answer_of(self._api.request(**request_of(step)))
        except FAILURES as error:
            raise failure_of(error) from error

    def _send_form(self, step: SendForm) -> Any:
        try:
            return answer_of(self._links.request(**form_of(step)))
        except FAILURES as error:
            raise failure_of(error) from error

    def _fetch(self, step: Fetch) -> int:
        try:
            with self._links.stream("GET", step.url, headers=range_of(step)) as response:
                writer = Writer(step, response)
                if writer.is_wanted:
                    with writer.open() as file:
                        for chunk in response.iter_bytes():
                            if not writer.write(file, chunk):
                                break
                return response.status_code
        except FAILURES as error:
            raise failure_of(error) from error
