"""Reads Lambda events: HTTP API requests (payload 2.0), batches of SQS and of a table's stream."""

from base64 import b64decode
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, TypedDict, TypeVar
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from ringback.domain.checks import DETAILS
from ringback.domain.client_keys import OF_FIRST_FORM
from ringback.domain.drops import NO_VERSION, NOT_DROPS, Drop
from ringback.domain.errors import (
    FieldError,
    InvalidRequest,
    PayloadTooLarge,
    Unauthorized,
    UnknownMessage,
    adding,
)
from ringback.domain.idempotency_keys import KEY, key_errors
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import JobId
from ringback.domain.suggestions import unknown_parameters
from ringback.domain.versions import of_any_version
from ringback.json_bodies import MAX_REQUEST_BYTES, json_object, parse_json, without_halves
from ringback.metric_table import MESSAGES_FAILED
from ringback.metrics import Metrics
from ringback.use_cases.accept_callback import CallbackRequest
from ringback.use_cases.authorize_client import check_scope
from ringback.use_cases.provider_apis import ApiCall

MAX_CALLBACK_BYTES: Final = 256 * 1024
# S3 sends one when a notification is configured.
_TEST_EVENT: Final = "s3:TestEvent"
_CREATED: Final = "ObjectCreated:"
_SWITCH: Final = ("true", "false")

Event = dict[str, Any]
Message = TypeVar("Message")


class BatchItemFailure(TypedDict):
    itemIdentifier: str


class BatchReply(TypedDict):
    batchItemFailures: list[BatchItemFailure]


def time_of(context: LambdaContext) -> Callable[[], float]:
    """Return the clock of an invocation: the seconds until Lambda stops it."""
    return lambda: context.get_remaining_time_in_millis() / 1000


def raw_body(event: Mapping[str, Any]) -> bytes:
    """Return the body exactly as it was sent."""
    body: str = event.get("body") or ""
    # API Gateway encodes bodies that it considers binary, going by the sender's content type.
    if event.get("isBase64Encoded"):
        # What is said to be Base64 and is not is left as it is: it is no JSON either.
        with suppress(ValueError):
            return b64decode(body, validate=True)
    return body.encode("utf-8", "surrogatepass")


def json_body(event: Mapping[str, Any], *, most: int = MAX_REQUEST_BYTES) -> dict[str, Any]:
    """Return the JSON object that a client sent, of ``most`` bytes. Raises as ``json_object``."""
    content_type = lower_headers(event).get("content-type", "")
    return json_object(raw_body(event), content_type=content_type, most=most)


