"""Secrets from AWS Secrets Manager, cached for some minutes."""

from collections.abc import Callable, Iterable, Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import BotoCoreError, ClientError

from ringback.aws.clients import CALLS, CallLimits, secrets_client
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.json_bodies import REPEATED, Json, NotJson, parse_json

if TYPE_CHECKING:
    from types_boto3_secretsmanager import SecretsManagerClient

# How long a container may use a value that has been changed since. Each read has a price.
FRESH_SECONDS: Final = 60.0
# The same for what verifies or signs: the former is read again before anything is refused for it,
# and for the latter the value before is still valid.
LASTING_SECONDS: Final = 900.0
# The same for what is read again as soon as it is missing or refused: a provider's credentials.
KEPT_SECONDS: Final = 3600.0
# How long it may use one that cannot be read again, and how long it waits between two tries.
STALE_SECONDS: Final = 6 * 3600.0
RETRY_SECONDS: Final = 10.0
# Errors that an owner has to put right: of GetSecretValue itself, and IAM's.
# https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
OWNERS_ERRORS: Final = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "InvalidRequestException",
    }
)
# Nobody has stored a value yet: the template makes the owner's secrets without one.
NO_VALUE: Final = "ResourceNotFoundException"


class JsonSecret:
    """A secret that is a JSON object. Call it for its value, which is empty before it is stored."""

    def __init__(
        self,
        client: "SecretsManagerClient",
        arn: str,
        *,
        fresh: float = FRESH_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._client = client
        self._arn = arn
        self.fresh = fresh
        self._clock = clock
        self._value: dict[str, Any] = {}
        self._read_at = float("-inf")
        self._failed_at = float("-inf")

    @classmethod
    def connect(cls, arn: str, limits: CallLimits = CALLS, *, fresh: float = FRESH_SECONDS) -> Self:
        return cls(secrets_client(limits), arn, fresh=fresh)

    def __call__(self, *, at_most_old: float | None = None) -> Mapping[str, Any]:
        """Return the value, read at most ``at_most_old`` seconds ago.

        Without it, the value is ``fresh`` seconds old at most, or some hours while Secrets Manager
        throttles or can't be reached. Raises ``NotConfigured`` if the owner has to put something
        right, ``ProviderUnavailable`` if it is worth another try later.
        """
        age = self._clock() - self._read_at
        # What is not stored yet may be at any moment.
        fresh = self.fresh if self._value else min(self.fresh, FRESH_SECONDS)
        if age < (fresh if at_most_old is None else at_most_old):
            return self._value
        may_serve = at_most_old is None and age < STALE_SECONDS
        if may_serve and self._clock() - self._failed_at < RETRY_SECONDS:
            return self._value
        try:
            self._value = self._read()
        except ProviderUnavailable:
            self._failed_at = self._clock()
            if not may_serve:
                raise
        else:
            self._read_at = self._clock()
        return self._value

    def refresh(self) -> bool:
        """Read the value again, but not more often than others can afford; tell if it is new."""
        before, now = self._value, self._clock()
        if now - max(self._read_at, self._failed_at) < RETRY_SECONDS:
            return False
        try:
            return self(at_most_old=0) != before
        except (NotConfigured, ProviderUnavailable):
            self._failed_at = now
            return False

    def _read(self) -> dict[str, Any]:
        try:
            answer = self._client.get_secret_value(SecretId=self._arn)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == NO_VALUE:
                return {}
            kind = NotConfigured if code in OWNERS_ERRORS else ProviderUnavailable
            raise kind(f"secret {self._arn}: {code}") from error
        except BotoCoreError as error:
            raise ProviderUnavailable(f"secret {self._arn}: {type(error).__name__}") from error
        return _json_object(answer.get("SecretString"), self._arn)


def refresh_all(secrets: Iterable[object]) -> bool:
    """Refresh those that are secrets; tell whether any is new."""
    refreshed = [each.refresh() for each in secrets if isinstance(each, JsonSecret)]
    return any(refreshed)


def _json_object(text: str | None, arn: str) -> dict[str, Any]:
    """Read a value; a binary one has no text, the local AWS has an empty one for none."""
    try:
        secret = Json({}) if text == "" else parse_json(text or "")
    except NotJson:
        secret = Json(None)
    if not isinstance(secret.value, dict):
        raise NotConfigured(f"secret {arn} is not a JSON object")
    if secret.repeated:
        raise NotConfigured(f"secret {arn}: {secret.repeated[0]} {REPEATED}")
    return secret.value
