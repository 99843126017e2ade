"""Chanjing's own API as Ringback answers it.

https://doc.chanjing.cc/api/ai-creation/pic-seedream-4.0.html and the pages beside it
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

from ringback.domain.errors import (
    FieldError,
    InvalidRequest,
    KeyInUse,
    PayloadTooLarge,
    RequestRefused,
    RingbackError,
    TooManyJobs,
    TryAgain,
    Unauthorized,
    UnknownJob,
    by_class,
)
from ringback.domain.jobs import Job
from ringback.json_bodies import json_object
from ringback.providers.chanjing.api_requests import (
    MAX_LISTED,
    VIDEO,
    Wanted,
    as_post,
    own_name,
    read_wanted,
)
from ringback.providers.chanjing.task_bodies import is_success, task_body
from ringback.providers.chanjing.tasks import MODEL_PREFIX
from ringback.use_cases.authorize_client import known_key
from ringback.use_cases.provider_apis import ApiAccess, ApiCall, ApiReply, Handler, in_one_text

CHANJING: Final = "chanjing"
BAD_FORMAT: Final = 400
BAD_TOKEN: Final = 10400
BAD_PARAMETER: Final = 40000
# Nothing was created, and the same request may be sent again.
TOO_FAST: Final = 40001
CODES: Final[Mapping[type[RingbackError], int]] = {
    Unauthorized: BAD_TOKEN,
    PayloadTooLarge: BAD_FORMAT,
    KeyInUse: TOO_FAST,
    TooManyJobs: TOO_FAST,
    RequestRefused: BAD_PARAMETER,
    TryAgain: TOO_FAST,
}
# What is said beside the meaning of the code; ``None`` stands for the error's own words.
DETAILS: Final[Mapping[type[RingbackError], str | None]] = {
    Unauthorized: "",
    UnknownJob: "unique_id",
    RingbackError: None,
}
# As its pages explain the codes.
MEANINGS: Final = {
    BAD_FORMAT: "传入参数格式错误",
    BAD_TOKEN: "AccessToken 验证失败",
    BAD_PARAMETER: "参数错误",
    TOO_FAST: "超出 QPS 限制",
}


@dataclass(frozen=True, slots=True)
class ChanjingApi:
    access: ApiAccess

    @property
    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /open/v1/access_token": self._access_token,
            "POST /open/v1/ai_creation/task/submit": self._submit,
            "GET /open/v1/ai_creation/task": self._one,
            "POST /open/v1/ai_creation/task/page": self._page,
        }

    def refusal(self, error: RequestRefused | TryAgain, call: ApiCall) -> ApiReply:
        code = BAD_FORMAT if _is_unreadable(error) else by_class(error, CODES)
        detail = by_class(error, DETAILS)
        if detail is None:
            detail = in_one_text(error, name=own_name).replace(MODEL_PREFIX, "")
        message = f"{MEANINGS[code]}: {detail}" if detail else MEANINGS[code]
        envelope = _envelope(call, code, message, None)
        return ApiReply(body=envelope, refused=type(error).__name__)

    def _access_token(self, call: ApiCall) -> ApiReply:
        """Exchange a client's name and key, as ``app_id`` and ``secret_key``, for a token."""
        given = _object(call)
        name, key = given.get("app_id"), given.get("secret_key")
        found = known_key(f"Bearer {key}", self.access.keys)
        if found is None or found.client != name:
            raise InvalidRequest([FieldError("app_id, secret_key", "not a client and its API key")])
        token = self.access.tokens.issue(found)
        ends_at = int(token.expires_at.timestamp())
        return _success(call, {"access_token": token.value, "expire_in": ends_at})

    def _submit(self, call: ApiCall) -> ApiReply:
        client = self._client(call)
        job = self.access.accept(call, as_post(_object(call)), client=client, form=CHANJING)
        return _success(call, job.job_id, accepted=job)

    def _one(self, call: ApiCall) -> ApiReply:
        client = self._client(call)
        job = self.access.job(call.query.get("unique_id", ""), client=client, provider=CHANJING)
        return _success(call, task_body(job, self.access.link))

    def _page(self, call: ApiCall) -> ApiReply:
        client = self._client(call)
        wanted = read_wanted(_object(call))
        found = self._wanted(wanted, client=client)
        shown = found[wanted.start : wanted.start + wanted.size]
        info = {
            "page": wanted.page,
            "size": wanted.size,
            "total_count": len(found),
            "total_page": -(-len(found) // wanted.size),
        }
        tasks = [task_body(job, self.access.link) for job in shown]
        return _success(call, {"list": tasks, "total": len(found), "page_info": info})

    def _wanted(self, wanted: Wanted, *, client: str) -> Sequence[Job]:
        """Return the jobs up to the first one of the next page, so that the count tells of it."""
        if wanted.type == VIDEO:
            return []
        find = self.access.find
        jobs = find.some(wanted.ids, client=client) if wanted.ids else find.newest(client=client)
        own = (
            job
            for job in islice(jobs, MAX_LISTED)
            if job.request.provider == CHANJING and (is_success(job) or not wanted.successes_only)
        )
        return list(islice(own, None if wanted.ids else wanted.start + wanted.size + 1))

    def _client(self, call: ApiCall) -> str:
        """Return the client of an access token, or of an API key in its place."""
        token = call.headers.get("access_token", "")
        key = self.access.tokens.key_of(token) or known_key(f"Bearer {token}", self.access.keys)
        return self.access.may_use(call, key, otherwise="unknown access token")


def _object(call: ApiCall) -> dict[str, Any]:
    return json_object(call.body, content_type=call.headers.get("content-type", ""))


def _is_unreadable(error: RequestRefused | TryAgain) -> bool:
    """Tell whether the body as a whole was no JSON object."""
    return isinstance(error, InvalidRequest) and any(not each.field for each in error.errors)


def _success(call: ApiCall, data: Any, *, accepted: Job | None = None) -> ApiReply:
    return ApiReply(body=_envelope(call, 0, "success", data), accepted=accepted)


def _envelope(call: ApiCall, code: int, message: str, data: Any) -> dict[str, Any]:
    trace_id = call.request_id.replace("-", "")
    return {"trace_id": trace_id, "code": code, "msg": message, "data": data}
