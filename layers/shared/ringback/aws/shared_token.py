"""A provider's access token in the jobs table, and the lease to fetch the next one."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from ringback.aws.clients import dynamodb_client
from ringback.aws.table_items import TOKEN_KEPT, forget_at, milliseconds, read_item, token_key
from ringback.domain.tokens import AccessToken

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient


class SharedToken:
    """Each write is one conditional request, so that only one of many callers gets the lease."""

    def __init__(self, client: "DynamoDBClient", table: str, provider: str) -> None:
        self._client = client
        self._table = table
        self._key = token_key(provider)

    @classmethod
    def connect(cls, table: str, provider: str) -> Self:
        return cls(dynamodb_client(), table, provider)

    def read(self) -> AccessToken | None:
        item = read_item(self._client, self._table, self._key)
        if "token" not in item:
            return None
        expires_at = datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC)
        return AccessToken(value=item["token"]["S"], expires_at=expires_at)

    def lease(
        self, lease: str, *, instead_of: AccessToken | None, at: datetime, until: datetime
    ) -> bool:
        same = "#token = :seen" if instead_of else "attribute_not_exists(#token)"
        seen: dict[str, Any] = {":seen": {"S": instead_of.value}} if instead_of else {}
        return self._update(
            "SET lease = :lease, leased_until = :until, forget_at = :forget_at",
            # A lease that is this one already: the SDK has repeated the write by itself.
            f"{same} AND (attribute_not_exists(leased_until) OR leased_until <= :at"
            " OR lease = :lease)",
            {
                ":lease": {"S": lease},
                ":until": milliseconds(until),
                ":at": milliseconds(at),
                ":forget_at": forget_at(until + TOKEN_KEPT),
                **seen,
            },
        )

    def put(self, token: AccessToken, *, lease: str) -> None:
        self._update(
            "SET #token = :token, expires_at = :expires_at, forget_at = :forget_at"
            " REMOVE lease, leased_until",
            "lease = :lease",
            {
                ":token": {"S": token.value},
                ":expires_at": {"N": str(int(token.expires_at.timestamp()))},
                ":forget_at": forget_at(token.expires_at + TOKEN_KEPT),
                ":lease": {"S": lease},
            },
        )

    def _update(self, update: str, condition: str, values: dict[str, Any]) -> bool:
        try:
            self._client.update_item(
                TableName=self._table,
                Key=self._key,
                UpdateExpression=update,
                ConditionExpression=condition,
                ExpressionAttributeNames={"#token": "token"},  # a reserved word
                ExpressionAttributeValues=values,
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return False
        return True
