"""What DynamoDB and SQS bill for a call: write and read units, and requests."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, Final

Item = Mapping[str, Any]

WRITE_UNIT, READ_UNIT, SQS_REQUEST = 1024, 4096, 64 * 1024
WRITES: Final = ("PutItem", "UpdateItem", "BatchWriteItem", "TransactWriteItems")
READS: Final = ("GetItem", "BatchGetItem")
INDEXES: Final = ("client", "source")


class Units(defaultdict[str, float]):
    """How many units of each kind are billed."""

    def __init__(self) -> None:
        super().__init__(float)

    def add(self, others: Mapping[str, float]) -> None:
        for name, count in others.items():
            self[name] += count


def size_of(item: Item) -> int:
    """Return the bytes of an item.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html
    """
    return sum(len(name.encode()) + _size_of(value) for name, value in item.items())


def _size_of(value: Mapping[str, Any]) -> int:
    kind, content = next(iter(value.items()))
    match kind:
        case "S":
            return len(str(content).encode())
        case "N":
            digits = content.lstrip("-").replace(".", "").strip("0")
            return ceil(len(digits) / 2) + 1 + int(content.startswith("-"))
        case "B":
            return len(bytes(content))
        case "SS":
            return sum(len(each.encode()) for each in content)
        case "L":
            return 3 + sum(1 + _size_of(each) for each in content)
        case "M":
            return 3 + sum(1 + len(key.encode()) + _size_of(each) for key, each in content.items())
        case "BOOL" | "NULL":
            return 1
    raise AssertionError(kind)


def keys_in(operation: str, parameters: Any) -> Iterator[str]:
    """Yield the key of each item that a call reads or writes."""
    match operation:
        case "PutItem":
            yield parameters["Item"]["job_id"]["S"]
        case "GetItem" | "UpdateItem":
            yield parameters["Key"]["job_id"]["S"]
        case "BatchGetItem":
            for asked in parameters["RequestItems"].values():
                yield from (key["job_id"]["S"] for key in asked["Keys"])
        case "BatchWriteItem":
            for puts in parameters["RequestItems"].values():
                yield from (each["PutRequest"]["Item"]["job_id"]["S"] for each in puts)
        case "TransactWriteItems":
            for each in parameters["TransactItems"]:
                yield each["Put"]["Item"]["job_id"]["S"]
        case _:
            raise AssertionError(operation)


def write_units(old: Item, new: Item, *, transaction: bool) -> int:
    """Count the larger of the two images, and an index where its keys are new.

    A write whose condition fails is billed like one that takes place.
    """
    own = max(1, ceil(max(size_of(old), size_of(new)) / WRITE_UNIT))
    indexes = sum(name in new and bool(old.get(name) != new[name]) for name in INDEXES)
    return own * (2 if transaction else 1) + indexes


def read_units(item: Item, *, consistent: bool) -> float:
    return max(1, ceil(size_of(item) / READ_UNIT)) * (1 if consistent else 0.5)


def sqs_requests(parameters: Mapping[str, Any]) -> int:
    return ceil(len(str(parameters["MessageBody"]).encode()) / SQS_REQUEST)
