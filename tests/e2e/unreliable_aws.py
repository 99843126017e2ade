"""Makes the local AWS as unreliable as AWS may be: messages come twice, and functions are killed.

Messages that wait for minutes come early, so that a storm takes less than that.

Run by the emulator's own Python before the script that its first argument names, which runs the
emulator. Each mishap is a line of JSON in ``mishaps.log``, in the working directory.
"""

import json
import os
import runpy
import signal
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from random import Random
from threading import Event, Lock, Thread
from types import ModuleType
from typing import Any, Final

LOG: Final = "mishaps.log"
SEED: Final = 66
# From one kill to the next. Killed more often, processes would do little but start.
INVOCATIONS_PER_KILL: Final = (5, 45)
# One copy in two is delivered with its original, the other up to so many seconds later.
MAX_DELAY_OF_COPY: Final = 3.0
# So many seconds a job waits at most to be sent again; after kie.ai's maintenance it is minutes.
MAX_DELAY_OF_SUBMISSION: Final = 20.0
# What identifies the subject of a message; its other fields change when it is sent again.
IDENTITY: Final = ("job_id", "claimed_task", "number", "attempt_id", "drop")

Message = dict[str, Any]


def note(**facts: object) -> None:
    with Path(LOG).open("a") as log:
        log.write(f"{json.dumps(facts)}\n")


def deliver_twice(sqs: ModuleType, chance: Random) -> None:
    """Add a copy of each message as it comes due, before a function receives it."""
    receive: Callable[..., list[Message]] = sqs._receive_messages_for_esm

    def receive_twice(queue_url: str, *rest: Any) -> list[Message]:
        now = time.time()
        with sqs._queues_lock:
            messages = sqs._get_q(queue_url)["messages"]
            if "-SubmitQueue-" in queue_url:
                hasten(messages, now=now)
            copies = list(copies_for(messages, chance, now=now))
            messages += copies
        for copied in copies:
            note(copied=copied["body"], queue=queue_url.rpartition("/")[2])
        return receive(queue_url, *rest)

    sqs._receive_messages_for_esm = receive_twice  # type: ignore[attr-defined]


def hasten(messages: list[Message], *, now: float) -> None:
    for message in messages:
        if not message.get("receive_count"):
            message["visible_at"] = min(message["visible_at"], now + MAX_DELAY_OF_SUBMISSION)


def copies_for(messages: list[Message], chance: Random, *, now: float) -> Iterator[Message]:
    """Yield a copy of each message that is due for the first time and has no other beside it.

    A message and its copy may each be followed by another one, on the same subject: those two are
    copies of each other. Copied again, they would double with every message.
    """
    for message in messages:
        is_due = message["visible_at"] <= now and not message.get("receive_count")
        if not is_due or "is_copied" in message:
            continue
        message["is_copied"] = True
        subject = subject_of(message)
        if sum(subject_of(each) == subject for each in messages) == 1:
            delay = chance.choice((0, chance.uniform(0, MAX_DELAY_OF_COPY)))
            yield {**message, "id": str(uuid.uuid4()), "visible_at": now + delay}


def subject_of(message: Message) -> str:
    if "subject" not in message:
        body = json.loads(message["body"])
        about = {name: body[name] for name in IDENTITY if name in body}
        message["subject"] = json.dumps(about or body, sort_keys=True)
    return str(message["subject"])


class Killer:
    """Kills the process of one invocation in many, by its id, at any moment of its work."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._lock = Lock()
        self._left = chance.randint(*INVOCATIONS_PER_KILL)
        self._seconds: dict[str, float] = {}

    def attach(self, workers: type[Any]) -> None:
        spawn, invoke = workers._spawn, workers.invoke

        def spawn_and_tell(worker: Any) -> None:
            worker.ready_at = None
            spawn(worker)
            worker.ready_at = time.monotonic()

        def invoke_or_die(worker: Any, event: Any, *rest: Any, **named: Any) -> Any:
            began_at, is_over = time.monotonic(), Event()
            if self._is_chosen():
                Thread(target=self._kill, args=(worker, event, is_over), daemon=True).start()
            try:
                return invoke(worker, event, *rest, **named)
            finally:
                is_over.set()
                if worker.ready_at:
                    began_at = max(began_at, worker.ready_at)
                    self._seconds[worker.func_name] = time.monotonic() - began_at

        workers._spawn, workers.invoke = spawn_and_tell, invoke_or_die

    def _is_chosen(self) -> bool:
        with self._lock:
            self._left -= 1
            return self._left <= 0

    def _kill(self, worker: Any, event: Any, is_over: Event) -> None:
        while not getattr(worker, "ready_at", None):
            if is_over.wait(0.005):
                return
        usual = self._seconds.get(worker.func_name, 0.1)
        with self._lock:
            delay = self._chance.uniform(0, usual)
        if is_over.wait(delay):
            return  # it was faster; the next invocation is chosen instead
        process = worker._proc
        with self._lock:
            if self._left > 0 or process is None:
                return
            self._left = self._chance.randint(*INVOCATIONS_PER_KILL)
        with suppress(ProcessLookupError):
            os.kill(process.pid, signal.SIGKILL)
            # Those of the table's stream have none.
            bodies = [record["body"] for record in event.get("Records", []) if "body" in record]
            note(killed=worker.func_name, pid=process.pid, messages=bodies)


def main() -> None:
    from ministack.core import lambda_runtime  # type: ignore[import-not-found]
    from ministack.services import sqs  # type: ignore[import-not-found]

    Path(LOG).touch()
    deliver_twice(sqs, Random(SEED))  # noqa: S311
    Killer(Random(SEED)).attach(lambda_runtime.Worker)  # noqa: S311
    del sys.argv[0]
    runpy.run_path(sys.argv[0], run_name="__main__")


if __name__ == "__main__":
    main()
