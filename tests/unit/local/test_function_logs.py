"""The local AWS reads what a function logs, without waiting for what it does not."""

import os
import queue
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event, Thread, Timer
from typing import IO

from local.function_logs import logged

# A pipe holds more than the thread that reads it takes at a time.
MANY = [f"line {number} of a talkative function" for number in range(1500)]


@dataclass
class Process:
    stderr: IO[str]


@dataclass
class Worker:
    """As much of the emulator's as is looked at."""

    _proc: Process | None
    _stderr_queue: "queue.Queue[str]" = field(default_factory=queue.Queue)
    _stderr_thread: Thread | None = None


@contextmanager
def worker_that_writes(lines: list[str], *, once: Event | None = None) -> Iterator[Worker]:
    """Yield a worker whose lines are in its pipe; they are read ``once`` that is set."""
    reading, writing = os.pipe()
    stderr = os.fdopen(reading, encoding="utf-8")
    worker = Worker(Process(stderr))

    def read() -> None:
        if once:
            once.wait(10)
        for line in stderr:
            worker._stderr_queue.put(line.rstrip("\n"))

    worker._stderr_thread = Thread(target=read)
    os.write(writing, "".join(f"{line}\n" for line in lines).encode())
    worker._stderr_thread.start()
    try:
        yield worker
    finally:
        os.close(writing)
        worker._stderr_thread.join(10)
        stderr.close()


def test_a_quiet_function_is_not_waited_for() -> None:
    with worker_that_writes([]) as worker:
        assert min(seconds_of(worker) for _ in range(5)) < 0.02


def seconds_of(worker: Worker) -> float:
    began = time.monotonic()
    assert logged(worker) == ""
    return time.monotonic() - began


def test_all_that_was_written_is_read() -> None:
    with worker_that_writes(MANY) as worker:
        assert logged(worker).split("\n") == MANY


def test_lines_that_nobody_has_read_yet_are_waited_for() -> None:
    may_read = Event()
    with worker_that_writes(["late"], once=may_read) as worker:
        Timer(0.03, may_read.set).start()
        assert logged(worker) == "late"


def test_of_a_stopped_function_the_last_words_are_read() -> None:
    may_read = Event()
    with worker_that_writes(["Traceback"], once=may_read) as worker:
        process, worker._proc = worker._proc, None
        assert process
        Timer(0.03, may_read.set).start()
        assert logged(worker) == "Traceback"


def test_a_worker_that_never_started_has_no_logs() -> None:
    assert logged(Worker(None)) == ""
