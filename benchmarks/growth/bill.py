"""What a metered replay costs, in the units that one job's real calls are billed."""

from collections.abc import Mapping, Sequence
from statistics import mean
from typing import Final

from benchmarks.cost.bill import FROM_HTTP, POLLS, memory_of, price_of
from benchmarks.cost.metering import Invocation
from benchmarks.cost.prices import (
    CALL_CPU_MS,
    DOWNLOAD_MS,
    IMAGE_MS,
    OWN_CPU_MS,
    PROVIDER_MS,
    WAITS,
    WHOLE_CORE_MB,
)
from benchmarks.cost.units import Units
from benchmarks.growth.metering import READ, TELLING, Meter
from benchmarks.growth.ports import MARK

# What no posted job does. A job is read for a report in a batch, and not consistently.
MORE: Final[Mapping[str, Mapping[str, float]]] = {
    READ: {"DynamoDB read units": 0.5},
    "GetItem drop": {"DynamoDB read units": 1},
    "GetItem account": {"DynamoDB read units": 1},
    "GetItem told": {"DynamoDB read units": 1},
    "UpdateItem drop": {"DynamoDB write units": 1},
    "HeadObject drop": {"S3 GET": 1},
    "HeadObject report": {"S3 GET": 1},
    "GetObject drop": {"S3 GET": 1},
    "GetObject receipts": {"S3 GET": 1},
    "GetObject report": {"S3 GET": 1},
    "PutObject report": {"S3 PUT": 1},
    # It is written while an item is small.
    MARK: {"DynamoDB write units": 1},
    "GetItem receiver": {"DynamoDB read units": 1},
    "UpdateItem deliveries": {"DynamoDB write units": 1},
    "provider": {},
    "download": {},
}
# Processor milliseconds without the calls, as in ``OWN_CPU_MS``.
MORE_CPU_MS: Final = {"take_drops": 5.0, "summarize_drops": 5.0}
JOBS_PER_BATCH: Final = 100
_SERVICES: Final = {"Item": "dynamodb", "Object": "s3", "Message": "sqs", "Events": "events"}


class Rates:
    """The mean units of each call, by function, as measured of one job (docs/cost.md)."""

    def __init__(self, measured: Sequence[Invocation]) -> None:
        self._by_function = dict[tuple[str, str], list[Units]]()
        self._by_call = dict[str, list[Units]]()
        self._log_kb = dict[str, list[float]]()
        for each in measured:
            self._log_kb.setdefault(each.function, []).append(each.log_bytes / 1024)
            for label, units in each.calls:
                label = "SendMessage" if label.startswith("SendMessage") else label
                self._by_function.setdefault((each.function, label), []).append(units)
                self._by_call.setdefault(label, []).append(units)

    def log_kb(self, function: str) -> float:
        """Return what an invocation logs; one that no posted job has, as much as any."""
        every = [each for found in self._log_kb.values() for each in found]
        return mean(self._log_kb.get(function, every))

    def of(self, function: str, call: str) -> Mapping[str, float]:
        label = "SendMessage" if call.startswith("SendMessage") else call
        found = self._by_function.get((function, label)) or self._by_call.get(label)
        if found is None:
            return MORE[call]
        total = Units()
        for each in found:
            total.add(each)
        return {name: count / len(found) for name, count in total.items()}


def units_of(meter: Meter, rates: Rates) -> Units:
    """Return what everything in a replay is billed; each message and each change comes alone."""
    units = Units()
    for function, count in meter.invocations.items():
        units["Lambda requests"] += count
        seconds = milliseconds(meter, function) / 1000
        units["Lambda GB-seconds"] += memory_of(function) / 1024 * seconds
        if function in FROM_HTTP:
            units["HTTP API requests"] += count
        elif function != TELLING:
            units["SQS requests"] += POLLS * count
        units["log KB"] += rates.log_kb(function) * count
    for (function, call), count in meter.calls.items():
        for name, each in rates.of(function, call).items():
            units[name] += each * count
    return units


def milliseconds(meter: Meter, function: str) -> float:
    """Return how long a function runs in all."""
    own_cpu = (MORE_CPU_MS | dict(OWN_CPU_MS))[function]
    cpu, waits = own_cpu * meter.invocations[function], 0.0
    for (caller, call), count in meter.calls.items():
        if caller == function:
            requests = count / JOBS_PER_BATCH if call == READ else count
            cpu, waits = cpu + CALL_CPU_MS * requests, waits + _wait(call) * requests
    return waits + cpu * max(1.0, WHOLE_CORE_MB / memory_of(function))


def usd_per_million(meter: Meter, rates: Rates, *, jobs: int) -> float:
    return price_of(units_of(meter, rates)) / jobs


def _wait(call: str) -> float:
    match call:
        case "provider":
            return PROVIDER_MS
        case "download":
            return DOWNLOAD_MS
    service = next(name for part, name in _SERVICES.items() if part in call.partition(" ")[0])
    return WAITS[service] + IMAGE_MS * (call.endswith("Object image"))
