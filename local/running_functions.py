"""Lets the running functions of the local AWS finish when they are updated, as Lambda does.

By itself the emulator kills them, whatever they are doing.
"""

import time
from collections.abc import Callable, Iterable
from threading import Thread
from typing import Any

POLL_SECONDS = 0.05


def let_running_functions_finish() -> None:
    """Patch the emulator, which this process is about to run."""
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]

    lambda_runtime.kill_workers = finishing(lambda_runtime.kill_workers)


def finishing(kill: Callable[[list[Any]], None]) -> Callable[[Iterable[Any]], None]:
    """Return ``kill`` for workers of which each is killed once it is no longer ``in_use``."""

    def kill_when_idle(workers: Iterable[Any]) -> None:
        busy, idle = list[Any](), list[Any]()
        for worker in workers:
            (busy if worker.in_use else idle).append(worker)
        kill(idle)
        if busy:
            Thread(target=wait_for, args=(busy,), daemon=True).start()

    def wait_for(busy: list[Any]) -> None:
        while any(worker.in_use for worker in busy):
            time.sleep(POLL_SECONDS)
        kill(busy)

    return kill_when_idle
