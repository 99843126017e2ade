"""Lambda authorizer (simple responses) of every route except the callbacks."""

import os
from functools import cache
from typing import Any

from ringback.starting import LambdaContext, Logger, start
from ringback.aws.clients import AUTHORIZER_CALLS
from ringback.aws.secrets import JsonSecret
from ringback.lambda_events import Event, lower_headers
from ringback.settings import AuthorizeClientSettings
from ringback.use_cases.authorize_client import known_client, refusal_of

logger = Logger(service="authorize_client")


@cache
def client_keys() -> JsonSecret:
    settings = AuthorizeClientSettings.from_environ(os.environ)
    return JsonSecret.connect(settings.client_keys_secret_arn, AUTHORIZER_CALLS)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    return handle(event, client_keys())


def handle(event: Event, keys: JsonSecret) -> dict[str, Any]:
    offered = lower_headers(event).get("authorization", "")
    if offered and (refusal := refusal_of(offered)):
        # API Gateway's own 403 has no reason. Let through without a client, the request is answered
        # 401 by every function, with this sentence (lambda_events.client_name).
        logger.info("malformed authorization header")
        return {"isAuthorized": True, "context": {"refusal": refusal}}
    client = known_client(offered, keys)
    if client is None:
        logger.info("unknown client key")
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": {"client": client}}


start(os.environ, client_keys)
