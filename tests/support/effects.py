"""Outside effects, with a fault injected at any of them.

An effect is one call of a port, one acknowledgement of a message or one response to a request.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, Final, Protocol, TypeVar

from ringback.domain.errors import ProviderUnavailable, TransferInterrupted
from ringback.domain.jobs import JobStatus
from ringback.domain.verdicts import OutcomeUnknown

from tests.support.jobs import NOON

OUTAGE: Final = timedelta(minutes=5)
LONG_OUTAGE: Final = timedelta(hours=1)


class Fault(Enum):
    """How one effect fails, and whether it takes place all the same.

    The SDK repeats a request whose response was lost; the caller gets the response to the repeat.
    An outage begins with the effect and lasts for all calls of its port.
    """

    CRASH_BEFORE = "crash before"
    CRASH_AFTER = "crash after"
    ERROR_BEFORE = "error, not done"
    ERROR_AFTER = "error, done"
    REPEATED = "done, repeated by the SDK"
    SLOW = "done and slow"
    OUTAGE = "failing for five minutes"
    LONG_OUTAGE = "failing for an hour"

    @property
    def takes_place(self) -> bool:
        return self not in (Fault.CRASH_BEFORE, Fault.ERROR_BEFORE, *OUTAGES)

    @property
    def is_crash(self) -> bool:
        return self in CRASHES

    @property
    def leaves_the_end_alone(self) -> bool:
        """Whether a job must end as it does without the fault."""
        return self in (Fault.ERROR_BEFORE, Fault.REPEATED, Fault.SLOW, *OUTAGES)


CRASHES: Final = (Fault.CRASH_BEFORE, Fault.CRASH_AFTER)
ERRORS_AND_CRASHES: Final = (*CRASHES, Fault.ERROR_BEFORE, Fault.ERROR_AFTER)
STANDARD: Final = (*ERRORS_AND_CRASHES, Fault.REPEATED, Fault.SLOW, Fault.OUTAGE)
# These befall calls of AWS only: it is AWS's SDK that repeats, and AWS that we rely on.
OF_AWS: Final = (Fault.REPEATED, Fault.LONG_OUTAGE)
OUTAGES: Final = {Fault.OUTAGE: OUTAGE, Fault.LONG_OUTAGE: LONG_OUTAGE}


class Plan(Protocol):
    def get(self, number: int, /) -> Fault | None:
        """Return the fault of the effect with that number."""
        ...


class Crash(BaseException):
    """The function is killed; only the world catches this."""


class ServiceError(Exception):
    """An AWS call failed."""


# The error that an adapter raises when its call fails; AWS adapters let theirs through.
ERRORS: Final[Mapping[str, type[Exception]]] = {
    "probe": ProviderUnavailable,
    "read_tasks": ProviderUnavailable,
    "fresh_links": ProviderUnavailable,
    "fetch": TransferInterrupted,
}


Result = TypeVar("Result")


@dataclass
class Effects:
    """Counts effects from 1; those in ``plan`` fail.

    ``wait`` lets the time pass that a slow call takes. ``pause`` is called before each effect and
    before its repeat, so that another call can run there.
    """

    plan: Plan
    names: list[str] = field(default_factory=list)
    repeatable: set[int] = field(default_factory=set)
    now: Callable[[], datetime] = lambda: NOON
    wait: Callable[[str], None] = lambda name: None
    pause: Callable[[str], None] = lambda name: None
    down: dict[object, datetime] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def __call__(
        self,
        name: str,
        act: Callable[[], Result],
        *,
        error: type[Exception] = ServiceError,
        port: object = None,
        is_repeatable: bool = False,
    ) -> Result:
        self.pause(name)
        self.names.append(name)
        if is_repeatable:
            self.repeatable.add(len(self.names))
        fault = self._fault(len(self.names), name if port is None else id(port))
        result = act() if fault is None or fault.takes_place else None
        if fault is Fault.REPEATED:
            self.pause(f"{name}, repeated")
            result = act()
        elif fault is Fault.SLOW:
            self.wait(name)
        elif fault is not None:
            result = self._failure(name, fault, error)
        return result  # type: ignore[return-value]

    def _fault(self, number: int, port: object) -> Fault | None:
        fault, at = self.plan.get(number), self.now()
        if fault in OUTAGES:
            self.down[port] = at + OUTAGES[fault]
        if at < self.down.get(port, at):
            return fault if fault in CRASHES else Fault.ERROR_BEFORE
        return fault

    def _failure(self, name: str, fault: Fault, error: type[Exception]) -> Any:
        self.failed.append(name)
        if fault.is_crash:
            raise Crash(name)
        if name == "create_task":
            # The adapter returns this if the request or its response was lost.
            return OutcomeUnknown(reason="ReadTimeout")
        raise ERRORS.get(name, error)(name)

    def watch(self, port: object, *, error: type[Exception] = ServiceError) -> Any:
        """Make each call of an AWS port an effect; a failing one raises ``error``."""
        return _Watched(port, self, error, is_repeatable=True)

    def watch_http(self, port: object) -> Any:
        """Make each call of an HTTP port an effect; no SDK repeats it."""
        return _Watched(port, self, ServiceError, is_repeatable=False)

    def points(self, faults: Iterable[Fault]) -> Iterator[tuple[int, Fault]]:
        """Yield each effect so far with each fault that applies to it."""
        for point in range(1, len(self.names) + 1):
            for fault in faults:
                if fault not in OF_AWS or point in self.repeatable:
                    yield point, fault

    def label(self, point: int) -> str:
        """Return the effect's name and its number among those: ``move to running 1``."""
        name = self.names[point - 1]
        return f"{name} {self.names[:point].count(name)}"


class _Watched:
    """A port whose every call is an effect."""

    def __init__(
        self, port: object, effects: Effects, error: type[Exception], *, is_repeatable: bool
    ) -> None:
        self._port, self._effects, self._error = port, effects, error
        self._is_repeatable = is_repeatable

    def __getattr__(self, name: str) -> Any:
        method, effects = getattr(self._port, name), self._effects

        def call(*given: Any, **named: Any) -> Any:
            to = named.get("to")
            return effects(
                f"{name} to {to}" if isinstance(to, JobStatus) else name,
                lambda: method(*given, **named),
                error=self._error,
                port=self._port,
                is_repeatable=self._is_repeatable,
            )

        return call
