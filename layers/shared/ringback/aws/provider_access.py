"""Give each provider's client its address, its secret and its shared token."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from ringback.aws.secrets import JsonSecret
from ringback.aws.shared_token import SharedToken
from ringback.use_cases.providers import ProviderAccess


class AccessSettings(Protocol):
    @property
    def base_url(self) -> str: ...
    @property
    def secret_arn(self) -> str: ...


def provider_access(
    settings: Mapping[str, AccessSettings], *, table: str, now: Callable[[], datetime]
) -> dict[str, ProviderAccess]:
    return {
        name: ProviderAccess(
            base_url=given.base_url,
            secret=JsonSecret.connect(given.secret_arn),
            tokens=SharedToken.connect(table, name),
            now=now,
        )
        for name, given in settings.items()
    }
