"""Every task that was created, and every callback sent for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

from local.simulator.faults import FaultValues, shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One attempt at a callback; ``status`` is ``None`` if there was no answer.

    ``seconds`` is how long the answer, or the error, took.
    """

    at: float
    attempt: int
    signature: str
    status: int | None
    error: str = ""
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "attempt": self.attempt,
            "status": self.status,
            "signed": self.signature != "none",
            "signature": self.signature,
            "error": self.error,
            "seconds": self.seconds,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a task ended; ``verdict`` is ``success`` or ``fail``."""

    verdict: str
    at: float
    consumed: float
    result_urls: tuple[str, ...] = ()


@dataclass(slots=True, kw_only=True)
class Task:
    """A provider's task; ``outcome`` is set at once as one object, so that reads are consistent."""

    id: str
    provider: str
    number: int
    model: str
    callback_url: str | None
    input: Mapping[str, Any]
    created_at: float
    due_at: float
    charged: float
    faults: FaultValues
    outcome: Outcome | None = None
    deliveries: list[Delivery] = field(default_factory=list)

    def state(self, *, now: float) -> str:
        """Return the state; the three unfinished ones take a third of the time each."""
        if self.outcome is not None:
            return self.outcome.verdict
        span = self.due_at - self.created_at
        progress = (now - self.created_at) / span if span > 0 else 1.0
        return ("waiting", "queuing", "generating")[min(2, max(0, int(progress * 3)))]

    def as_json(self, *, now: float) -> dict[str, Any]:
        outcome = self.outcome
        return {
            "id": self.id,
            "provider": self.provider,
            "model": self.model,
            "callBackUrl": self.callback_url,
            "input": self.input,
            "state": self.state(now=now),
            "credits_charged": self.charged,
            "credits_consumed": outcome.consumed if outcome else None,
            "created_at": self.created_at,
            "finished_at": outcome.at if outcome else None,
            "faults": shown(self.faults),
            "result_urls": list(outcome.result_urls) if outcome else [],
            "callbacks": [delivery.as_json() for delivery in self.deliveries],
        }


class Ledger:
    def __init__(self) -> None:
        self._tasks: dict[str, Task] = {}
        self._lock = RLock()

    def open(self, make: Callable[[int], Task]) -> Task:
        """Add the task that ``make`` builds from its running number."""
        with self._lock:
            task = make(len(self._tasks))
            if task.id in self._tasks:
                raise ValueError(f"task id {task.id} exists already")
            self._tasks[task.id] = task
            return task

    def find(self, task_id: str) -> Task | None:
        return self._tasks.get(task_id)

    def delivered(self, task: Task, delivery: Delivery) -> None:
        with self._lock:
            task.deliveries.append(delivery)

    def as_json(self, *, now: float) -> list[dict[str, Any]]:
        with self._lock:
            return [task.as_json(now=now) for task in self._tasks.values()]

    def by_callback_url(self) -> dict[str, list[str]]:
        """Return task ids by callback URL: more than one means that a job was paid for twice."""
        grouped: dict[str, list[str]] = {}
        with self._lock:
            for task in self._tasks.values():
                grouped.setdefault(task.callback_url or "", []).append(task.id)
        return grouped
