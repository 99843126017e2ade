"""Reads batches of messages, from SQS and from a table's stream."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypedDict, TypeVar

from aws_lambda_powertools import Logger

from ringback.domain.checks import DETAILS
from ringback.domain.errors import UnknownMessage
from ringback.json_bodies import parse_json
from ringback.metric_table import MESSAGES_FAILED
from ringback.metrics import Metrics

Message = TypeVar("Message")


class BatchItemFailure(TypedDict):
    itemIdentifier: str


class BatchReply(TypedDict):
    batchItemFailures: list[BatchItemFailure]


def process_batch(
    event: Mapping[str, Any],
    process: Callable[[dict[str, Any]], None],
    logger: Logger,
    metrics: Metrics,
) -> BatchReply:
    """Pass each message to ``process``; SQS delivers only the failed ones again."""

    def process_each(messages: Sequence[dict[str, Any]]) -> list[Exception | None]:
        return [failure_of(process, message) for message in messages]

    return process_together(event, lambda message: message, process_each, logger, metrics)


def receives_of(event: Mapping[str, Any]) -> int:
    """Return how often SQS has delivered the message of a batch of one, this time included."""
    return max(int(record["attributes"]["ApproximateReceiveCount"]) for record in event["Records"])


def images_named_in(message: Mapping[str, Any]) -> Sequence[int]:
    """Return the numbers of the images that a message of the thumbnail queue is about."""
    numbers: Sequence[int] = message.get("numbers", [message["number"]])
    return numbers


def process_together(
    event: Mapping[str, Any],
    read: Callable[[dict[str, Any]], Message],
    process: Callable[[Sequence[Message]], Sequence[Exception | None]],
    logger: Logger,
    metrics: Metrics,
) -> BatchReply:
    """Pass all readable messages to ``process``, which returns the error of each, if any.

    SQS delivers only the failed ones again.
    """
    readable: list[tuple[str, Message]] = []
    failed: dict[str, Exception] = {}
    for record in event["Records"]:
        try:
            readable.append((record["messageId"], read(_message_of(record))))
        except Exception as error:  # noqa: BLE001  one bad message must not fail the batch
            failed[record["messageId"]] = error
    results = process([message for _, message in readable])
    for (message_id, _), result in zip(readable, results, strict=True):
        if result:
            failed[message_id] = result
    failures: list[BatchItemFailure] = []
    for record in event["Records"]:
        if record["messageId"] in failed:
            fields = {"message_id": record["messageId"], "job_id": _job_named_in(record["body"])}
            logger.error("message failed", extra=fields, exc_info=failed[record["messageId"]])
            failures.append({"itemIdentifier": record["messageId"]})
    _count_failed(failures, logger, metrics)
    return {"batchItemFailures": failures}


def process_stream(
    event: Mapping[str, Any],
    read: Callable[[Mapping[str, Any]], Message],
    process: Callable[[Sequence[Message]], Sequence[Exception | None]],
    logger: Logger,
    metrics: Metrics,
) -> BatchReply:
    """Pass what the records of a stream say to ``process``, which returns the error of each.

    A record that cannot be read, or fails, holds up none of the others in its batch. Lambda comes
    back with all records from the first failed one on, until its retries are over.
    https://docs.aws.amazon.com/lambda/latest/dg/services-ddb-batchfailurereporting.html
    """
    readable: list[tuple[str, Message]] = []
    failed: dict[str, Exception] = {}
    for record in event["Records"]:
        number = record["dynamodb"]["SequenceNumber"]
        try:
            readable.append((number, read(record)))
        except Exception as error:  # noqa: BLE001  one bad record must not fail the batch
            failed[number] = error
    results = process([message for _, message in readable])
    errors = zip((number for number, _ in readable), results, strict=True)
    failed |= {number: error for number, error in errors if error}
    for record in event["Records"]:
        if why := failed.get(record["dynamodb"]["SequenceNumber"]):
            # Not the record: it has the job's input.
            fields = {"key": record["dynamodb"]["Keys"]["job_id"]["S"]}
            logger.error("record failed", extra=fields, exc_info=why)
    failures: list[BatchItemFailure] = [{"itemIdentifier": number} for number in failed]
    _count_failed(failures, logger, metrics)
    return {"batchItemFailures": failures}


def _count_failed(failures: Sequence[object], logger: Logger, metrics: Metrics) -> None:
    # Lambda counts no error: the function returns.
    if failures:
        metrics.put({MESSAGES_FAILED: len(failures)}, Function=logger.service)


def _message_of(record: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message with its details, the fields that older versions do without."""
    details = record.get("messageAttributes", {}).get(DETAILS, {}).get("stringValue", "{}")
    message, more = parse_json(record["body"]).value, parse_json(details).value
    if not isinstance(message, dict) or not isinstance(more, dict):
        raise UnknownMessage("not a JSON object")
    return more | message


def failure_of(process: Callable[[Message], None], message: Message) -> Exception | None:
    """Return what was raised, so that one bad message does not fail its batch."""
    try:
        process(message)
    except Exception as error:  # noqa: BLE001  one bad message must not fail the batch
        return error
    return None


def _job_named_in(body: str) -> Any:
    """Return the job id in a failed message, ``None`` if it cannot be read."""
    try:
        return parse_json(body).value["job_id"]
    except (ValueError, TypeError, LookupError):
        return None
