"""Reads what a function has logged without a wait, which AWS does not have either.

By itself the emulator waits 50 ms after each event for lines that a quiet function never writes.
"""

import queue
import time
from array import array
from fcntl import ioctl
from termios import FIONREAD
from typing import Any, Final

# A function writes its lines before its answer, so that they are in the pipe by then. Only the
# thread that reads the pipe may still hold some.
STEP_SECONDS: Final = 0.001
MAX_SECONDS: Final = 0.25


def read_logs_at_once() -> None:
    """Patch the emulator, which this process is about to run."""
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]

    lambda_runtime.Worker._drain_stderr_bounded = logged


def logged(worker: Any, **_: float) -> str:
    """Return the lines that a worker of the emulator's has written to its standard error."""
    lines, until = list[str](), time.monotonic() + MAX_SECONDS
    was_read = False
    while time.monotonic() < until:
        found = _take(worker._stderr_queue)
        lines += found
        is_read = not found and _is_read(worker)
        if is_read and was_read:
            break
        was_read = is_read
        time.sleep(STEP_SECONDS)
    return "\n".join(lines)


def _take(lines: "queue.Queue[str]") -> list[str]:
    taken = list[str]()
    while True:
        try:
            taken.append(lines.get_nowait())
        except queue.Empty:
            return taken


def _is_read(worker: Any) -> bool:
    if worker._proc is None:  # it has been stopped, and is read to its end
        return not (worker._stderr_thread and worker._stderr_thread.is_alive())
    unread = array("i", [0])
    ioctl(worker._proc.stderr.fileno(), FIONREAD, unread)
    return unread[0] == 0
