"""Pauses of providers' accounts: one item in the jobs table for each provider."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

import boto3

from ringback.aws.table_items import (
    PAUSE_KEPT,
    Item,
    account_key,
    forget_at,
    milliseconds,
    moment_of,
)
from ringback.domain.accounts import AccountPause, PauseReason

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class AccountTable:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    @classmethod
    def connect(cls, table: str) -> Self:
        return cls(boto3.client("dynamodb"), table)

    def pause(self, provider: str, reason: PauseReason, *, at: datetime, until: datetime) -> None:
        begin = "SET reason = :reason, since = :at, paused_until = :until, forget_at = :forget_at"
        over = "attribute_not_exists(paused_until) OR paused_until <= :at OR reason <> :reason"
        longer = "SET paused_until = :until, forget_at = :forget_at"
        values = {
            ":until": milliseconds(until),
            ":forget_at": forget_at(until + PAUSE_KEPT),
        }
        beginning = {":reason": {"S": reason}, ":at": milliseconds(at)}
        if not self._update(provider, begin, over, values | beginning):
            self._update(provider, longer, "paused_until < :until", values)

    def paused(self, provider: str, *, at: datetime) -> AccountPause | None:
        item = self._client.get_item(TableName=self._table, Key=account_key(provider)).get("Item")
        if item is None or (until := moment_of(item["paused_until"])) <= at:
            return None
        return AccountPause(
            provider=provider,
            reason=PauseReason(item["reason"]["S"]),
            since=moment_of(item["since"]),
            until=until,
        )

    def _update(self, provider: str, update: str, condition: str, values: Item) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=account_key(provider),
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
