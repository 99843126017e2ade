"""Access tokens: only the newest one is valid, for a limited time."""

import secrets
from threading import Lock


class Tokens:
    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._token = ""
        self._ends_at = 0.0
        self._lock = Lock()
        self.issued = 0

    def issue(self, *, now: float) -> tuple[str, int]:
        """Return a new token and when it expires, in Unix seconds."""
        with self._lock:
            self._token, self._ends_at = secrets.token_urlsafe(24), now + self._seconds
            self.issued += 1
            return self._token, int(self._ends_at)

    def kill(self) -> None:
        """Invalidate the token, as if another client had fetched one."""
        with self._lock:
            self._token = ""

    def is_live(self, offered: str, *, now: float) -> bool:
        with self._lock:
            known = bool(self._token) and secrets.compare_digest(
                offered.encode(), self._token.encode()
            )
            return known and now < self._ends_at
