"""The door of every route but callbacks: a Lambda authorizer with simple responses."""

import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from ringback.aws.secrets import json_secret
from ringback.lambda_events import Event, lower_headers
from ringback.settings import AuthorizeClientSettings
from ringback.use_cases.authorize_client import client_of

logger = Logger(service="authorize_client")


@cache
def client_keys() -> Callable[[], Mapping[str, Any]]:
    settings = AuthorizeClientSettings.from_environ(os.environ)
    return json_secret(settings.client_keys_secret_arn)


@logger.inject_lambda_context(clear_state=True)
def lambda_handler(event: Event, context: LambdaContext) -> dict[str, Any]:
    return handle(event, client_keys()())


def handle(event: Event, keys: Mapping[str, str]) -> dict[str, Any]:
    client = client_of(lower_headers(event).get("authorization", ""), keys)
    if client is None:
        logger.info("no such key")
        return {"isAuthorized": False}
    return {"isAuthorized": True, "context": {"client": client}}
