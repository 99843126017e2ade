"""Secrets from AWS Secrets Manager, cached for a minute."""

import json
from collections.abc import Callable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self

import boto3

from ringback.aws.clients import CALL_LIMITS
from ringback.domain.errors import NotConfigured

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

# How long a container may use a value that has been changed since. Each read has a price.
FRESH_SECONDS: Final = 60.0


class JsonSecret:
    """A secret that is a JSON object. Call it for its value."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        arn: str,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock
        self._value: dict[str, Any] = {}
        self._read_at = float("-inf")

    @classmethod
    def connect(cls, arn: str) -> Self:
        return cls(boto3.client("secretsmanager", config=CALL_LIMITS), arn)

    def __call__(self, *, at_most_old: float = FRESH_SECONDS) -> Mapping[str, Any]:
        """Return the value, read at most ``at_most_old`` seconds ago. Raises ``NotConfigured``."""
        if self._clock() - self._read_at >= at_most_old:
            text = self._client.get_secret_value(SecretId=self._arn)["SecretString"]
            self._value = _json_object(text, self._arn)
            self._read_at = self._clock()
        return self._value


def _json_object(text: str, arn: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise NotConfigured(f"secret {arn} is not a JSON object")
    return value
