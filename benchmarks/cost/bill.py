"""What one job's invocations come to: AWS's units and their price."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from benchmarks.cost.metering import Invocation
from benchmarks.cost.prices import (
    ACCESS_LINE,
    CALL_CPU_MS,
    OWN_CPU_MS,
    PRICES,
    SECONDS_BETWEEN_JOBS,
    WHOLE_CORE_MB,
)
from benchmarks.cost.units import Units
from tests.support.lambdas import function_properties
from tests.support.template import load_template

SECRET: Final = "Secrets Manager reads"  # noqa: S105  a kind of call
# An event source's requests for a message that comes alone: it is received and deleted.
POLLS: Final = 2
FROM_HTTP: Final = ("accept_job", "receive_callback")
FROM_STREAM: Final = ("publish_events",)
AUTHORIZER: Final = "authorize_client"
COPIES_AT_A_TIME: Final = 2
CHECKER: Final = "check_jobs"
# What a check of a job that has ended calls.
LOOK: Final = "BatchGetItem job, told"
# Deadlines are in whole minutes (domain/checks.py): so many seconds of jobs are due at once.
DUE_TOGETHER: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Bill:
    """``calls`` and ``polls`` are those of ours and of the event sources, for one warm job."""

    calls: float
    polls: float
    units: Units

    @property
    def usd(self) -> float:
        """USD per million jobs."""
        return price_of(self.units)


def price_of(units: Mapping[str, float]) -> float:
    return sum(PRICES[name] * count for name, count in units.items())


def bill_of(
    first: Sequence[Invocation],
    warm: Sequence[Invocation],
    *,
    seconds_between: float = SECONDS_BETWEEN_JOBS,
    together: float = DUE_TOGETHER,
) -> Bill:
    """``together`` is how many seconds of jobs come due at the same moment."""
    units, calls, polls = Units(), 0.0, 0.0
    remembered = remembered_seconds()
    for each in warm:
        share = 1.0
        if each.function == AUTHORIZER:
            # API Gateway remembers its answer for a while.
            share = min(1, seconds_between / remembered)
        elif each.function == CHECKER and [label for label, _ in each.calls] == [LOOK]:
            # As many batches as may run at a time, at most, have all messages of a moment.
            share = min(1, batches_at_a_time() * seconds_between / together)
        calls += share * len(each.calls)
        units["Lambda requests"] += share
        units["Lambda GB-seconds"] += share * gb_seconds(each)
        units["log KB"] += share * each.log_bytes / 1024
        if each.function in FROM_HTTP:
            units["HTTP API requests"] += 1
            units["log KB"] += ACCESS_LINE / 1024
        elif each.function not in (*FROM_STREAM, AUTHORIZER):
            # Each message is received by itself, and deleted with its batch.
            polls += POLLS - 1 + share
        for _, own in each.calls:
            units.add(own)
    units["SQS requests"] += polls
    kept = [
        max(seconds, remembered) if each.function == AUTHORIZER else seconds
        for each in first
        for seconds in each.secrets
    ]
    units[SECRET] += sum(min(1, seconds_between / seconds) for seconds in kept)
    return Bill(calls=calls, polls=polls, units=units)


def remembered_seconds() -> int:
    auth = load_template()["Resources"]["JobsApi"]["Properties"]["Auth"]
    seconds: int = auth["Authorizers"]["ClientKey"]["Identity"]["ReauthorizeEvery"]
    return seconds


def batches_at_a_time() -> int:
    (source,) = function_properties(CHECKER)["Events"].values()
    most: int = source["Properties"]["ScalingConfig"]["MaximumConcurrency"]
    return most


def gb_seconds(invocation: Invocation) -> float:
    megabytes = memory_of(invocation.function)
    cpu = CALL_CPU_MS * len(invocation.calls)
    cpu += OWN_CPU_MS[invocation.function] * max(1, invocation.images)
    # Thumbnails are made one after the other.
    at_a_time = COPIES_AT_A_TIME if invocation.function == "archive_images" else 1
    parallel = ceil(invocation.images / at_a_time) / max(1, invocation.images)
    waited = invocation.waited - invocation.transferred * (1 - parallel)
    milliseconds = waited + cpu * max(1.0, WHOLE_CORE_MB / megabytes)
    return megabytes / 1024 * milliseconds / 1000


def memory_of(function: str) -> int:
    default = load_template()["Globals"]["Function"]["MemorySize"]
    megabytes: int = function_properties(function).get("MemorySize", default)
    return megabytes


def rows_of(warm: Sequence[Invocation]) -> Iterator[tuple[str, str, int, Units]]:
    """Yield each function's calls: the function, the call, how often, and what is billed."""
    for function in dict.fromkeys(each.function for each in warm):
        counted, units = Counter[str](), dict[str, Units]()
        for each in warm:
            for label, own in each.calls if each.function == function else ():
                counted[label] += 1
                units.setdefault(label, Units()).add(own)
        # Two threads copy images: their calls come in any order.
        for label, count in sorted(counted.items()):
            yield function, label, count, units[label]
