"""The providers' own APIs, with jobs, accounts and keys in memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cached_property
from hashlib import sha256
from typing import Any, Final

from ringback.catalogue.image_urls import nothing_dropped
from ringback.catalogue.models import models_of
from ringback.catalogue.requests import RequestRules
from ringback.domain.jobs import Job, JobId
from ringback.providers.registry import PROVIDERS, apis_of
from ringback.use_cases.accept_job import AcceptJob, PostJob
from ringback.use_cases.client_tokens import ClientTokens
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.provider_apis import ApiAccess, ApiCall, ApiReply, Handler, routes_of

from tests.support.client_keys import a_key
from tests.support.in_memory import (
    InMemoryAccounts,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
    InMemorySubmitQueue,
)
from tests.support.jobs import NOON, a_job_id

STUDIO_KEY: Final = "rb-key-of-the-studio"
SHOP_KEY: Final = "rb-key-of-the-shop"
HASHES: Final = {
    "studio": sha256(STUDIO_KEY.encode()).hexdigest(),
    "shop": sha256(SHOP_KEY.encode()).hexdigest(),
}
STUDIO: Final = a_key("studio", HASHES["studio"])
SIGNING_SECRET: Final = b"unit-test-callback-secret-of-44-characters-x"


def link_to(key: str) -> str:
    return f"https://images.example/{key}?signed"


@dataclass
class Hashes:
    """The secret as it is cached; ``stored`` is what it holds now."""

    cached: dict[str, Any] = field(default_factory=lambda: dict(HASHES))
    stored: dict[str, Any] | None = None

    def __call__(self, *, at_most_old: float | None = None) -> Mapping[str, Any]:
        if at_most_old is not None and self.stored is not None:
            self.cached = self.stored
        return self.cached


@dataclass
class ServedApis:
    """Call a route as API Gateway does."""

    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    queues: InMemoryQueues = field(default_factory=InMemoryQueues)
    accounts: InMemoryAccounts = field(default_factory=InMemoryAccounts)
    hashes: Hashes = field(default_factory=Hashes)
    secrets: list[bytes] = field(default_factory=lambda: [SIGNING_SECRET])
    now: datetime = NOON

    @property
    def tokens(self) -> ClientTokens:
        return ClientTokens(secrets=lambda: self.secrets, keys=self.hashes, now=lambda: self.now)

    def access(self, provider: str) -> ApiAccess:
        accept = AcceptJob(
            jobs=self.jobs,
            checks=InMemoryCheckQueue(self.queues),
            queue=InMemorySubmitQueue(self.queues),
            providers=PROVIDERS,
            retention=timedelta(days=365),
            new_job_id=self._next_id,
            now=lambda: self.now,
        )
        rules = RequestRules(
            pass_through=False,
            find_image=nothing_dropped,
            plain_http_hosts=(),
            models=models_of(provider),
        )
        return ApiAccess(
            keys=self.hashes,
            key_used=lambda _key: None,
            tokens=self.tokens,
            post_job=PostJob(read_request=rules, jobs=self.jobs, accept=accept),
            find=FindJobs(jobs=self.jobs),
            account=self.accounts.read,
            link=link_to,
        )

    @cached_property
    def routes(self) -> Mapping[str, Handler]:
        return routes_of(apis_of(PROVIDERS, self.access))

    def __call__(
        self,
        route: str,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> ApiReply:
        """Send JSON, or ``bytes`` as they are."""
        call = ApiCall(
            route=route,
            headers=headers or {},
            query=query or {},
            body=body if isinstance(body, bytes) else json.dumps(body).encode(),
            request_id="8e2c1a50-0000-4000-8000-000000000000",
        )
        return self.routes[route](call)

    def put(self, job: Job, **request: Any) -> Job:
        """Store a job; ``request`` are changes of its request."""
        changed = replace(job, request=replace(job.request, **request))
        self.jobs.by_id[changed.job_id] = changed
        return changed

    def _next_id(self, _: datetime) -> JobId:
        return a_job_id(len(self.jobs.by_id) + 100)
