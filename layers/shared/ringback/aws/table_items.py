"""The kinds of item that share the jobs table: their keys, and how long each is kept.

The table's only key is the string ``job_id``. DynamoDB deletes an item some time after
``forget_at``, which is in Unix seconds.

| ``job_id`` | what the item holds | adapter | kept |
|---|---|---|---|
| ``job_{ulid}`` | a job | ``job_table`` | ``Job.forget_at`` |
| ``idempotency#{client}#{sha256}`` | the job that the key made | ``job_table`` | as its job |
| ``drop#{fingerprint}`` | how far a drop is read | ``drop_progress`` | ``DROP_KEPT`` |
| ``drop#at#{ulid}#{fingerprint}`` | a drop in its client's list | ``drop_list`` | ``DROP_KEPT`` |
| ``window#{provider}`` | the slots and calls of a rate window | ``rate_window`` | ``WINDOW_KEPT`` |
| ``token#{provider}`` | an access token and its lease | ``shared_token`` | ``TOKEN_KEPT`` |
| ``account#{provider}#state`` | is it open, and why not | ``accounts`` | ``ACCOUNT_KEPT`` |
| ``receiver#{client}#default`` | a client with a webhook secret | ``receivers`` | for ever |
| ``receiver#{client}#hosts`` | which of its receivers fail | ``receivers`` | for ever |
| ``receiver#{client}#{host}`` | how a receiver fails | ``receivers`` | ``RECEIVER_KEPT``, if on |
| ``deliveries#job_{ulid}`` | tries of a job's webhooks | ``deliveries`` | ``DELIVERIES_KEPT`` |
| ``told#job_{ulid}`` | up to which change the job was told | ``told_marks`` | as its job |
| ``live#{client}#connections`` | a client's connections | ``live_items`` | ``KEPT``, 2 h more |
| ``count#{client}#{window}`` | how many jobs it has posted | ``job_counts`` | ``KEPT`` |
| ``live#{client}#{minute}`` | what has changed in a minute | ``live_items`` | ``KEPT`` |

Only jobs have the attribute ``client``. ``source`` is a job's, or that of a drop in a list, which
is the key of no file (``list_of``). Nothing else is in the indexes. The stream
leads jobs, drops, accounts and receivers that are switched off to ``publish_events``, which writes
none of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import ClientError

from ringback.aws import attribute_values
from ringback.aws.clients import dynamodb_client
from ringback.domain.drops import RECEIPTS, Drop
from ringback.domain.jobs import JobId

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# Attributes by name, as DynamoDB's typed values.
Item = dict[str, Any]

# From the drop. Its events and messages are at most two weeks old: no queue keeps them longer.
DROP_KEPT: Final = timedelta(days=30)
# From the last write: a window of seconds that was not used for a day starts again.
WINDOW_KEPT: Final = timedelta(days=1)
# From the end of the token or of the lease.
TOKEN_KEPT: Final = timedelta(days=7)
# From the last change. Longer than a job waits once its account is open: the opening must be known.
ACCOUNT_KEPT: Final = timedelta(days=30)
LISTED: Final = "drop#at#"
RECEIVER: Final = "receiver#"
# From the last failure.
RECEIVER_KEPT: Final = timedelta(days=30)
# From the last try.
DELIVERIES_KEPT: Final = timedelta(days=30)

# Returns a plain value as DynamoDB's typed one.
typed: Final = attribute_values.typed


class TableAdapter:
    """What the adapters of the table have in common."""

    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    @classmethod
    def connect(cls, table: str) -> Self:
        return cls(dynamodb_client(), table)


def read_item(client: "DynamoDBClient", table: str, key: Item) -> Item:
    """Return the item as it was last written, empty if there is none."""
    # DynamoDB's default may be seconds old, and decisions rest on it.
    answer = client.get_item(TableName=table, Key=key, ConsistentRead=True)
    return answer.get("Item", {})


def read_items(
    client: "DynamoDBClient", table: str, keys: Sequence[Item], *, consistent: bool = True
) -> list[Item]:
    """Return those of at most 100 items that there are, in any order.

    They are as they were last written or, unless ``consistent``, as they were some seconds ago.
    """
    found, unread = list[Item](), dict[str, Any]()
    if keys:
        # Consistent: a summary must not miss a job that was created a moment ago.
        unread = {table: {"Keys": keys, "ConsistentRead": consistent}}
    while unread:
        answer = client.batch_get_item(RequestItems=unread)
        found += answer["Responses"][table]
        unread = answer["UnprocessedKeys"]
    return found


def plain(item: Mapping[str, Any]) -> dict[str, Any]:
    """Return an item's attributes as plain values; numbers are ``Decimal``."""
    return {name: attribute_values.plain(value) for name, value in item.items()}


