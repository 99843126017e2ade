"""Receivers of webhooks in the jobs table: those that fail, and what clients have set up."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from botocore.exceptions import ClientError

from ringback.aws.table_items import (
    RECEIVER,
    RECEIVER_KEPT,
    Item,
    TableAdapter,
    forget_at,
    is_own_repeat,
    item_of,
    milliseconds,
    moment_of,
    read_item,
    read_items,
    receiver_key,
    typed,
)
from ringback.domain.receivers import ClientWebhooks, OffReason, Receiver

# In place of a host: what a client has set up. No host is a word without a dot or a port.
DEFAULT: Final = "default"
# Likewise: the hosts of a client that have a record of failing.
HOSTS: Final = "hosts"
# BatchGetItem reads no more.
MAX_HOSTS: Final = 100
OFF_SINCE: Final = "off_since"
_COUNTS: Final = ("timeouts", "given_up")
_TIMES: Final = ("timed_out_at", "failing_since", OFF_SINCE)
_RECORD: Final = (*_COUNTS, *_TIMES, "off_reason", "forget_at")
_ONE: Final = {":one": {"N": "1"}}


class WebhookClientTable(TableAdapter):
    def read(self, client: str) -> ClientWebhooks | None:
        item = read_item(self._client, self._table, receiver_key(client, DEFAULT))
        if not item:
            return None
        return ClientWebhooks(client=client, url=item.get("url", {}).get("S"))

    def put(self, webhooks: ClientWebhooks) -> None:
        """Record that a client has a secret, and its receiver."""
        url = {"url": typed(webhooks.url)} if webhooks.url else {}
        item = {**receiver_key(webhooks.client, DEFAULT), **url}
        self._client.put_item(TableName=self._table, Item=item)


class ReceiverTable(TableAdapter):
    """Each change is one request; a repeat of it by the SDK changes nothing."""

    def read(self, client: str, host: str) -> Receiver:
        return _receiver(
            client, host, read_item(self._client, self._table, receiver_key(client, host))
        )

    def claim(self, receiver: Receiver, *, at: datetime) -> bool:
        seen = receiver.timed_out_at
        claimed = self._write(
            receiver,
            ", timed_out_at = :at",
            {":at": milliseconds(at), ":seen": milliseconds(seen or at)},
            only_if="timed_out_at = :seen",
        )
        return claimed is not None

    def failed(self, receiver: Receiver, *, at: datetime, timed_out: bool) -> Receiver:
        update = ", failing_since = if_not_exists(failing_since, :at)"
        values: Item = {":at": milliseconds(at)}
        if not receiver.off_since:
            update += ", forget_at = :forget"
            values |= {":forget": forget_at(at + RECEIVER_KEPT)}
        if timed_out:
            update += ", timed_out_at = :at ADD timeouts :one"
            values |= _ONE
        else:
            update += " REMOVE timeouts, timed_out_at"
        failed = self._write(receiver, update, values) or receiver
        if receiver.is_new:
            self._list(
                "ADD", receiver, only_if="attribute_not_exists(hosts) OR size(hosts) < :most"
            )
        return failed

    def gave_up(self, receiver: Receiver, *, at: datetime) -> Receiver:
        update = ", forget_at = :forget ADD given_up :one"
        values = {":forget": forget_at(at + RECEIVER_KEPT), **_ONE}
        return self._write(receiver, update, values) or receiver

    def switch_off(self, receiver: Receiver, *, at: datetime, reason: OffReason) -> None:
        self._write(
            receiver,
            ", off_since = :at, off_reason = :reason REMOVE forget_at",
            {":at": milliseconds(at), ":reason": typed(reason)},
            only_if="attribute_not_exists(off_since)",
        )

    def forget(self, receiver: Receiver) -> None:
        self._write(receiver, f" REMOVE {', '.join(_RECORD)}", {})
        self._list("DELETE", receiver)

    def failing(self, client: str) -> Sequence[Receiver]:
        listed = read_item(self._client, self._table, receiver_key(client, HOSTS))
        hosts = sorted(listed["hosts"]["SS"]) if "hosts" in listed else []
        keys = [receiver_key(client, host) for host in hosts]
        items = read_items(self._client, self._table, keys)
        found = sorted(map(receiver_in, items), key=lambda each: each.host)
        return [each for each in found if not each.is_new]

    def _list(self, act: str, receiver: Receiver, *, only_if: str = "") -> None:
        """Add a host to its client's list, or delete it; safe to repeat."""
        most: Item = {":most": {"N": str(MAX_HOSTS)}} if only_if else {}
        condition: Any = {"ConditionExpression": only_if} if only_if else {}
        try:
            self._client.update_item(
                TableName=self._table,
                Key=receiver_key(receiver.client, HOSTS),
                UpdateExpression=f"{act} hosts :host",
                ExpressionAttributeValues={":host": {"SS": [receiver.host]}, **most},
                **condition,
            )
        except ClientError as error:
            item_of(error)  # the list is full

    def _write(
        self, receiver: Receiver, update: str, values: Mapping[str, Any], *, only_if: str = ""
    ) -> Receiver | None:
        """Return the receiver as it now is, ``None`` if the condition does not hold.

        ``update`` is the rest of an update expression, from the second assignment on.
        """
        mine = typed(token_hex(8))
        condition = "(attribute_not_exists(written_by) OR written_by <> :mine)"
        try:
            answer = self._client.update_item(
                TableName=self._table,
                Key=receiver_key(receiver.client, receiver.host),
                UpdateExpression=f"SET written_by = :mine{update}",
                ConditionExpression=f"{condition} AND {only_if}" if only_if else condition,
                ExpressionAttributeValues={**values, ":mine": mine},
                ReturnValues="ALL_NEW",
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
        except ClientError as error:
            if not is_own_repeat(error, written_by=mine):
                return None
            return _receiver(receiver.client, receiver.host, item_of(error))
        return _receiver(receiver.client, receiver.host, answer["Attributes"])


def receiver_in(item: Item) -> Receiver:
    """Return the receiver of an item of the table."""
    client, _, host = item["job_id"]["S"].removeprefix(RECEIVER).rpartition("#")
    return _receiver(client, host, item)


def _receiver(client: str, host: str, item: Item) -> Receiver:
    found: dict[str, Any] = {name: int(item[name]["N"]) for name in _COUNTS if name in item}
    found |= {name: moment_of(item[name]) for name in _TIMES if name in item}
    if "off_reason" in item:
        found["off_reason"] = OffReason(item["off_reason"]["S"])
    return Receiver(client=client, host=host, **found)
