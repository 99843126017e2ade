"""The canary's provider: a queue and a function of the deployment, without a public route."""

from datetime import timedelta
from typing import Final

from ringback.domain import canary
from ringback.domain.pace import Pace
from ringback.use_cases.ports import CallbackReader, ProviderClient
from ringback.use_cases.providers import Provider, ProviderAccess, Secret


def _connect(access: ProviderAccess) -> ProviderClient:
    from ringback.providers.canary.client import CanaryClient

    return CanaryClient(access.tasks)


def _listen(secret: Secret) -> CallbackReader:
    from ringback.providers.canary.callback import CanaryCallbackReader

    return CanaryCallbackReader(key=lambda: canary.signing_key(secret()))


PROVIDER: Final = Provider(
    name=canary.PROVIDER,
    calls_back=True,
    max_batch_size=10,
    keeps_results=None,
    pace=Pace(limit=10, seconds=10),
    deadline=timedelta(minutes=2),
    secret_fields=frozenset({canary.FIELD}),
    # The answer to createTask is never lost for good: a task is only a message.
    recognizes=lambda job, report, callback_urls: False,
    connect=_connect,
    listen=_listen,
    is_internal=True,
)