def job_key(job_id: JobId) -> Item:
    return _key(job_id)


def idempotency_key(client: str, key: str) -> Item:
    return _key(f"idempotency#{client}#{hashlib.sha256(key.encode()).hexdigest()}")


def drop_key(drop: Drop) -> Item:
    return _key(f"drop#{drop.fingerprint}")


def listed_key(drop: Drop, listed_at: datetime) -> Item:
    """Return a key that sorts by time among those of a client's drops."""
    ulid = drop.job_id(0, made_at=listed_at).removeprefix("job_")
    return listed_key_at(f"{ulid}#{drop.fingerprint}")


def listed_key_at(place: str) -> Item:
    return _key(f"{LISTED}{place}")


def list_of(client: str) -> str:
    """Return the source of a client's drops in the index of sources.

    Nothing under ``receipts/`` is a drop, so no job has it.
    """
    return f"{RECEIPTS}#{client}"


def window_key(provider: str) -> Item:
    return _key(f"window#{provider}")


def token_key(provider: str) -> Item:
    return _key(f"token#{provider}")


def account_key(provider: str) -> Item:
    # Not the key of 0018's pauses: a version that reads those must not find this.
    return _key(f"account#{provider}#state")


def receiver_key(client: str, host: str) -> Item:
    # A host has no "#", so that no two clients share a key.
    return _key(f"{RECEIVER}{client}#{host}")


def deliveries_key(job_id: JobId) -> Item:
    return _key(f"deliveries#{job_id}")


def told_key(job_id: JobId) -> Item:
    return _key(f"told#{job_id}")


def live_key(client: str) -> Item:
    return _key(f"live#{client}#connections")


def live_minute_key(client: str, minute: int) -> Item:
    """``minute`` counts from 1970 in UTC."""
    return _key(f"live#{client}#{minute}")


def count_key(client: str, window: int) -> Item:
    return _key(f"count#{client}#{window}")


def milliseconds(moment: datetime) -> Item:
    """Return a time as the typed value of an attribute that conditions compare."""
    return {"N": str(int(moment.timestamp() * 1000))}


def moment_of(value: Any) -> datetime:
    """Read a time that ``milliseconds`` wrote."""
    return datetime.fromtimestamp(int(value["N"]) / 1000, UTC)


def forget_at(moment: datetime) -> Item:
    """Return the typed value of the attribute ``forget_at``."""
    return {"N": str(int(moment.timestamp()))}


def is_own_repeat(error: ClientError, *, written_by: Item) -> bool:
    """Tell whether a condition failed only because the same write had taken place already.

    The SDK repeats a write whose answer was an error or got lost (docs/decisions/0019).
    ``written_by`` is the random value that each write leaves in the item. Other errors are raised.
    """
    return item_of(error).get("written_by") == written_by


def item_of(error: ClientError) -> Item:
    """Return the item, empty if there is none, whose condition failed; raise other errors.

    The request asks for it with ``ReturnValuesOnConditionCheckFailure``.
    """
    if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
        raise error
    found: Item = error.response.get("Item", {})  # type: ignore[assignment]
    return found


def _key(job_id: str) -> Item:
    return {"job_id": {"S": job_id}}
