"""Give each provider's client and callback reader what they need of AWS."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from ringback.aws.secrets import KEPT_SECONDS, LASTING_SECONDS, JsonSecret
from ringback.aws.shared_token import SharedToken
from ringback.use_cases.providers import ProviderAccess, Secret


class AccessSettings(Protocol):
    @property
    def base_url(self) -> str: ...
    @property
    def secret_arn(self) -> str: ...


class SigningSettings(Protocol):
    @property
    def secret_arn(self) -> str | None: ...


def signing_secrets(settings: Mapping[str, SigningSettings]) -> dict[str, Secret]:
    """Return the secret of each provider, an empty one for those that sign no callbacks."""
    return {
        name: JsonSecret.connect(given.secret_arn, fresh=LASTING_SECONDS)
        if given.secret_arn
        else dict
        for name, given in settings.items()
    }


def provider_access(
    settings: Mapping[str, AccessSettings], *, table: str, now: Callable[[], datetime]
) -> dict[str, ProviderAccess]:
    secrets = {
        name: JsonSecret.connect(given.secret_arn, fresh=KEPT_SECONDS)
        for name, given in settings.items()
    }
    return {
        name: ProviderAccess(
            base_url=given.base_url,
            secret=secrets[name],
            renew=secrets[name].refresh,
            tokens=SharedToken.connect(table, name),
            now=now,
        )
        for name, given in settings.items()
    }
