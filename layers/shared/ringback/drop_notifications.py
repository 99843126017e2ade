"""Reads what S3 tells of dropped files."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote_plus

from aws_lambda_powertools import Logger

from ringback.domain.drops import NO_VERSION, NOT_DROPS, Drop, Progress
from ringback.domain.errors import UnknownMessage
from ringback.domain.versions import of_any_version
from ringback.lambda_events import failure_of

# S3 sends one when a notification is configured.
_TEST_EVENT: Final = "s3:TestEvent"
_CREATED: Final = "ObjectCreated:"


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


def take_each(
    message: Mapping[str, Any], take: Callable[[Drop], Progress | None], logger: Logger
) -> None:
    """Pass each dropped object to ``take``, whatever becomes of the others in the message."""

    def take_one(drop: Drop) -> None:
        progress = take(drop)
        logger.info("drop read", extra={"drop": drop.key, "row": progress and progress.row})

    failures = [failure_of(take_one, drop) for drop in dropped_objects(message)]
    for failure in filter(None, failures):
        raise failure
