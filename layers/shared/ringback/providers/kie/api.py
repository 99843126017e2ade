"""kie.ai's own API as Ringback answers it.

https://docs.kie.ai/market/common/get-task-detail, https://docs.kie.ai/common-api/get-account-credits
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

from ringback.domain.errors import (
    FieldError,
    InvalidRequest,
    KeyInUse,
    RequestRefused,
    RingbackError,
    TooManyJobs,
    TryAgain,
    Unauthorized,
    UnknownJob,
    by_class,
)
from ringback.json_bodies import json_object
from ringback.providers.kie.task_bodies import number, record
from ringback.use_cases.authorize_client import known_key
from ringback.use_cases.provider_apis import ApiAccess, ApiCall, ApiReply, Handler, in_one_text

KIE: Final = "kie"
CALLBACK: Final = "callBackUrl"
SUCCESS: Final = 200
# The documented code of what is not to be had: the balance was never read.
DISABLED: Final = 505
# Its pages list every code under HTTP 200. Only the rate limit is an HTTP status as well.
TOO_FAST: Final = 429
# 429 and 455 mean that nothing was created, and that the same request may be sent again.
CODES: Final[Mapping[type[RingbackError], int]] = {
    Unauthorized: 401,
    UnknownJob: 404,
    KeyInUse: TOO_FAST,
    TooManyJobs: TOO_FAST,
    RequestRefused: 422,
    TryAgain: 455,
}
# What is said instead of our own words.
MESSAGES: Final[Mapping[type[RingbackError], str]] = {
    Unauthorized: "You do not have access permissions",
    UnknownJob: "The task does not exist",
    RingbackError: "",
}


@dataclass(frozen=True, slots=True)
class KieApi:
    access: ApiAccess

    @property
    def routes(self) -> Mapping[str, Handler]:
        return {
            "POST /api/v1/jobs/createTask": self._create_task,
            "GET /api/v1/jobs/recordInfo": self._record_info,
            "GET /api/v1/chat/credit": self._credit,
        }

    def refusal(self, error: RequestRefused | TryAgain, call: ApiCall) -> ApiReply:
        code = by_class(error, CODES)
        message = by_class(error, MESSAGES) or in_one_text(error)
        return ApiReply(
            body=_envelope(code, message, None),
            status=HTTPStatus(code if code == TOO_FAST else SUCCESS),
            refused=type(error).__name__,
        )

    def _create_task(self, call: ApiCall) -> ApiReply:
        client = self._client(call)
        sent = json_object(call.body, content_type=call.headers.get("content-type", ""))
        # Clients send an empty callback URL for none.
        body = {name: each for name, each in sent.items() if name != CALLBACK or each}
        job = self.access.accept(call, body, client=client, form=KIE)
        return ApiReply(body=_success({"taskId": job.job_id}), accepted=job)

    def _record_info(self, call: ApiCall) -> ApiReply:
        client = self._client(call)
        if not (task_id := call.query.get("taskId")):
            raise InvalidRequest([FieldError("taskId", "required")])
        job = self.access.job(task_id, client=client, provider=KIE)
        return ApiReply(body=_success(record(job, self.access.link)))

    def _credit(self, call: ApiCall) -> ApiReply:
        self._client(call)
        credits_left = self.access.account(KIE).credits_left
        if credits_left is None:
            return ApiReply(body=_envelope(DISABLED, "the balance is not known yet", None))
        return ApiReply(body=_success(number(credits_left)))

    def _client(self, call: ApiCall) -> str:
        key = known_key(call.headers.get("authorization", ""), self.access.keys)
        return self.access.may_use(call, key, otherwise="unknown client key")


def _success(data: Any) -> dict[str, Any]:
    return _envelope(SUCCESS, "success", data)


def _envelope(code: int, message: str, data: Any) -> dict[str, Any]:
    return {"code": code, "msg": message, "data": data}
