"""The provider's rate limit, shared by all containers: a counter for each window of time."""

from datetime import datetime
from typing import TYPE_CHECKING, Self

import boto3

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class WindowCounter:
    """At most ``limit`` calls in each window of ``seconds``, counted in the jobs table."""

    def __init__(self, client: "DynamoDBClient", table: str, *, limit: int, seconds: int) -> None:
        self._client = client
        self._table = table
        self._limit = limit
        self._seconds = seconds

    @classmethod
    def connect(cls, table: str, *, limit: int, seconds: int) -> Self:
        return cls(boto3.client("dynamodb"), table, limit=limit, seconds=seconds)

    def take(self, provider: str, *, at: datetime) -> int:
        now = int(at.timestamp())
        window, elapsed = divmod(now, self._seconds)
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"job_id": {"S": f"window#{provider}#{window}"}},
                UpdateExpression="ADD taken :one SET forget_at = :later",
                ConditionExpression="attribute_not_exists(taken) OR taken < :limit",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":limit": {"N": str(self._limit)},
                    ":later": {"N": str(now + 3600)},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return self._seconds - elapsed
        return 0
