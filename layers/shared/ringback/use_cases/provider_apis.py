"""A provider's own API, answered by Ringback, so that a client written for it needs no change.

The jobs and the rules are those of ``POST /jobs`` and ``GET /jobs``. Only reading and answering
differ, and each provider's folder says how.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final, Protocol

from ringback.domain.accounts import Account
from ringback.domain.client_keys import ClientKey
from ringback.domain.deletion import kept
from ringback.domain.errors import (
    RequestRefused,
    TryAgain,
    Unauthorized,
    UnknownJob,
    reasons_of,
)
from ringback.domain.idempotency_keys import KEY, key_errors
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import Job
from ringback.use_cases.authorize_client import StoredKeys, check_scope
from ringback.use_cases.client_tokens import ClientTokens
from ringback.use_cases.find_jobs import FindJobs

# In characters: what is said about a request in one text.
MAX_MESSAGE: Final = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiCall:
    """A request as it was sent; ``route`` is as API Gateway names it, ``headers`` in lower case."""

    route: str
    headers: Mapping[str, str]
    query: Mapping[str, str]
    body: bytes
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiReply:
    """``accepted`` is the job that was posted, ``refused`` the class of the error, for the log."""

    body: Mapping[str, Any]
    status: HTTPStatus = HTTPStatus.OK
    accepted: Job | None = None
    refused: str = ""


Handler = Callable[[ApiCall], ApiReply]
# Handlers by route, as API Gateway names it.
Routes = Mapping[str, Handler]


class ProviderApi(Protocol):
    @property
    def routes(self) -> Routes: ...

    def refusal(self, error: RequestRefused | TryAgain, call: ApiCall) -> ApiReply:
        """Return an error as the provider would."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccess:
    """What a provider's API needs.

    ``post_job`` accepts models of that provider only. ``link`` returns the URL of a key in the
    images bucket, ``account`` the state of a provider's account.
    """

    keys: StoredKeys
    key_used: Callable[[ClientKey], None]
    tokens: ClientTokens
    post_job: Callable[[JobPost], Job]
    find: FindJobs
    account: Callable[[str], Account]
    link: Callable[[str], str]

    def may_use(self, call: ApiCall, key: ClientKey | None, *, otherwise: str) -> str:
        """Return the key's client. Raises ``Unauthorized`` without a key that may use the route."""
        if key is None:
            raise Unauthorized(otherwise)
        self.key_used(key)
        check_scope(call.route, key.scopes)
        return key.client

    def accept(self, call: ApiCall, body: Mapping[str, Any], *, client: str, form: str) -> Job:
        """Return the accepted job of a body that was translated into that of ``POST /jobs``."""
        key = call.headers.get(KEY.lower())
        # The providers' own clients know no such header.
        faults = tuple(key_errors(key, required=False))
        return self.post_job(
            JobPost(client=client, idempotency_key=key, body=body, form=form, faults=faults)
        )

    def job(self, job_id: str, *, client: str, provider: str) -> Job:
        """Return the client's job of that provider. Raises ``UnknownJob`` for any other."""
        job = kept(self.find.one(job_id, client=client))
        if job.request.provider != provider:
            raise UnknownJob(job_id)
        return job


def routes_of(apis: Iterable[ProviderApi]) -> Routes:
    """Return the handlers of all routes. None of them raises ``RequestRefused`` or ``TryAgain``."""
    return {
        route: partial(_answer, api, handle) for api in apis for route, handle in api.routes.items()
    }


def _answer(api: ProviderApi, handle: Handler, call: ApiCall) -> ApiReply:
    try:
        return handle(call)
    except (RequestRefused, TryAgain) as error:
        return api.refusal(error, call)


def in_one_text(
    error: RequestRefused | TryAgain, *, name: Callable[[str], str] = lambda field: field
) -> str:
    """Return all that is wrong: these APIs have one text for it, not a list of fields.

    ``name`` returns what the API calls a field of ``POST /jobs``.
    """
    found = (f"{name(each.field)}: {each.message}".removeprefix(": ") for each in reasons_of(error))
    return "; ".join(found)[:MAX_MESSAGE]
