"""The deliveries of a job's webhooks: one item of the jobs table for each job that has any."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from secrets import token_hex
from typing import Any, Final

from botocore.exceptions import ClientError

from ringback.aws.table_items import (
    DELIVERIES_KEPT,
    Item,
    TableAdapter,
    deliveries_key,
    forget_at,
    is_own_repeat,
    plain,
    read_item,
    typed,
)
from ringback.domain.deliveries import MAX_KEPT, Delivery
from ringback.domain.jobs import JobId
from ringback.domain.versions import of_any_version

_TIMES: Final = ("at", "next_at")
_NUMBERS: Final = ("attempt", "milliseconds", "status")
_HAS_ROOM: Final = "(attribute_not_exists(deliveries) OR size(deliveries) < :most)"
_IS_NEW: Final = "(attribute_not_exists(written_by) OR written_by <> :mine)"


class DeliveryTable(TableAdapter):
    def add(self, job_id: JobId, delivery: Delivery) -> None:
        while not self._append(job_id, delivery):
            self._drop_oldest(job_id)

    def of(self, job_id: JobId) -> Sequence[Delivery]:
        item = plain(read_item(self._client, self._table, deliveries_key(job_id)))
        return [_delivery(each) for each in item.get("deliveries", [])]

    def _append(self, job_id: JobId, delivery: Delivery) -> bool:
        """Tell whether there was room for another one."""
        mine = typed(token_hex(8))
        try:
            self._update(
                job_id,
                "SET deliveries = list_append(if_not_exists(deliveries, :none), :one),"
                " forget_at = :forget, written_by = :mine",
                f"{_HAS_ROOM} AND {_IS_NEW}",
                {
                    ":none": typed([]),
                    ":one": typed([_to_plain(delivery)]),
                    ":forget": forget_at(delivery.at + DELIVERIES_KEPT),
                    ":mine": mine,
                },
            )
        except ClientError as error:
            # The SDK repeats a write whose answer was lost: this one must not be listed twice.
            return is_own_repeat(error, written_by=mine)
        return True

    def _drop_oldest(self, job_id: JobId) -> None:
        try:
            self._update(job_id, "REMOVE deliveries[0]", "size(deliveries) >= :most", {})
        except ClientError as error:
            # Somebody else has made room.
            is_own_repeat(error, written_by={})

    def _update(self, job_id: JobId, update: str, condition: str, values: Item) -> None:
        self._client.update_item(
            TableName=self._table,
            Key=deliveries_key(job_id),
            UpdateExpression=update,
            ConditionExpression=condition,
            ExpressionAttributeValues={**values, ":most": typed(MAX_KEPT)},
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
        )


def _to_plain(delivery: Delivery) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(delivery).items()
        if value not in (None, "")
    }


def _delivery(written: dict[str, Any]) -> Delivery:
    times = {name: datetime.fromisoformat(written[name]) for name in _TIMES if name in written}
    numbers = {name: int(written[name]) for name in _NUMBERS if name in written}
    return of_any_version(Delivery, written | times | numbers)
