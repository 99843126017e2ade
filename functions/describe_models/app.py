"""What describes the API: its models and their inputs, as JSON Schema, and all of it as OpenAPI.

It answers unknown routes as well, since it has no permissions and needs no settings.
"""

import os
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Final

from ringback.starting import Event, LambdaContext, Logger, start
from ringback.catalogue.schemas import describe, describe_all
from ringback.domain.errors import RequestRefused, UnknownRoute
from ringback.http_api.api_docs import description, docs_page, preflight
from ringback.http_api.replies import Reply, problem, reply
from ringback.http_api.requests import client_name, route_of

logger = Logger(service="describe_models")

# What API Gateway calls the route of all requests that match no other.
DEFAULT_ROUTE: Final = "$default"
# For everybody.
OPEN: Final[Mapping[str, Callable[[Event], Reply]]] = {
    "GET /openapi.json": description,
    "GET /docs": docs_page,
    "OPTIONS /{proxy+}": preflight,
}


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> Reply:
    return handle(event)


def handle(event: Event) -> Reply:
    if (route := route_of(event)) in OPEN:
        return OPEN[route](event)
    try:
        client_name(event)
        if route == DEFAULT_ROUTE:
            raise UnknownRoute
        model_id = (event.get("pathParameters") or {}).get("model_id")
        if model_id is None:
            return reply(HTTPStatus.OK, {"models": describe_all()})
        return reply(HTTPStatus.OK, describe(model_id))
    except RequestRefused as error:
        return problem(error)


start(os.environ)
