"""The faults of a request: those that its prompt requests, and those of the global rules."""

from collections import Counter
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import Any

from local.simulator.faults import (
    FAULTS,
    FaultValues,
    InvalidFault,
    Stage,
    fault_named,
    value_for,
)


@dataclass(slots=True, kw_only=True)
class Rule:
    """A fault for all requests; ``left`` is how many more times, ``None`` for no limit."""

    fault: str
    value: float
    probability: float
    left: int | None


def rule_from(content: Any) -> Rule:
    """Read the body of ``POST /_simulator/faults``."""
    if not isinstance(content, dict) or not isinstance(content.get("fault"), str):
        raise InvalidFault('send {"fault": name, "probability"?, "count"?, "value"?}')
    if unknown := content.keys() - {"fault", "probability", "count", "value"}:
        raise InvalidFault(f"unknown fields: {', '.join(sorted(unknown))}")
    fault = fault_named(content["fault"])
    probability, count = content.get("probability", 1), content.get("count")
    if not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise InvalidFault("probability must be a number from 0 to 1")
    if count is not None and (type(count) is not int or count < 1):
        raise InvalidFault("count must be a whole number of at least 1")
    return Rule(
        fault=fault.name,
        value=value_for(fault, content.get("value")),
        probability=probability,
        left=count,
    )


class FaultBoard:
    def __init__(self, random: Random) -> None:
        self._random = random
        self._rules: list[Rule] = []
        self._refused: Counter[tuple[str, str]] = Counter()
        self._lock = Lock()

    def add(self, rule: Rule) -> None:
        with self._lock:
            self._rules.append(rule)

    def clear(self) -> None:
        with self._lock:
            self._rules.clear()

    def rules(self) -> list[Rule]:
        with self._lock:
            return list(self._rules)

    def is_active(self, name: str) -> bool:
        """Tell whether a rule has this fault for every request: then the account has it."""
        with self._lock:
            always = [rule for rule in self._rules if rule.left is None and rule.probability == 1]
            return name in {rule.fault for rule in always}

    def refusal(self, requested: FaultValues, *, subject: str) -> str | None:
        """Return the fault that prevents this attempt from creating a task, if any.

        ``requested`` are the faults in the prompt. ``subject`` identifies repeated attempts: a
        prompt with ``status_429=2`` is refused twice and then accepted.
        """
        with self._lock:
            for name in (name for name in requested if FAULTS[name].stage is Stage.REFUSAL):
                self._refused[subject, name] += 1
                if self._refused[subject, name] <= requested[name]:
                    return name
            # Lazily: a rule after the first that strikes must not lose one of its counts.
            return next(
                (rule.fault for rule in self._of(Stage.REFUSAL) if self._strikes(rule)), None
            )

    def for_task(self, requested: FaultValues) -> FaultValues:
        """Return the faults of a new task; those in its prompt override the global rules."""
        with self._lock:
            drawn = {rule.fault: rule.value for rule in self._of(Stage.TASK) if self._strikes(rule)}
        own = {name: value for name, value in requested.items() if FAULTS[name].stage is Stage.TASK}
        return drawn | own

    def _of(self, stage: Stage) -> list[Rule]:
        return [rule for rule in self._rules if FAULTS[rule.fault].stage is stage]

    def _strikes(self, rule: Rule) -> bool:
        if self._random.random() >= rule.probability:
            return False
        if rule.left is not None:
            rule.left -= 1
            if rule.left == 0:
                self._rules.remove(rule)
        return True
