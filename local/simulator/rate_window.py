"""A limit of creates in a sliding window of time."""

from collections import deque
from threading import Lock


class RateWindow:
    """A refused attempt does not count towards the limit."""

    def __init__(self, *, limit: int, seconds: float) -> None:
        self._limit = limit
        self._seconds = seconds
        self._admitted: deque[float] = deque()
        self._lock = Lock()

    def admit(self, *, now: float) -> bool:
        with self._lock:
            while self._admitted and self._admitted[0] <= now - self._seconds:
                self._admitted.popleft()
            if len(self._admitted) >= self._limit:
                return False
            self._admitted.append(now)
            return True
