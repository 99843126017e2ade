"""Messages to connections, with the answers that API Gateway documents."""

from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError
from botocore.stub import Stubber
from ringback.aws import clients
from ringback.aws.clients import LIVE_CALLS
from ringback.aws.live_lines import WebSocketLines

from tests.support.live import a_connection

URL = "https://w1x2y3z4a5.execute-api.eu-west-1.amazonaws.com/live"
CONNECTION = a_connection()
# https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
REFUSALS = [("GoneException", 410), ("LimitExceededException", 429), ("ForbiddenException", 403)]


@pytest.fixture
def client() -> Any:
    return boto3.client(
        "apigatewaymanagementapi",
        endpoint_url=URL,
        region_name="eu-west-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )


def test_a_message_is_sent_as_utf_8(client: Any) -> None:
    with Stubber(client) as stub:
        sent = {"ConnectionId": CONNECTION.id, "Data": '{"雪":1}'.encode()}
        stub.add_response("post_to_connection", {}, sent)
        assert WebSocketLines(client).send(CONNECTION, '{"雪":1}')
        stub.assert_no_pending_responses()


@pytest.mark.parametrize(("code", "status"), REFUSALS)
def test_a_connection_that_is_gone_or_throttled_takes_nothing(
    client: Any, code: str, status: int
) -> None:
    with Stubber(client) as stub:
        stub.add_client_error("post_to_connection", code, http_status_code=status)
        assert not WebSocketLines(client).send(CONNECTION, "{}")


@pytest.mark.parametrize("error", [EndpointConnectionError, ReadTimeoutError])
def test_an_api_that_does_not_answer_takes_nothing(error: Any) -> None:
    class Unreachable:
        def post_to_connection(self, **_: Any) -> None:
            raise error(endpoint_url=URL)

        delete_connection = post_to_connection

    client: Any = Unreachable()
    assert not WebSocketLines(client).send(CONNECTION, "{}")
    WebSocketLines(client).close(CONNECTION)


def test_closing_a_connection_that_is_gone_is_no_error(client: Any) -> None:
    with Stubber(client) as stub:
        stub.add_response("delete_connection", {}, {"ConnectionId": CONNECTION.id})
        stub.add_client_error("delete_connection", "GoneException", http_status_code=410)
        WebSocketLines(client).close(CONNECTION)
        WebSocketLines(client).close(CONNECTION)
        stub.assert_no_pending_responses()


def test_the_client_calls_the_stage_and_does_not_wait_long(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    monkeypatch.setattr(clients, "shared_client", lambda *given: made.append(given))
    WebSocketLines.connect(URL)
    assert made == [("apigatewaymanagementapi", LIVE_CALLS, URL)]
    assert LIVE_CALLS.longest <= 7
