"""Ctrl-C, SIGTERM and a closed terminal stop a stack alike, and never interrupt its cleanup."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """Raises ``KeyboardInterrupt`` for each of ``SIGNALS``, but never inside a deferred block."""

    def __init__(self) -> None:
        self._deferred = 0
        self._pending = False

    @contextmanager
    def caught(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # Python delivers signals to the main thread only
            return
        before = {number: signal.signal(number, self._receive) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Let the block finish; a signal received meanwhile is raised after it."""
        self._deferred += 1
        try:
            yield
        finally:
            self._deferred -= 1
            if self._pending and not self._deferred:
                self._pending = False
                raise KeyboardInterrupt

    def _receive(self, _number: int, _frame: FrameType | None) -> None:
        if self._deferred:
            self._pending = True
        else:
            raise KeyboardInterrupt
