"""Chanjing (蝉镜): documents no callback, reads fifty tasks a call, shares one access token."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from ringback.domain.jobs import Job
from ringback.domain.pace import Pace
from ringback.domain.verdicts import TaskReport
from ringback.providers.chanjing.tasks import model_code
from ringback.use_cases.ports import CallbackReader, ProviderClient
from ringback.use_cases.provider_apis import ApiAccess, ProviderApi
from ringback.use_cases.providers import Provider, ProviderAccess, Secret
from ringback.use_cases.webhook_forms import WebhookForm

# How far the provider's clock may be behind ours.
MAX_CLOCK_SKEW: Final = timedelta(minutes=1)


def _connect(access: ProviderAccess) -> ProviderClient:
    from ringback.providers.chanjing.client import ChanjingClient

    return ChanjingClient(
        access.base_url, access.secret, access.tokens, now=access.now, renew=access.renew
    )


def _listen(secret: Secret) -> CallbackReader:
    from ringback.providers.chanjing.callback import ChanjingCallbackReader

    return ChanjingCallbackReader()


def _serve(access: ApiAccess) -> ProviderApi:
    from ringback.providers.chanjing.api import ChanjingApi

    return ChanjingApi(access)


def _call_back() -> WebhookForm:
    from ringback.providers.chanjing.webhooks import ChanjingWebhooks

    return ChanjingWebhooks()


def recognizes(job: Job, report: TaskReport, callback_urls: Collection[str]) -> bool:
    """Compare model and time: the record does not echo the callback URL (docs/decisions/0012)."""
    older = (
        report.created_at
        and job.submitted_at
        and report.created_at < job.submitted_at - MAX_CLOCK_SKEW
    )
    return report.model == model_code(job.request.model) and not older


PROVIDER: Final = Provider(
    name="chanjing",
    calls_back=False,
    max_batch_size=50,
    keeps_results=None,
    # Its own limit is not documented: this is ours.
    pace=Pace(limit=10, seconds=10),
    deadline=timedelta(minutes=30),
    secret_fields=frozenset({"app_id", "secret_key"}),
    recognizes=recognizes,
    connect=_connect,
    listen=_listen,
    serve=_serve,
    call_back=_call_back,
)
