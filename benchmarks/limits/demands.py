"""What the busiest second of a minute asks of AWS, and how fast the queues are worked off."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from benchmarks.cost.bill import FROM_HTTP
from benchmarks.growth.bill import Rates, milliseconds
from benchmarks.growth.metering import TELLING, Meter, folder_of
from tests.support.template import load_template, resources

# A request to a new execution: its start, and the first event with a third of a processor
# (benchmarks/RESULTS.md).
COLD_SECONDS: Final = 0.6
# Shards of a new table's stream. Each has its records told by one execution at a time.
SHARDS: Final = 4
# Functions with queues that no job passes through to its end.
NOT_ON_THE_WAY: Final = frozenset({"answer_canary", "delete_jobs"})
# What an execution does of a batch at the same time; the other functions work one by one.
THREADS: Final = {"notify_client": 10}

Weight = Callable[[Rates, str, str], float]


def _calls(*names: str) -> Weight:
    return lambda rates, function, call: float(call in names)


def _units(name: str) -> Weight:
    def weight(rates: Rates, function: str, call: str) -> float:
        return rates.of(function, call).get(name, 0) if call else 0

    return weight


def _requests(rates: Rates, function: str, call: str) -> float:
    return float(not call and function in FROM_HTTP)


# By the name in a quota's ``demand``.
DEMANDS: Final[Mapping[str, Weight]] = {
    "executions of requests": lambda rates, *of: COLD_SECONDS * _requests(rates, *of),
    "HTTP requests": _requests,
    "changes told": _calls("GetItem live"),
    "write units": _units("DynamoDB write units"),
    "read units": _units("DynamoDB read units"),
    "writes of one client's index": _calls("PutItem job"),
    "writes of the rate window": _calls("UpdateItem window"),
    "reads of the account": _calls("GetItem account"),
    "writes of a drop's progress": _calls("UpdateItem drop"),
    "events": _calls("PutEvents"),
    "S3 writes": _units("S3 PUT"),
}


def busiest(meter: Meter, rates: Rates, demand: str, *, starts: int) -> float:
    """Return how much a second asks for at most, from the second ``starts`` on."""
    weight, seconds = DEMANDS[demand], Counter[int]()
    for (function, call, second), count in meter.by_second.items():
        if second >= starts:
            seconds[second] += count * weight(rates, function, call)  # type: ignore[assignment]
    return max(seconds.values(), default=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Worker:
    """``executions`` of a function take its messages, or records of the stream."""

    function: str
    executions: int

    def busy(self, meter: Meter, *, starts: int, ends: int) -> float:
        """Return how many seconds they need for what comes in a minute."""
        came = meter.invoked(self.function, starts=starts)
        all_took = milliseconds(meter, self.function) / 1000
        took = all_took * came / max(1, meter.invocations[self.function])
        threads = THREADS.get(self.function, 1)
        return took / (self.executions * threads) * 60 / (ends - starts)


def workers() -> Iterator[Worker]:
    """Yield what the template gives each queue, and the stream."""
    parameters = load_template()["Parameters"]
    for name, function in resources("AWS::Serverless::Function").items():
        for event in function.get("Events", {}).values():
            if event["Type"] == "SQS" and folder_of(name) not in NOT_ON_THE_WAY:
                most = event["Properties"]["ScalingConfig"]["MaximumConcurrency"]
                most = parameters[most["Ref"]]["Default"] if isinstance(most, dict) else most
                yield Worker(function=folder_of(name), executions=most)
    yield Worker(function=TELLING, executions=SHARDS)
