"""Child processes, each with its own process group and log file, stopped with all it started."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from local.failures import LocalFailure
from local.interrupts import Interrupts

TERMINATE_SECONDS = 5.0
KILL_SECONDS = 2.0
LINES_SHOWN = 25


class Process:
    """One child. Its own session keeps the terminal's Ctrl-C from reaching it before us."""

    def __init__(
        self, name: str, command: Sequence[str | Path], *, log: Path, interrupts: Interrupts
    ) -> None:
        self.name = name
        self._command = [str(part) for part in command]
        self._log = log
        self._interrupts = interrupts
        self._child: subprocess.Popen[bytes] | None = None

    def start(self, *, environment: Mapping[str, str], directory: Path) -> None:
        if not Path(self._command[0]).exists():
            raise LocalFailure(f"{self._command[0]} is missing. Install it: make environments")
        with self._log.open("wb") as log, self._interrupts.deferred():
            self._child = subprocess.Popen(
                self._command,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float) -> None:
        """Raise ``LocalFailure`` if the process ends first, or isn't ready in time."""
        for _ in attempts(seconds):
            if self._started.poll() is not None:
                raise self.failure("ended at once")
            if is_ready():
                return
        raise self.failure(f"was not ready after {seconds:.0f} seconds")

    def wait_until_done(self, *, seconds: float) -> None:
        try:
            code = self._started.wait(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise self.failure(f"took longer than {seconds:.0f} seconds") from error
        if code:
            raise self.failure(f"failed with exit code {code}")

    def stop(self) -> None:
        """End the whole process group; safe to call at any time, also twice."""
        if self._child is None:
            return
        for number, seconds in (
            (signal.SIGTERM, TERMINATE_SECONDS),
            (signal.SIGKILL, KILL_SECONDS),
        ):
            if not self._send(number):
                break
            for _ in attempts(seconds):
                self._child.poll()
                if not self._send(0):
                    break
        self._child.wait(timeout=KILL_SECONDS)

    def failure(self, what: str) -> LocalFailure:
        lines = self._log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
        return LocalFailure("\n".join([f"{self.name} {what}. Its last lines:", *lines]))

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise LocalFailure(f"{self.name} was never started.")
        return self._child

    def _send(self, number: int) -> bool:
        """Signal the group; false when nothing of it is left."""
        try:
            os.killpg(self._started.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True


def attempts(seconds: float, *, pause: float = 0.05) -> Iterator[None]:
    """Yield until the time is over, pausing between attempts, at least once."""
    end = time.monotonic() + seconds
    while True:
        yield
        if time.monotonic() >= end:
            return
        time.sleep(pause)
