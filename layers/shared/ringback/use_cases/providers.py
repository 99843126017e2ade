"""A provider as the rest of Ringback sees it: one object, defined in its own folder."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from ringback.domain.jobs import Job
from ringback.domain.pace import Pace
from ringback.domain.verdicts import TaskReport
from ringback.use_cases.canary_ports import CanaryTasks
from ringback.use_cases.ports import CallbackReader, ProviderClient, TokenStore
from ringback.use_cases.provider_apis import ApiAccess, ProviderApi
from ringback.use_cases.webhook_forms import WebhookForm

Secret = Callable[[], Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccess:
    """What a client needs to call its provider.

    ``base_url`` has no slash at its end. ``secret`` returns the secret's JSON object, which may be
    an hour old. ``renew`` reads it again and tells whether it has changed: it is called when a
    credential is missing or refused. ``tokens`` is for providers whose access token all functions
    share. ``tasks`` is where the canary's tasks go, if there is one.
    """

    base_url: str
    secret: Secret
    tokens: TokenStore
    now: Callable[[], datetime]
    renew: Callable[[], bool] = bool
    tasks: CanaryTasks | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """The facts about a provider, and how to make its client and its callback reader.

    ``calls_back``: whether every task ends with a callback. Tasks of a provider without callbacks
    are read instead, at widening intervals.
    ``max_batch_size``: how many tasks one read may cover.
    ``keeps_results``: how long after the submission results can be downloaded, ``None`` if the
    provider does not say.
    ``pace`` and ``deadline`` are defaults; settings of the same name replace them (``configured``).
    ``secret_fields``: the fields of the provider's secret.
    ``recognizes(job, report, callback_urls)``: whether a task is the job's own although the answer
    to createTask was lost and only an unproven callback names it.
    ``connect`` and ``listen`` import the client and the reader on first use: a function that never
    calls a provider never loads an HTTP client. So do ``serve`` with the provider's own API, if
    Ringback answers that, and ``call_back`` with the form of its callbacks.
    ``tells_credits``: whether a probe of its account tells how many are left.
    ``is_internal``: a part of the deployment itself, without an account, a price or settings.
    """

    name: str
    calls_back: bool
    max_batch_size: int
    keeps_results: timedelta | None
    pace: Pace
    deadline: timedelta
    secret_fields: frozenset[str]
    recognizes: Callable[[Job, TaskReport, Collection[str]], bool]
    connect: Callable[[ProviderAccess], ProviderClient]
    listen: Callable[[Secret], CallbackReader]
    serve: Callable[[ApiAccess], ProviderApi] | None = None
    call_back: Callable[[], WebhookForm] | None = None
    tells_credits: bool = False
    is_internal: bool = False


Providers = Mapping[str, Provider]
