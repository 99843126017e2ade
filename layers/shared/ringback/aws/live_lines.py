"""Open connections of the WebSocket API."""

from typing import TYPE_CHECKING, Self

from botocore.exceptions import BotoCoreError, ClientError

from ringback.aws.clients import connections_client
from ringback.domain.live import Connection

if TYPE_CHECKING:
    from types_boto3_apigatewaymanagementapi import ApiGatewayManagementApiClient


class WebSocketLines:
    """API Gateway takes a message at once, however slow its receiver is."""

    def __init__(self, client: "ApiGatewayManagementApiClient") -> None:
        self._client = client

    @classmethod
    def connect(cls, url: str) -> Self:
        return cls(connections_client(url))

    def send(self, connection: Connection, message: str) -> bool:
        try:
            self._client.post_to_connection(ConnectionId=connection.id, Data=message.encode())
        except (ClientError, BotoCoreError):
            # It is gone (410), too slow or throttled.
            return False
        return True

    def close(self, connection: Connection) -> None:
        try:
            self._client.delete_connection(ConnectionId=connection.id)
        except (ClientError, BotoCoreError):
            # Nobody can wait for it: API Gateway closes it when it has been idle for a while.
            return
