"""kie.ai: signs its callbacks, reads one task a call, keeps results for two weeks."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from ringback.domain.jobs import Job
from ringback.domain.pace import Pace
from ringback.domain.verdicts import TaskReport
from ringback.use_cases.ports import CallbackReader, ProviderClient
from ringback.use_cases.provider_apis import ApiAccess, ProviderApi
from ringback.use_cases.providers import Provider, ProviderAccess, Secret
from ringback.use_cases.webhook_forms import WebhookForm


def _connect(access: ProviderAccess) -> ProviderClient:
    from ringback.providers.kie.client import KieClient

    return KieClient(
        access.base_url,
        lambda: str(access.secret().get("api_key") or ""),
        renew=access.renew,
    )


def _listen(secret: Secret) -> CallbackReader:
    from ringback.callbacks.signatures import usable_keys
    from ringback.providers.kie.callback import KieCallbackReader

    name = "webhook_hmac_keys"
    return KieCallbackReader(keys=lambda: usable_keys(name, secret().get(name)))


def _serve(access: ApiAccess) -> ProviderApi:
    from ringback.providers.kie.api import KieApi

    return KieApi(access)


def _call_back() -> WebhookForm:
    from ringback.providers.kie.webhooks import KieWebhooks

    return KieWebhooks()


def recognizes(job: Job, report: TaskReport, callback_urls: Collection[str]) -> bool:
    """Trust the record's own echo of a callback URL that may have been sent with the job."""
    return report.callback_url in callback_urls


PROVIDER: Final = Provider(
    name="kie",
    calls_back=True,
    max_batch_size=1,
    keeps_results=timedelta(days=14),
    # "20 new generation requests per 10 seconds" for an account.
    pace=Pace(limit=20, seconds=10),
    deadline=timedelta(minutes=15),
    secret_fields=frozenset({"api_key", "webhook_hmac_keys"}),
    recognizes=recognizes,
    connect=_connect,
    listen=_listen,
    serve=_serve,
    call_back=_call_back,
    tells_credits=True,
)
