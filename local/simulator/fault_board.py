"""Which faults strike this request: what its prompt asks for, and what holds for everybody."""

from collections import Counter
from dataclasses import dataclass
from random import Random
from threading import Lock
from typing import Any

from local.simulator.faults import (
    FAULTS,
    FaultMistake,
    FaultValues,
    Stage,
    fault_named,
    value_for,
)


@dataclass(slots=True, kw_only=True)
class Rule:
    """A fault for everybody; ``left`` is ``None`` where it never runs out."""

    fault: str
    value: float
    probability: float
    left: int | None


def rule_from(content: Any) -> Rule:
    """Read the body of ``POST /_simulator/faults``."""
    if not isinstance(content, dict) or not isinstance(content.get("fault"), str):
        raise FaultMistake('send {"fault": name, "probability"?, "count"?, "value"?}')
    if unknown := content.keys() - {"fault", "probability", "count", "value"}:
        raise FaultMistake(f"unknown fields: {', '.join(sorted(unknown))}")
    fault = fault_named(content["fault"])
    probability, count = content.get("probability", 1), content.get("count")
    if not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise FaultMistake("probability is a number from 0 to 1")
    if count is not None and (type(count) is not int or count < 1):
        raise FaultMistake("count is a whole number from 1 up")
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

    def refusal(self, told: FaultValues, *, subject: str) -> str | None:
        """Return the fault that keeps this attempt from creating a task.

        ``subject`` is what stays the same when a client tries again: a prompt that asks for
        ``status_429=2`` is refused twice and then let through.
        """
        with self._lock:
            for name in (name for name in told if FAULTS[name].stage is Stage.REFUSAL):
                self._refused[subject, name] += 1
                if self._refused[subject, name] <= told[name]:
                    return name
            # One draw at a time: a rule that did not strike must not lose one of its counts.
            return next(
                (rule.fault for rule in self._of(Stage.REFUSAL) if self._strikes(rule)), None
            )

    def for_task(self, told: FaultValues) -> FaultValues:
        """Return the faults a new task lives with; its own prompt overrides everybody's."""
        with self._lock:
            drawn = {rule.fault: rule.value for rule in self._of(Stage.TASK) if self._strikes(rule)}
        own = {name: value for name, value in told.items() if FAULTS[name].stage is Stage.TASK}
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
