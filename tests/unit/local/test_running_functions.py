"""Updating a function of the local AWS does not kill what it is doing."""

from dataclasses import dataclass
from threading import Event

from local.running_functions import finishing


@dataclass
class Worker:
    in_use: bool


def test_a_busy_function_is_stopped_when_it_is_done() -> None:
    killed, is_done = list[Worker](), Event()

    def kill(workers: list[Worker]) -> None:
        killed.extend(workers)
        if busy in workers:
            is_done.set()

    busy, idle = Worker(in_use=True), Worker(in_use=False)
    finishing(kill)([busy, idle])
    assert killed == [idle]
    busy.in_use = False
    assert is_done.wait(10)
    assert killed == [idle, busy]
