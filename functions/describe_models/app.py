"""GET /models and GET /models/{model_id}: what jobs can ask for, as JSON Schema."""

from http import HTTPStatus

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.catalogue.descriptions import describe
from ringback.catalogue.models import MODELS
from ringback.domain.errors import UnknownModel
from ringback.http_replies import Reply, problem, reply
from ringback.lambda_events import Event

logger = Logger(service="describe_models")


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    model_id = (event.get("pathParameters") or {}).get("model_id")
    if model_id is None:
        return reply(HTTPStatus.OK, {"models": [describe(model) for model in MODELS.values()]})
    if model_id not in MODELS:
        return problem(UnknownModel("There is no such model; GET /models lists them."))
    return reply(HTTPStatus.OK, describe(MODELS[model_id]))
