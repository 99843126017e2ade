"""Child processes, each with a log file, which are stopped with everything they started."""

import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from local.failures import LocalFailure
from local.interrupts import Interrupts
from local.waiting import STANDSTILL_SECONDS, wait_for

GUARD = Path(__file__).with_name("guard.py")
POLL_SECONDS = 0.05
LINES_SHOWN = 25


class Process:
    """One child under ``local/guard.py``, so that it never outlives this process.

    Its own session keeps the terminal's Ctrl-C from reaching it before us. ``folder`` is removed
    once it has been stopped.
    """

    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        log: Path,
        interrupts: Interrupts,
        folder: Path | None = None,
    ) -> None:
        self.name = name
        self._command = [str(part) for part in command]
        self._log = log
        self._interrupts = interrupts
        self._folder = folder
        self._child: subprocess.Popen[bytes] | None = None
        self._lifeline: int | None = None

    def start(self, *, environment: Mapping[str, str], directory: Path) -> None:
        if not Path(self._command[0]).exists():
            raise LocalFailure(f"{self._command[0]} is missing. Install it: make environments")
        with self._log.open("wb") as log, self._interrupts.deferred():
            self._child, self._lifeline = start_guarded(
                self._command,
                folder=self._folder,
                cwd=directory,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def wait_until(self, is_ready: Callable[[], bool]) -> None:
        """Raise ``LocalFailure`` if the process ends first, or its log stands still."""
        self._wait(lambda: self._has_ended or is_ready(), "become ready")
        if self._has_ended:
            raise self.failure("ended at once")

    def wait_until_done(self, *, standstill: float = STANDSTILL_SECONDS) -> None:
        """Raise ``LocalFailure`` if the process fails, or its log stands still."""
        self._wait(lambda: self._has_ended, "finish", standstill=standstill)
        if code := self._started.returncode:
            raise self.failure(f"failed with exit code {code}")

    @property
    def _has_ended(self) -> bool:
        return self._started.poll() is not None

    def _wait(
        self, is_over: Callable[[], bool], what: str, *, standstill: float = STANDSTILL_SECONDS
    ) -> None:
        def observe() -> tuple[bool, int]:
            return is_over(), self._log.stat().st_size

        try:
            wait_for(
                observe,
                lambda seen: seen[0],
                what=f"{self.name} to {what}",
                pause=POLL_SECONDS,
                standstill=standstill,
            )
        except LocalFailure as failure:
            raise self.failure(f"did not {what}, and its log stands still") from failure

    def stop(self) -> None:
        """End the process with all that it started; safe to call at any time, also twice."""
        if self._lifeline is not None:
            os.close(self._lifeline)
            self._lifeline = None
            self._started.wait()

    def failure(self, what: str) -> LocalFailure:
        lines = self._log.read_text(errors="replace").splitlines()[-LINES_SHOWN:]
        return LocalFailure("\n".join([f"{self.name} {what}. Its last lines:", *lines]))

    @property
    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None:
            raise LocalFailure(f"{self.name} was never started.")
        return self._child


def start_guarded(
    command: Sequence[str], *, folder: Path | None = None, **options: Any
) -> tuple["subprocess.Popen[Any]", int]:
    """Start ``command`` so that it ends, with everything it started, when this process does.

    ``options`` are those of ``subprocess.Popen``. The second value is a file descriptor: closing it
    stops the command.
    """
    read_end, write_end = os.pipe()
    guard = [sys.executable, "-I", "-S", str(GUARD), str(read_end), str(folder or ""), *command]
    try:
        child = subprocess.Popen(guard, pass_fds=[read_end], start_new_session=True, **options)
    except BaseException:
        os.close(write_end)
        raise
    finally:
        os.close(read_end)
    return child, write_end
