"""The door of every route but callbacks: a Lambda authorizer with simple responses."""

import os
from functools import cache
from typing import Any, Final

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.secrets import JsonSecret
from ringback.lambda_events import Event, lower_headers
from ringback.settings import AuthorizeClientSettings
from ringback.use_cases.authorize_client import client_of

logger = Logger(service="authorize_client")


# A key that is not known may be new: the answer is kept at the door for minutes, so it had better
# be right. Strangers can make us look no more often than this, in seconds.
LOOK_AGAIN: Final = 2.0


@cache
def client_keys() -> JsonSecret:
    settings = AuthorizeClientSettings.from_environ(os.environ)
    return JsonSecret.connect(settings.client_keys_secret_arn)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    return handle(event, client_keys())


def handle(event: Event, keys: JsonSecret) -> dict[str, Any]:
    offered = lower_headers(event).get("authorization", "")
    client = client_of(offered, keys()) or client_of(offered, keys(at_most_old=LOOK_AGAIN))
    if client is None:
        logger.info("no such key")
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": {"client": client}}
