"""What Lambda is called with: HTTP API requests (payload 2.0), SQS batches, S3 notifications."""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypedDict, TypeVar
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger

from ringback.domain.drops import Drop
from ringback.domain.errors import PayloadTooLarge
from ringback.domain.jobs import JobId
from ringback.use_cases.accept_callback import CallbackRequest

MAX_CALLBACK_BYTES: Final = 256 * 1024

Event = dict[str, Any]
Message = TypeVar("Message")


class BatchItemFailure(TypedDict):
    itemIdentifier: str


class BatchReply(TypedDict):
    batchItemFailures: list[BatchItemFailure]


def raw_body(event: Mapping[str, Any]) -> bytes:
    """Return the body exactly as it was sent."""
    body = event.get("body") or ""
    # API Gateway encodes what it takes for binary, and the sender's content type decides that.
    return (
        b64decode(body) if event.get("isBase64Encoded") else body.encode("utf-8", "surrogatepass")
    )


def lower_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """HTTP APIs send lower-case names; a recorded or hand-made event may not."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def query_parameters(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the query, for which API Gateway sends nothing at all if there is none."""
    return event.get("queryStringParameters") or {}


def client_name(event: Mapping[str, Any]) -> str:
    """Return the client that the authorizer found; without one, no route is to be served."""
    name: str = event["requestContext"]["authorizer"]["lambda"]["client"]
    return name


def callback_request(event: Mapping[str, Any]) -> CallbackRequest:
    """Read a provider's call. Raises ``PayloadTooLarge`` before it looks at anything else."""
    body = raw_body(event)
    if len(body) > MAX_CALLBACK_BYTES:
        raise PayloadTooLarge(f"a callback has at most {MAX_CALLBACK_BYTES} bytes")
    path = event["pathParameters"]
    return CallbackRequest(
        provider=path["provider"],
        job_id=JobId(path["job_id"]),
        token=path["token"],
        headers=lower_headers(event),
        body=body,
    )


def dropped_objects(notification: Mapping[str, Any]) -> list[Drop]:
    """Return the objects that a message is about: S3's own notification, or ours to go on.

    S3's test message is about none.

    S3 sends keys as a form would: ``+`` for a space, the rest percent-encoded.
    """
    if "drop" in notification:
        return [Drop(**notification["drop"])]
    return [
        Drop(
            bucket=record["s3"]["bucket"]["name"],
            key=unquote_plus(record["s3"]["object"]["key"]),
            version=record["s3"]["object"]["versionId"],
        )
        for record in notification.get("Records", [])
    ]


def process_batch(
    event: Event, process: Callable[[dict[str, Any]], None], logger: Logger
) -> BatchReply:
    """Hand each message to ``process``; only those that failed are delivered again."""

    def process_each(messages: Sequence[dict[str, Any]]) -> list[Exception | None]:
        return [_failure_of(process, message) for message in messages]

    return process_together(event, lambda message: message, process_each, logger)


def process_together(
    event: Event,
    read: Callable[[dict[str, Any]], Message],
    process: Callable[[Sequence[Message]], Sequence[Exception | None]],
    logger: Logger,
) -> BatchReply:
    """Hand all messages that can be read to ``process``, which returns what each failed of.

    Only those that failed are delivered again.
    """
    readable: list[tuple[str, Message]] = []
    failed: dict[str, Exception] = {}
    for record in event["Records"]:
        try:
            readable.append((record["messageId"], read(json.loads(record["body"]))))
        except Exception as error:  # noqa: BLE001  the others are not to pay for it
            failed[record["messageId"]] = error
    results = process([message for _, message in readable])
    for (message_id, _), result in zip(readable, results, strict=True):
        if result:
            failed[message_id] = result
    failures: list[BatchItemFailure] = []
    for record in event["Records"]:
        if record["messageId"] in failed:
            about = {"message_id": record["messageId"], "job_id": _job_named_in(record["body"])}
            logger.error("message failed", extra=about, exc_info=failed[record["messageId"]])
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _failure_of(
    process: Callable[[dict[str, Any]], None], message: dict[str, Any]
) -> Exception | None:
    try:
        process(message)
    except Exception as error:  # noqa: BLE001  the others are not to pay for it
        return error
    return None


def _job_named_in(body: str) -> Any:
    """Tell which job a failed message was about, if that can be told."""
    try:
        return json.loads(body)["job_id"]
    except (ValueError, TypeError, LookupError):
        return None
