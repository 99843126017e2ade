"""Actions that run after a delay, on a few threads, until ``stop``."""

import heapq
import itertools
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Condition, Thread

_WORKERS = 16


class Schedule:
    def __init__(self) -> None:
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._changed = Condition()
        self._stopped = False
        self._workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="simulator-work")
        self._thread = Thread(target=self._run, name="simulator-schedule", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Run ``action`` in ``seconds``, unless the simulator is stopped before."""
        with self._changed:
            heapq.heappush(self._due, (time.monotonic() + seconds, next(self._order), action))
            self._changed.notify()

    def stop(self) -> None:
        """Drop actions that are not due yet and wait for those that are running."""
        with self._changed:
            self._stopped = True
            self._changed.notify()
        self._thread.join()
        self._workers.shutdown(cancel_futures=True)

    def _run(self) -> None:
        while (action := self._next()) is not None:
            self._workers.submit(action).add_done_callback(_report)

    def _next(self) -> Callable[[], None] | None:
        with self._changed:
            while not self._stopped:
                wait = self._due[0][0] - time.monotonic() if self._due else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(wait)
        return None


def _report(done: Future[None]) -> None:
    # A pool swallows exceptions; a bug in the simulator must be visible.
    error = None if done.cancelled() else done.exception()
    if error is not None:
        traceback.print_exception(error)