def lower_headers(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the headers by lower-case name; recorded events may spell them otherwise."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


def query_parameters(event: Mapping[str, Any]) -> dict[str, str]:
    """Return the query parameters; API Gateway leaves the field out if there are none."""
    given = event.get("queryStringParameters") or {}
    return {without_halves(name): without_halves(text) for name, text in given.items()}


def path_alone(event: Mapping[str, Any], name: str) -> str:
    """Return a parameter of the path, on a route that has none in its query.

    Raises ``InvalidRequest`` if there are any: ``DELETE ...?dry_run=true`` can't be undone.
    """
    if errors := unknown_parameters(query_parameters(event), ()):
        raise InvalidRequest(errors)
    found: str = event["pathParameters"][name]
    return found


def route_of(event: Mapping[str, Any]) -> str:
    """Return the route, such as ``GET /jobs``. ``HEAD`` is answered like ``GET``.

    API Gateway has a route for each method. It leaves out the body that answers ``HEAD``.
    """
    route: str = event["routeKey"]
    return f"GET {route.removeprefix('HEAD ')}" if route.startswith("HEAD ") else route


def client_name(event: Mapping[str, Any]) -> str:
    """Return the client that the authorizer identified.

    Raises ``Unauthorized`` if the authorizer says what is wrong, ``MissingScope`` if the key may
    not use this route, and ``KeyError`` without an authorizer.
    """
    context = event["requestContext"]["authorizer"]["lambda"]
    if refusal := context.get("refusal"):
        raise Unauthorized(refusal)
    name: str = context["client"]
    check_scope(route_of(event), key_scopes(event))
    return name


def key_scopes(event: Mapping[str, Any]) -> Collection[str]:
    """Return the scopes of the key that the authorizer identified."""
    scopes = event["requestContext"]["authorizer"]["lambda"].get("scopes")
    # API Gateway may remember a consent of the version before scopes.
    return OF_FIRST_FORM if scopes is None else scopes.split()


def callback_request(event: Mapping[str, Any]) -> CallbackRequest:
    """Read a provider's callback. The size is checked first: raises ``PayloadTooLarge``."""
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


def job_post(event: Event, *, needs_key: bool = False) -> JobPost:
    """Read ``POST /jobs`` or ``POST /jobs/{job_id}/retry``.

    ``needs_key`` refuses what would be paid for without an idempotency key.
    Unknown query parameters are refused: a mistyped ``dry_run`` must not cost money. Raises
    ``InvalidRequest``, which names every invalid field, or ``PayloadTooLarge``; what is wrong
    beside a body that can be read is left to whoever checks that.
    """
    retry_of = (event.get("pathParameters") or {}).get("job_id")
    key = lower_headers(event).get(KEY.lower())
    query = query_parameters(event)
    known = set() if retry_of else {"dry_run"}
    dry_run = query.get("dry_run", "false")
    client = client_name(event)
    errors = unknown_parameters(query, known)
    errors += key_errors(key, required=needs_key and dry_run != "true")
    if known and dry_run not in _SWITCH:
        errors.append(FieldError("dry_run", "must be true or false"))
    if errors and retry_of:
        raise InvalidRequest(errors)
    return JobPost(
        client=client,
        idempotency_key=key,
        body={} if retry_of else adding(errors, json_body, event),
        dry_run=dry_run != "false",
        retry_of=retry_of,
        faults=tuple(errors),
    )


def api_call(event: Mapping[str, Any], context: LambdaContext) -> ApiCall:
    """Read a call of a provider's own API. Nothing in it is checked yet."""
    return ApiCall(
        route=event["routeKey"],
        headers=lower_headers(event),
        query=query_parameters(event),
        body=raw_body(event),
        request_id=context.aws_request_id,
    )


def dropped_objects(notification: Mapping[str, Any]) -> list[Drop]:
    """Return the objects that an S3 notification says were created, or the drop in our own message.

    There are none in S3's test message, in events of other kinds (an object was removed, restored,
    tagged, moved to another storage class), and in those about what Ringback itself writes, or its
    clients upload: S3's filters can't leave that out. S3 encodes keys like form fields: ``+`` for a
    space, percent encoding for the rest. Raises ``UnknownMessage`` for any other message, such as a
    notification that came through SNS or EventBridge: a file in it would be lost.
    """
    if "drop" in notification:
        return [of_any_version(Drop, notification["drop"])]
    if notification.get("Event") == _TEST_EVENT:
        return []
    if not notification.get("Records"):
        raise UnknownMessage("neither an S3 notification nor a drop to continue")
    records = [_record(record) for record in notification["Records"]]
    return [drop for drop, is_new in records if is_new and not drop.key.startswith(NOT_DROPS)]


def _record(record: Mapping[str, Any]) -> tuple[Drop, bool]:
    """Return the object of an S3 event, and whether it was created."""
    drop = Drop(
        bucket=record["s3"]["bucket"]["name"],
        key=unquote_plus(record["s3"]["object"]["key"]),
        # Without versioning, S3 sends none.
        version=record["s3"]["object"].get("versionId") or NO_VERSION,
    )
    # Some senders spell it as the notification's configuration does, or leave it out.
    kind = record.get("eventName", _CREATED)
    return drop, kind.removeprefix("s3:").startswith(_CREATED)


def take_each(message: Mapping[str, Any], take: Callable[[Drop], None]) -> None:
    """Pass each dropped object to ``take``, whatever becomes of the others in the message."""
    failures = [failure_of(take, drop) for drop in dropped_objects(message)]
    for failure in filter(None, failures):
        raise failure


def process_batch(
    event: Event, process: Callable[[dict[str, Any]], None], logger: Logger, metrics: Metrics
) -> BatchReply:
    """Pass each message to ``process``; SQS delivers only the failed ones again."""

    def process_each(messages: Sequence[dict[str, Any]]) -> list[Exception | None]:
        return [failure_of(process, message) for message in messages]

    return process_together(event, lambda message: message, process_each, logger, metrics)


def receives_of(event: Event) -> int:
    """Return how often SQS has delivered the message of a batch of one, this time included."""
    return max(int(record["attributes"]["ApproximateReceiveCount"]) for record in event["Records"])


def images_named_in(message: Mapping[str, Any]) -> Sequence[int]:
    """Return the numbers of the images that a message of the thumbnail queue is about."""
    numbers: Sequence[int] = message.get("numbers", [message["number"]])
    return numbers


def process_together(
    event: Event,
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
    event: Event,
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
