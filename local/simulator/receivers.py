"""Receivers of webhooks that behave as their path says, and record what arrives.

The path is ``/receivers/{behaviour}``, with anything after it: each path counts by itself. Over TLS
the certificate is one that nobody vouches for.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from threading import Condition, Event
from time import monotonic
from typing import Any, Final

from local.simulator.http_messages import CUT, Reply, Request, Routes, json_reply, text_reply

RECEIVERS: Final = "/receivers/"
# Longer than any sender waits.
_HANGS: Final = 60.0
# Seconds for which who asks for webhooks is kept waiting.
MAX_WAIT: Final = 120.0
_STOPS_WITHIN: Final = 0.2
_BEHAVIOUR: Final = re.compile(rf"{RECEIVERS}([a-z]+)(?:-([0-9]{{1,4}}))?(?:/.*)?")

# What a receiver does with its nth request: a reply, perhaps after so many seconds.
Behaviour = Callable[[int, int], tuple[float, Reply]]

OK: Final = text_reply("thanks", HTTPStatus.OK)


def _failing(number: int, nth: int) -> tuple[float, Reply]:
    return 0, text_reply("not today", 500) if nth <= number else OK


def _busy(number: int, nth: int) -> tuple[float, Reply]:
    later = Reply(status=429, headers={"Retry-After": str(number)})
    return 0, later if nth == 1 else OK


BEHAVIOURS: Final[Mapping[str, tuple[str, Behaviour]]] = {
    "ok": ("answers 200", lambda number, nth: (0, OK)),
    "fail": ("fail-5 answers 500 five times, then 200", _failing),
    "slow": ("slow-3 answers 200 after three seconds", lambda number, nth: (number, OK)),
    "hang": ("never answers", lambda number, nth: (_HANGS, CUT)),
    "gone": ("answers 410", lambda number, nth: (0, Reply(status=410))),
    "busy": ("busy-2 answers 429 with Retry-After: 2 once, then 200", _busy),
    "redirect": (
        "answers 302",
        lambda number, nth: (0, Reply(status=302, headers={"Location": f"{RECEIVERS}ok/moved"})),
    ),
}


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    at: float
    headers: Mapping[str, str]
    body: str
    status: int

    def as_json(self) -> dict[str, Any]:
        return {
            "path": self.path,
            "at": self.at,
            "headers": dict(self.headers),
            "body": self.body,
            "status": self.status,
        }


@dataclass(slots=True)
class Receivers:
    """``stopping`` ends every wait."""

    clock: Callable[[], float]
    stopping: Event
    received: list[Received] = field(default_factory=list)
    changed: Condition = field(default_factory=Condition)

    def routes(self) -> Routes:
        return {
            ("POST", RECEIVERS): self._receive,
            ("GET", "/_simulator/webhooks"): self._show,
            ("GET", "/_simulator/receivers"): self._explain,
        }

    def _receive(self, request: Request) -> Reply:
        found = _BEHAVIOUR.fullmatch(request.path)
        if not found or found[1] not in BEHAVIOURS:
            return text_reply("no such receiver", HTTPStatus.NOT_FOUND)
        with self.changed:
            nth = 1 + sum(each.path == request.path for each in self.received)
            seconds, reply = BEHAVIOURS[found[1]][1](int(found[2] or 0), nth)
            body = request.body.decode("utf-8", "replace")
            self.received.append(
                Received(request.path, self.clock(), request.headers, body, reply.status)
            )
            self.changed.notify_all()
        return CUT if seconds and self.stopping.wait(seconds) else reply

    def _show(self, request: Request) -> Reply:
        """List what has arrived at ``path``, as soon as that are ``count``."""
        path, count = request.query("path"), int(request.query("count") or 0)

        def found() -> list[dict[str, Any]]:
            return [each.as_json() for each in self.received if path in ("", each.path)]

        until = monotonic() + MAX_WAIT
        with self.changed:
            while len(found()) < count and monotonic() < until and not self.stopping.is_set():
                self.changed.wait(_STOPS_WITHIN)
            return json_reply(found())

    def _explain(self, _: Request) -> Reply:
        return json_reply({name: words for name, (words, _) in BEHAVIOURS.items()})
