"""The simulator as one object: start it, use its URL, stop it."""

import secrets
import time
from collections.abc import Callable
from functools import partial
from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Self

from local.simulator.callback_sender import CallbackSender
from local.simulator.cdn import Cdn
from local.simulator.control import Control
from local.simulator.fault_board import FaultBoard
from local.simulator.http_messages import Ending, Reply, Request, find_handler, json_reply
from local.simulator.ledger import Ledger
from local.simulator.links import CDN_PATH, Links
from local.simulator.providers import provider_modules
from local.simulator.receivers import Receivers
from local.simulator.request_log import RequestLog
from local.simulator.schedule import Schedule
from local.simulator.server import LoopbackServer
from local.simulator.settings import Settings
from local.simulator.wallet import Wallet
from local.simulator.world import World


def _new_link_id() -> str:
    return secrets.token_urlsafe(24)


class Simulator:
    """Listens on 127.0.0.1 from ``start`` to ``stop``; it cannot be started again."""

    def __init__(
        self,
        settings: Settings,
        *,
        clock: Callable[[], float] = time.time,
        new_link_id: Callable[[], str] = _new_link_id,
    ) -> None:
        self._clock = clock
        self._requests = RequestLog()
        self._log: Callable[[str], None] = _print if settings.verbose else _discard
        self._server: LoopbackServer | None = None
        self._thread: Thread | None = None
        self._world = self._build_world(settings, new_link_id)
        self._routes = {
            route: handler
            for module in provider_modules("api")
            for route, handler in module.API(self._world).routes().items()
        }
        wait = partial(self._world.stopping.wait, settings.image_seconds)
        self._routes |= {
            **Cdn(self._world.links, clock, wait).routes(),
            **Receivers(clock, self._world.stopping).routes(),
            **self._control().routes(),
        }

    @property
    def url(self) -> str:
        """The base URL, without a trailing slash."""
        if self._server is None:
            raise RuntimeError("the simulator is not started")
        return f"http://127.0.0.1:{self._server.server_port}"

    def start(self) -> Self:
        """Start listening. Raises ``OSError`` if the port is in use."""
        self._server = LoopbackServer(self._world.settings.port, self._answer)
        # The poll interval only delays a shutdown: the default of 0.5 s would slow every test.
        self._thread = Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._world.schedule.start()
        self._thread.start()
        return self

    def stop(self) -> None:
        """Close all connections, drop scheduled actions, and wait for every thread."""
        if self._server is None or self._thread is None:
            return
        self._world.stopping.set()
        self._server.shutdown()
        self._thread.join()
        self._world.callbacks.stop()
        self._world.schedule.stop()
        self._server.hang_up()
        self._server.server_close()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _answer(self, request: Request) -> Reply:
        handler = find_handler(self._routes, request)
        if handler is None:
            return json_reply({"error": "no such endpoint"}, 404)
        reply = handler(request)
        if not request.path.startswith("/_simulator/"):
            self._requests.add(request, reply, at=self._clock())
            path = CDN_PATH if request.path.startswith(CDN_PATH) else request.path
            whole = reply.ending is Ending.WHOLE
            self._log(f"{request.method} {path} -> {reply.status if whole else reply.ending.value}")
        return reply

    def _control(self) -> Control:
        world = self._world
        return Control(
            ledger=world.ledger,
            links=world.links,
            faults=world.faults,
            requests=self._requests,
            wallet=world.wallet,
            clock=self._clock,
        )

    def _build_world(self, settings: Settings, new_link_id: Callable[[], str]) -> World:
        ledger, schedule = Ledger(), Schedule()
        return World(
            settings=settings,
            clock=self._clock,
            url=lambda: self.url,
            log=self._log,
            stopping=Event(),
            schedule=schedule,
            ledger=ledger,
            # Randomness must be repeatable here, not unpredictable.
            faults=FaultBoard(Random(settings.seed)),  # noqa: S311
            links=Links(new_id=new_link_id),
            callbacks=CallbackSender(
                schedule=schedule,
                ledger=ledger,
                clock=self._clock,
                timeout=settings.callback_timeout_seconds,
                retry_seconds=settings.callback_retry_seconds,
                log=self._log,
            ),
            wallet=Wallet(settings.credits),
        )


def _print(line: str) -> None:
    print(line, flush=True)


def _discard(_: str) -> None:
    pass
