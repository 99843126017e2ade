"""GET /models and GET /models/{model_id}: the models and their inputs, as JSON Schema."""

from http import HTTPStatus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.catalogue.schemas import describe, describe_all
from ringback.domain.errors import RequestRefused
from ringback.http_replies import Reply, problem, reply
from ringback.lambda_events import Event, client_name

logger = Logger(service="describe_models")


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    return handle(event)


def handle(event: Event) -> Reply:
    try:
        client_name(event)
        model_id = (event.get("pathParameters") or {}).get("model_id")
        if model_id is None:
            return reply(HTTPStatus.OK, {"models": describe_all()})
        return reply(HTTPStatus.OK, describe(model_id))
    except RequestRefused as error:
        return problem(error)
