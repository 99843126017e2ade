"""What Lambda is called with: HTTP API requests (payload 2.0), SQS batches, S3 notifications."""

import json
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final, TypedDict
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger

from ringback.domain.drops import Drop
from ringback.domain.errors import PayloadTooLarge
from ringback.domain.jobs import JobId
from ringback.use_cases.accept_callback import CallbackRequest

LARGEST_CALLBACK: Final = 256 * 1024

Event = dict[str, Any]


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


def client_name(event: Mapping[str, Any]) -> str:
    """Return the client that the authorizer found; without one, no route is to be served."""
    name: str = event["requestContext"]["authorizer"]["lambda"]["client"]
    return name


def callback_request(event: Mapping[str, Any]) -> CallbackRequest:
    """Read a provider's call. Raises ``PayloadTooLarge`` before it looks at anything else."""
    body = raw_body(event)
    if len(body) > LARGEST_CALLBACK:
        raise PayloadTooLarge(f"a callback has at most {LARGEST_CALLBACK} bytes")
    path = event["pathParameters"]
    return CallbackRequest(
        provider=path["provider"],
        job_id=JobId(path["job_id"]),
        token=path["token"],
        headers=lower_headers(event),
        body=body,
    )


def dropped_objects(notification: Mapping[str, Any]) -> list[Drop]:
    """Return the objects that an S3 notification is about; its test message is about none.

    S3 sends keys as a form would: ``+`` for a space, the rest percent-encoded.
    """
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
    failures: list[BatchItemFailure] = []
    for record in event["Records"]:
        try:
            process(json.loads(record["body"]))
        except Exception:
            # Whatever it was, the other messages of the batch are not to pay for it.
            about = {"message_id": record["messageId"], "job_id": _job_named_in(record["body"])}
            logger.exception("message failed", extra=about)
            failures.append({"itemIdentifier": record["messageId"]})
    return {"batchItemFailures": failures}


def _job_named_in(body: str) -> Any:
    """Tell which job a failed message was about, if that can be told."""
    try:
        return json.loads(body)["job_id"]
    except (ValueError, TypeError, LookupError):
        return None
