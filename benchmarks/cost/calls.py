"""One call of AWS: its name, and what is billed for it."""

from collections.abc import Iterator
from typing import Any

from benchmarks.cost.units import (
    READS,
    WRITES,
    Item,
    Units,
    keys_in,
    read_units,
    sqs_requests,
    write_units,
)
from tests.support.lambdas import AwsCall


def parameters_of(parameters: dict[str, Any]) -> dict[str, Any]:
    """Leave out bodies, which are files."""
    return {name: value for name, value in parameters.items() if name != "Body"}


def endpoint_of(service: str) -> str:
    return "apigatewaymanagementapi" if service == "execute-api" else service


def is_image(call: AwsCall) -> bool:
    """Tell whether a call carries an image of 5 MB."""
    kind = call.parameters.get("Tagging", "")
    return (call.operation, kind.endswith("=image")) in (("PutObject", True), ("GetObject", False))


def label_of(call: AwsCall) -> str:
    """Name a call by its operation and what it is about."""
    match call.service:
        case "dynamodb":
            kinds = sorted({kind_of(key) for key in keys_in(call.operation, call.parameters)})
            return f"{call.operation} {', '.join(kinds)}"
        case "sqs":
            return f"{call.operation} {call.parameters['QueueUrl'].rpartition('/')[2]}"
        case "s3":
            name = call.parameters["Key"].rpartition("/")[2]
            kind = call.parameters.get("Tagging", f"={name}").partition("=")[2]
            return f"{call.operation} {'image' if call.operation == 'GetObject' else kind}"
    return call.operation


def kind_of(key: str) -> str:
    return "job" if key.startswith("job_") else key.partition("#")[0]


def billed(call: AwsCall, before: dict[str, Item], after: dict[str, Item]) -> Units:
    units = Units()
    for name, count in _billed(call, before, after):
        units[name] += count
    return units


def _billed(
    call: AwsCall, before: dict[str, Item], after: dict[str, Item]
) -> Iterator[tuple[str, float]]:
    match call.operation:
        case operation if operation in WRITES:
            twice = operation == "TransactWriteItems"
            for key, old in before.items():
                yield "DynamoDB write units", write_units(old, after[key], transaction=twice)
        case operation if operation in READS:
            asked = [call.parameters, *call.parameters.get("RequestItems", {}).values()]
            consistent = any(each.get("ConsistentRead") for each in asked)
            yield (
                "DynamoDB read units",
                sum(read_units(item, consistent=consistent) for item in before.values()),
            )
        case "SendMessage":
            yield "SQS requests", sqs_requests(call.parameters)
        case "PutObject":
            yield "S3 PUT", 1
        case "GetObject" | "HeadObject":
            yield "S3 GET", 1
        case "PutEvents":
            yield "EventBridge events", len(call.parameters["Entries"])
        case "PostToConnection":
            yield "WebSocket messages", 1
        case "GetSecretValue":
            yield "Secrets Manager reads", 1
        case operation:
            raise AssertionError(f"what does {operation} cost?")
