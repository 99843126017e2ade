"""The requests received, so that a test can count them."""

from collections import deque
from threading import Lock
from typing import Any, Final

from local.simulator.http_messages import Ending, Reply, Request

_KEPT: Final = 10_000


class RequestLog:
    """Holds no headers and no bodies, and therefore no keys."""

    def __init__(self) -> None:
        self._lines: deque[dict[str, Any]] = deque(maxlen=_KEPT)
        self._lock = Lock()

    def add(self, request: Request, reply: Reply, *, at: float) -> None:
        line = {
            "at": at,
            "method": request.method,
            "path": request.path,
            "query": request.raw_query,
            "status": None if reply.ending is Ending.NOTHING else int(reply.status),
            "about": reply.about,
        }
        with self._lock:
            self._lines.append(line)

    def as_json(self) -> list[dict[str, Any]]:
        with self._lock:
            return list(self._lines)
