"""Runs a command, and ends it with everything it started once the parent lets go.

``python guard.py <fd> <folder> <command>...``: ``fd`` is the read end of a pipe, and only the
parent has the write end. The parent closes it to stop the command; the kernel closes it when the
parent ends, SIGKILL included. Then the command's process group is ended and ``folder`` (empty for
none) is removed. The exit code is the command's.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable

TERMINATE_SECONDS = 3.0
KILL_SECONDS = 2.0


def main(words: list[str]) -> int:
    pipe, folder, *command = words
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Only the pipe stops it. Handlers, since the command would inherit ignored signals.
        signal.signal(number, lambda *_: None)
    child = subprocess.Popen(command, process_group=0)
    is_stopping = threading.Event()
    stopping = threading.Thread(
        target=_stop_with_parent, args=(int(pipe), child.pid, is_stopping), daemon=True
    )
    stopping.start()
    code = child.wait()
    if is_stopping.is_set():
        stopping.join()
        if folder:
            shutil.rmtree(folder, ignore_errors=True)
    return code if code >= 0 else 128 - code


def _stop_with_parent(pipe: int, group: int, is_stopping: threading.Event) -> None:
    while os.read(pipe, 1):
        pass
    is_stopping.set()
    for number, seconds in ((signal.SIGTERM, TERMINATE_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, number)
        if _comes_true(lambda: not _has_members(group), seconds):
            return


def _has_members(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except (ProcessLookupError, PermissionError):
        return False
    return True


def _comes_true(is_so: Callable[[], bool], seconds: float) -> bool:
    end = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() >= end:
            return False
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
