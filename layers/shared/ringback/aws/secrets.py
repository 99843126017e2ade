"""Secrets Manager, asked at most once in a while."""

import json
from collections.abc import Callable, Mapping
from time import monotonic
from typing import Any, Final

import boto3

# How long a container goes on with a value after it was changed. AWS' own price is per request.
FRESH_SECONDS: Final = 60.0


def json_secret(
    arn: str, *, clock: Callable[[], float] = monotonic
) -> Callable[[], Mapping[str, Any]]:
    """Return a function that gives the secret's JSON object, at most a minute old."""
    client = boto3.client("secretsmanager")
    value: dict[str, Any] = {}
    good_until = float("-inf")

    def read() -> Mapping[str, Any]:
        nonlocal value, good_until
        if clock() >= good_until:
            value = json.loads(client.get_secret_value(SecretId=arn)["SecretString"])
            good_until = clock() + FRESH_SECONDS
        return value

    return read
