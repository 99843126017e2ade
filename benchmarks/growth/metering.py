"""A replay with a meter: the calls of AWS that its functions make, how many and when."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final

from ringback.domain.drops import Drop, Settled
from ringback.domain.jobs import FINAL, JobId
from ringback.domain.pace import Turn

from benchmarks.cost.one_job import WINDOW
from benchmarks.growth.ports import MARK, PORTS, PROVIDER, TOLD, Calls
from tests.support.jobs import NOON
from tests.support.replay import Replay
from tests.support.template import resources

TELLING: Final = "publish_events"
READ: Final = "BatchGetItem job"


class Meter:
    """``invocations`` counts by function, ``calls`` by function and call.

    ``by_second`` counts calls, and invocations as calls without a name, by function, call, and
    second since the replay's start.
    """

    def __init__(self, replay: Replay) -> None:
        self.invocations, self.calls = Counter[str](), Counter[tuple[str, str]]()
        self.by_second = Counter[tuple[str, str, int]]()
        self._replay, self._function, self._inside = replay, "", set[int]()
        self._batches = dict[str, datetime]()
        for attribute, methods in PORTS.items():
            self._watch(getattr(replay, attribute), methods)
        for client in replay.providers.values():
            self._watch(client, PROVIDER)
        for window in replay.windows.by_provider.values():
            self._wrap(window, "take", self._take)
        self._wrap(replay.jobs, "find", self._find)
        self._wrap(replay.jobs, "move", self._move)
        for name in ("put_table", "put_summary"):
            self._wrap(replay.drops, name, self._put_report)
        self._wrap(replay.queues, "send", self._send)
        self._run = replay._invoke
        replay._invoke = self._invoke  # type: ignore[method-assign]

    def note(self, *calls: str, count: int = 1, function: str = "", of: str = "") -> None:
        """``of`` is the id of the job that the calls are about."""
        function = function or self._function
        for call in calls if function else ():
            self.calls[function, call] += count
            self.by_second[function, call, self._second] += count
            if call == MARK or call in TOLD:
                self._change(of, is_told=call in TOLD)

    def _change(self, job_id: str, *, is_told: bool) -> None:
        """Note what a record of the stream causes. A job's changes of a window come together."""
        if self._replay.now < self._batches.get(job_id, NOON - WINDOW) + WINDOW:
            return
        self._batches[job_id] = self._replay.now
        self._begin(TELLING)
        if is_told:
            self.note("GetItem live", function=TELLING)

    def _begin(self, function: str) -> None:
        self.invocations[function] += 1
        self.by_second[function, "", self._second] += 1

    def invoked(self, function: str, *, starts: int) -> int:
        """Return how often a function was invoked from a second on."""
        return sum(
            count
            for (each, call, second), count in self.by_second.items()
            if each == function and not call and second >= starts
        )

    @property
    def _second(self) -> int:
        return int((self._replay.now - NOON).total_seconds())

    def _watch(self, port: object, methods: Mapping[str, Calls]) -> None:
        for name, calls in methods.items():
            self._wrap(port, name, self._counting(calls))

    def _counting(self, calls: Calls) -> Callable[..., Any]:
        def counted(act: Callable[..., Any], *given: Any, **named: Any) -> Any:
            self.note(*calls, of=_job_id(*given))
            return act(*given, **named)

        return counted

    def _wrap(self, port: object, name: str, wrapper: Callable[..., Any]) -> None:
        act = getattr(port, name)

        def once(*given: Any, **named: Any) -> Any:
            if id(port) in self._inside:  # the fake uses its own method
                return act(*given, **named)
            self._inside.add(id(port))
            try:
                return wrapper(act, *given, **named)
            finally:
                self._inside.remove(id(port))

        setattr(port, name, once)

    def _invoke(
        self, function: str, chain: Mapping[str, int], handle: Callable[[], object]
    ) -> None:
        self._function = folder_of(function)
        self._begin(self._function)
        try:
            self._run(function, chain, handle)
        finally:
            self._function = ""

    def _send(self, act: Callable[..., None], queue: str, *given: Any, **named: Any) -> None:
        self.note(f"SendMessage {queue}")
        act(queue, *given, **named)

    def _take(self, act: Callable[..., Turn], *given: Any, slot: int | None, **named: Any) -> Turn:
        turn = act(*given, slot=slot, **named)
        # A turn that changes nothing is known from the container's memory.
        if turn.slot is not None and (turn.slot != slot or not turn.wait):
            self.note("UpdateItem window")
        return turn

    def _find(self, act: Callable[..., Any], job_ids: Sequence[JobId]) -> Any:
        self.note(READ, count=len(job_ids))
        return act(job_ids)

    def _put_report(self, act: Callable[..., None], drop: Drop, *given: Any, **named: Any) -> None:
        """Note the calls of ``ringback.aws.reports``: what says nothing new is not written."""
        drops, before = self._replay.drops, self._replay.drops.said_of(drop)
        act(drop, *given, **named)
        is_new, goes_on = drops.said_of(drop) != before, named["before"] != Settled()
        self.note("HeadObject report")
        self.note(*["GetObject report"] * goes_on, *["PutObject report"] * is_new)

    def _move(self, act: Callable[..., Any], *given: Any, **named: Any) -> Any:
        self.note("UpdateItem job", of=_job_id(*given))
        if named["to"] in FINAL:
            self.note("PutEvents", "BatchWriteItem told", function=TELLING)
        return act(*given, **named)


def _job_id(*given: object) -> str:
    """Return the id of the job that a port's method is called for, empty if it is for none."""
    return str(getattr(given[0], "job_id", given[0])) if given else ""


@cache
def folder_of(function: str) -> str:
    code: str = resources("AWS::Serverless::Function")[function]["CodeUri"]
    return code.removeprefix("functions/")
