"""The jobs table's stream, in memory, and an event source that reads it as Lambda does."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

from ringback.domain.changes import JobChange
from ringback.domain.errors import UnknownJob
from ringback.domain.events import Event
from ringback.domain.jobs import Job, JobId

from tests.support.lambdas import function_properties

SOURCE: Final = function_properties("publish_events")["Events"]["Change"]["Properties"]
PATTERNS: Final = [json.loads(each["Pattern"]) for each in SOURCE["FilterCriteria"]["Filters"]]
# The writes that may be told. The others change neither the state nor what was asked for.
WRITES: Final = ("create", "move", "tell_again", "begin", "bury")

Record = TypeVar("Record")


class NoConnections:
    """Nobody follows live."""

    def send(self, events: Sequence[Event]) -> None: ...


def _matches(record: Any, pattern: Mapping[str, Any]) -> bool:
    """Tell whether a record has what a pattern asks for; it knows only the template's rules."""
    return isinstance(record, Mapping) and all(
        _matches(record.get(name), rule)
        if isinstance(rule, Mapping)
        else any(_allows(one, record.get(name)) for one in rule)
        for name, rule in pattern.items()
    )


def _allows(rule: Any, value: Any) -> bool:
    match rule:
        case {"prefix": prefix}:
            return isinstance(value, str) and value.startswith(prefix)
        case {"exists": True}:
            return value is not None
        case str():
            return bool(value == rule)
    raise AssertionError(rule)


def is_told(record: Mapping[str, Any]) -> bool:
    """Tell whether the event source's filter lets a record through."""
    return any(_matches(record, pattern) for pattern in PATTERNS)


class Streamed:
    """A job store, and the record that each of its writes leaves in the stream."""

    def __init__(self, jobs: Any, put: Callable[[JobChange], None]) -> None:
        self._jobs, self._put = jobs, put

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._jobs, name)
        if name not in WRITES:
            return method

        def write(job: Job | JobId, **named: Any) -> Any:
            job_id = job.job_id if isinstance(job, Job) else job
            old = self._found(job_id)
            result = method(job, **named)
            new = self._found(job_id)
            if new is not None and new != old:
                self._put(JobChange(old, new))
            return result

        return write

    def _found(self, job_id: JobId) -> Job | None:
        try:
            job: Job = self._jobs.get(job_id)
        except UnknownJob:
            return None
        return job


@dataclass
class Stream(Generic[Record]):
    """Records in order. Each failure is counted until the batch gets further, or is given up."""

    records: list[Record] = field(default_factory=list)
    given_up: list[Record] = field(default_factory=list)
    failures: int = 0

    def read(self, publish: Callable[[list[Record]], Sequence[object]]) -> None:
        """Invoke the function once; it returns the error of each record, or raises.

        Lambda comes back from the first failed record on.
        """
        batch = self.records[: SOURCE["BatchSize"]]
        if not batch:
            return
        done = 0
        try:
            errors = publish(batch)
            failed = [number for number, error in enumerate(errors) if error]
            done = failed[0] if failed else len(batch)
        finally:
            self.failures = 0 if done else self.failures + 1
            self._drop(batch[:done])
            if self.failures > SOURCE["MaximumRetryAttempts"]:
                self.given_up += batch
                self._drop(batch)
                self.failures = 0

    def _drop(self, read: Sequence[Record]) -> None:
        """Go on behind these, unless that was done meanwhile: a shard may be read twice."""
        self.records = [each for each in self.records if not any(each is one for one in read)]
