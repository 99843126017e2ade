"""How far each drop has been read: an item of the jobs table for each."""

from dataclasses import asdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Self

import boto3
from boto3.dynamodb.types import TypeDeserializer, TypeSerializer

from ringback.domain.drops import Drop, Progress

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

# An event or a message about a drop can be no older than its queue keeps it: two weeks.
KEPT: Final = timedelta(days=30)
_NUMBERS: Final = ("row", "offset", "bad_rows", "without_price")


class DropProgressTable:
    def __init__(self, client: "DynamoDBClient", table: str) -> None:
        self._client = client
        self._table = table

    @classmethod
    def connect(cls, table: str) -> Self:
        return cls(boto3.client("dynamodb"), table)

    def read(self, drop: Drop) -> Progress | None:
        answer = self._client.get_item(TableName=self._table, Key=_key(drop), ConsistentRead=True)
        if "Item" not in answer:
            return None
        read = TypeDeserializer().deserialize
        plain = {name: read(value) for name, value in answer["Item"].items()}
        return Progress(
            made_at=datetime.fromisoformat(plain["made_at"]),
            credits_low=plain["credits_low"],
            credits_high=plain["credits_high"],
            fault=plain["fault"],
            done=plain["done"],
            **{name: int(plain[name]) for name in _NUMBERS},
        )

    def advance(self, drop: Drop, *, seen: Progress | None, to: Progress) -> bool:
        plain = asdict(to) | {"made_at": to.made_at.isoformat()}
        forget_at = int((to.made_at + KEPT).timestamp())
        write = TypeSerializer().serialize
        item: dict[str, Any] = {name: write(value) for name, value in plain.items()}
        unchanged: Any = {"ConditionExpression": "attribute_not_exists(job_id)"}
        if seen:
            unchanged = {
                "ConditionExpression": "#row = :row AND done = :done",
                "ExpressionAttributeNames": {"#row": "row"},
                "ExpressionAttributeValues": {":row": write(seen.row), ":done": write(seen.done)},
            }
        try:
            self._client.put_item(
                TableName=self._table,
                Item={**_key(drop), **item, "forget_at": write(forget_at)},
                **unchanged,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True


def _key(drop: Drop) -> dict[str, Any]:
    return {"job_id": {"S": f"drop#{drop.fingerprint}"}}
