"""The provider's rate limit, shared by all containers: one counter of slots in the jobs table."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import boto3

from ringback.domain.pace import Pace, Turn

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

KEPT_SECONDS: Final = 86_400


class SlotCounter:
    """Each call takes the next slot, whoever makes it: first come, first served."""

    def __init__(self, client: "DynamoDBClient", table: str, pace: Pace) -> None:
        self._client = client
        self._table = table
        self._pace = pace

    @classmethod
    def connect(cls, table: str, pace: Pace) -> Self:
        return cls(boto3.client("dynamodb"), table, pace)

    def take(self, provider: str, *, at: datetime, slot: int | None) -> Turn:
        if slot is None or not self._holds(provider, slot, at=at):
            slot = self._next_free(provider, at=at)
        return self._pace.turn(slot, at=at)

    def pause(self, provider: str, *, at: datetime) -> None:
        until = self._pace.slot_at(at + timedelta(seconds=self._pace.seconds))
        self._update(provider, "SET paused_until = :until", {":until": until}, at=at)
        self._advance(provider, to=until, at=at)

    def _holds(self, provider: str, slot: int, *, at: datetime) -> bool:
        if self._pace.is_missed(slot, at=at):
            return False
        item = self._client.get_item(
            TableName=self._table, Key=_key(provider), ConsistentRead=True
        ).get("Item", {})
        return slot >= int(item.get("paused_until", {"N": "0"})["N"])

    def _next_free(self, provider: str, *, at: datetime) -> int:
        now = self._pace.slot_at(at)
        while True:
            try:
                taken = self._update(
                    provider,
                    "SET next_slot = next_slot + :one",
                    {":one": 1, ":now": now},
                    at=at,
                    condition="next_slot >= :now",
                )
            except self._client.exceptions.ConditionalCheckFailedException:
                # Nothing was asked for in a while: the counter lies in the past.
                self._advance(provider, to=now, at=at)
            else:
                return int(taken["next_slot"]["N"]) - 1

    def _advance(self, provider: str, *, to: int, at: datetime) -> None:
        """Move the counter forward, never back."""
        try:
            self._update(
                provider,
                "SET next_slot = :to",
                {":to": to},
                at=at,
                condition="attribute_not_exists(next_slot) OR next_slot < :to",
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return

    def _update(
        self,
        provider: str,
        update: str,
        values: dict[str, int],
        *,
        at: datetime,
        condition: str | None = None,
    ) -> dict[str, Any]:
        forget_at = int(at.timestamp()) + KEPT_SECONDS
        conditions: Any = {"ConditionExpression": condition} if condition else {}
        return self._client.update_item(
            TableName=self._table,
            Key=_key(provider),
            UpdateExpression=f"{update}, forget_at = :forget_at",
            ExpressionAttributeValues={
                name: {"N": str(value)}
                for name, value in (values | {":forget_at": forget_at}).items()
            },
            ReturnValues="UPDATED_NEW",
            **conditions,
        )["Attributes"]


def _key(provider: str) -> dict[str, Any]:
    return {"job_id": {"S": f"window#{provider}"}}
