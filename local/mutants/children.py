"""Child processes that each try one fault, and how they end."""

import os
import resource
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Generic, TypeVar

POLL_SECONDS: Final = 0.02
# Of the clock, for each second of the processor: other processes want it, too.
PATIENCE: Final = 20

Key = TypeVar("Key")


class Outcome(Enum):
    KILLED = auto()
    HUNG = auto()
    SURVIVED = auto()
    NOT_TRIED = auto()
    RUNS_AT_IMPORT = auto()


@dataclass
class Children(Generic[Key]):
    """``at_once`` run at the same time; the others wait."""

    at_once: int
    _running: dict[int, tuple[Key, float]] = field(default_factory=dict)

    def add(self, child: int, key: Key, *, within: float) -> None:
        self._running[child] = (key, time.monotonic() + PATIENCE * within)

    def outcomes(self, *, of_all: bool = False) -> Iterator[tuple[Key, Outcome]]:
        """Yield what has ended until another child may start, or until ``of_all`` have."""
        while len(self._running) >= (1 if of_all else self.at_once):
            yield from self._ended()
            time.sleep(POLL_SECONDS)

    def _ended(self) -> Iterator[tuple[Key, Outcome]]:
        for child, (key, end) in list(self._running.items()):
            is_late = time.monotonic() >= end
            if is_late:
                os.killpg(child, signal.SIGKILL)
            ended, status = os.waitpid(child, 0 if is_late else os.WNOHANG)
            if ended:
                del self._running[child]
                yield key, _outcome(status)


def _outcome(status: int) -> Outcome:
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGXCPU):
        return Outcome.HUNG
    return Outcome.KILLED if status else Outcome.SURVIVED


def silence() -> None:
    """Print nothing from here on."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)


def fork(*, within: float) -> int:
    """Return 0 in the child, which may use the processor ``within`` seconds."""
    child = os.fork()
    if child:
        return child
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_CPU, (int(within) + 1, resource.RLIM_INFINITY))
    return 0
