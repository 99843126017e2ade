"""Lambda authorizer (simple responses) of every route except the callbacks."""

import os
from functools import cache
from typing import Any, Final

from ringback.starting import Event, LambdaContext, Logger, start
from ringback.aws.clients import AUTHORIZER_CALLS
from ringback.aws.secrets import JsonSecret
from ringback.domain.client_keys import KEY_USED
from ringback.http_api.requests import lower_headers
from ringback.settings import AuthorizeClientSettings
from ringback.use_cases.authorize_client import canary_key, known_key, refusal_of
from ringback.use_cases.providers import Secret

logger = Logger(service="authorize_client")
# With the seconds that API Gateway remembers an answer, a revoked key works for a minute at most.
KEYS_SECONDS: Final = 5.0


@cache
def secrets() -> tuple[JsonSecret, Secret]:
    settings = AuthorizeClientSettings.from_environ(os.environ)
    arn, canary_arn = settings.client_keys_secret_arn, settings.canary_secret_arn
    return (
        JsonSecret.connect(arn, AUTHORIZER_CALLS, fresh=KEYS_SECONDS),
        JsonSecret.connect(canary_arn, AUTHORIZER_CALLS) if canary_arn else dict,
    )


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    return handle(event, *secrets())


def handle(event: Event, keys: JsonSecret, canary_secret: Secret) -> dict[str, Any]:
    offered = lower_headers(event).get("authorization", "")
    if offered and (refusal := refusal_of(offered)):
        # API Gateway's own 403 has no reason. Let through without a client, the request is answered
        # 401 by every function, with this sentence (requests.client_name).
        logger.info("malformed authorization header")
        return {"isAuthorized": True, "context": {"refusal": refusal}}
    key = canary_key(offered, canary_secret) or known_key(offered, keys)
    if key is None:
        logger.info("unknown client key")
        return {"isAuthorized": False}
    # By hand: the other functions' way would load what a job is.
    logger.info(KEY_USED, extra={"client": key.client, "key": key.id})
    scopes = " ".join(sorted(key.scopes))
    return {"isAuthorized": True, "context": {"client": key.client, "scopes": scopes}}


start(os.environ, secrets)
