"""Give each provider's client and callback reader what they need of AWS."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Protocol

from ringback.aws.queues import SqsCanaryTasks
from ringback.aws.secrets import KEPT_SECONDS, LASTING_SECONDS, JsonSecret
from ringback.aws.shared_token import SharedToken
from ringback.domain import canary
from ringback.use_cases.canary_ports import CanaryTasks
from ringback.use_cases.providers import ProviderAccess, Secret


class AccessSettings(Protocol):
    @property
    def base_url(self) -> str: ...
    @property
    def secret_arn(self) -> str: ...


class CallSettings(Protocol):
    @property
    def providers(self) -> Mapping[str, AccessSettings]: ...
    @property
    def jobs_table(self) -> str: ...


class SubmitSettings(CallSettings, Protocol):
    @property
    def canary_queue_url(self) -> str | None: ...


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
    settings: CallSettings, *, now: Callable[[], datetime], tasks: CanaryTasks | None = None
) -> dict[str, ProviderAccess]:
    """Return what each client needs. Only who submits jobs needs the canary's ``tasks``."""
    tokens = partial(SharedToken.connect, settings.jobs_table)
    secrets = {
        name: JsonSecret.connect(given.secret_arn, fresh=KEPT_SECONDS)
        for name, given in settings.providers.items()
    }
    external = {
        name: ProviderAccess(
            base_url=given.base_url,
            secret=secrets[name],
            renew=secrets[name].refresh,
            tokens=tokens(name),
            now=now,
        )
        for name, given in settings.providers.items()
    }
    own = ProviderAccess(
        base_url="", secret=dict, tokens=tokens(canary.PROVIDER), now=now, tasks=tasks
    )
    return {**external, canary.PROVIDER: own}


def submitting_access(
    settings: SubmitSettings, *, now: Callable[[], datetime]
) -> dict[str, ProviderAccess]:
    url = settings.canary_queue_url
    return provider_access(settings, now=now, tasks=SqsCanaryTasks.connect(url) if url else None)
