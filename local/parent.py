"""Ends this process when the one that started it ends."""

import os
import signal
import threading
import time

POLL_SECONDS = 0.5


def end_with_make() -> None:
    """Send SIGTERM to this process once the ``make`` that started it is gone.

    ``make`` passes Ctrl-C and SIGTERM on by itself; this is for ``kill -9``. Without ``make``
    above it, a process may outlive its parent: a shell that put it into the background.
    """
    if "MAKELEVEL" in os.environ:
        threading.Thread(target=_watch, args=(os.getppid(),), daemon=True).start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(POLL_SECONDS)
    os.kill(os.getpid(), signal.SIGTERM)
