"""What can go wrong, sorted by what to do.

RingbackError
├── NotConfigured             a setting is missing or unsafe
├── ApiError                  the API answered with a problem
│   ├── RequestError          correct the request
│   │   ├── InvalidRequest    `errors` names every field
│   │   ├── TooLarge
│   │   ├── KeyReused         the idempotency key belongs to another request
│   │   └── WrongCursor       the cursor belongs to another list
│   ├── NotAllowed            take another key
│   │   ├── Unauthorized
│   │   └── MissingScope
│   ├── NotFound
│   │   ├── JobDeleted        an UnknownJob that did exist
│   │   └── UnknownJob, UnknownModel, UnknownDrop, UnknownProvider, UnknownRoute
│   ├── Conflict
│   │   ├── WrongState        read the job; `detail` names its state
│   │   └── RequestInFlight   send it again in a moment
│   └── Unavailable           send it again later
│       ├── NotQueued         nothing was bought
│       └── TooManyRequests
│           └── QuotaExceeded  the client's jobs of this minute are used up
├── UnusableRequest           it can't be sent as JSON over HTTP
├── NoAnswer                  the request may or may not have been carried out
│   └── NotTrusted            nothing was sent: the server's certificate is not trusted
├── UnexpectedAnswer          not an answer of this API
├── LineRefused               the live line refuses this key
├── WaitTimedOut              the job goes on
├── DownloadFailed
├── UploadFailed              the bucket did not take an image
├── UnusableFile              a file that can't be an input image
└── WebhookRejected           the webhook is not from Ringback, or too old
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

MAX_SHOWN: Final = 10


class RingbackError(Exception):
    """Base of all errors of this package.

    ``may_be_done`` tells whether the request may have been carried out all the same. Sent again
    with its ``idempotency_key``, if it had one, it buys nothing twice.
    """

    idempotency_key: str | None = None
    may_be_done: bool = False


class NotConfigured(RingbackError):
    """A setting is missing or unsafe."""


class UnusableRequest(RingbackError, ValueError):
    """A value, key or name that can't be sent as JSON over HTTP; nothing was sent."""


class NoAnswer(RingbackError):
    """No answer came: the request may or may not have been carried out."""


class NotTrusted(NoAnswer):
    """Nothing was sent: the server's certificate is not trusted."""


class UnexpectedAnswer(RingbackError):
    """The answer is not one of this API."""


class LineRefused(RingbackError):
    """The live line refuses this key."""


class WaitTimedOut(RingbackError):
    """The time is over and some jobs have not ended; they go on."""

    def __init__(self, job_ids: Sequence[str]) -> None:
        shown = ", ".join(job_ids[:MAX_SHOWN])
        more = len(job_ids) - MAX_SHOWN
        super().__init__(f"Not ended in time: {shown}{f' and {more} more' if more > 0 else ''}")
        self.job_ids = tuple(job_ids)


class DownloadFailed(RingbackError):
    """An image could not be downloaded, or is not the one that the job names."""


class UploadFailed(RingbackError):
    """The bucket did not take an image, or could not be reached."""


class UnusableFile(RingbackError):
    """There is no such file, it can't be read, or it is not an image that inputs take."""


class WebhookRejected(RingbackError):
    """The webhook is not from Ringback, or too old."""


@dataclass(frozen=True, slots=True)
class FieldError:
    field: str
    message: str


class ApiError(RingbackError):
    """A problem of RFC 9457; its ``type`` leads to what to do about it.

    ``retry_after`` are the seconds that the API asked to wait, if it did.
    """

    def __init__(self, problem: Mapping[str, Any], retry_after: float | None = None) -> None:
        self.type = str(problem.get("type", "about:blank"))
        self.status = int(problem["status"])
        self.title = str(problem.get("title", _phrase_of(self.status)))
        self.detail = str(problem.get("detail", ""))
        found = problem.get("errors")
        self.errors = tuple(
            FieldError(str(each.get("field", "")), str(each.get("message", "")))
            for each in (found if isinstance(found, list) else [])
            if isinstance(each, dict)
        )
        self.retry_after = retry_after
        named = "".join(f"\n  {each.field}: {each.message}" for each in self.errors)
        super().__init__(f"{self.status}: {self.detail or self.title}{named}")


class RequestError(ApiError):
    """Correct the request."""


class InvalidRequest(RequestError):
    """``errors`` names every invalid field."""


class TooLarge(RequestError):
    """The body is too large."""


class KeyReused(RequestError):
    """The idempotency key was used with another request."""


class WrongCursor(RequestError):
    """The cursor belongs to another list."""


class NotAllowed(ApiError):
    """Take another API key."""


class Unauthorized(NotAllowed):
    """The request names no client."""


class MissingScope(NotAllowed):
    """The key lacks the scope that ``detail`` names."""


class NotFound(ApiError):
    """There is no such thing, or it is another client's."""


class UnknownJob(NotFound):
    """There is no such job."""


class JobDeleted(UnknownJob):
    """The job was deleted; an idempotency key that made it makes no other."""


class UnknownModel(NotFound):
    """There is no such model."""


class UnknownDrop(NotFound):
    """There is no such dropped file."""


class UnknownProvider(NotFound):
    """There is no such provider."""


class UnknownReceiver(NotFound):
    """There is no such receiver of webhooks."""


class UnknownRoute(NotFound):
    """The API has no such route: its version differs, or the URL is wrong."""


class Conflict(ApiError):
    """Not now."""


class WrongState(Conflict):
    """The job's state does not allow this."""


class RequestInFlight(Conflict):
    """The first request with this key is still being recorded."""


class Unavailable(ApiError):
    """Send it again later."""


class NotQueued(Unavailable):
    """The request was not carried out; nothing was bought."""


class TooManyRequests(Unavailable):
    """More requests than API Gateway lets through."""


class QuotaExceeded(TooManyRequests):
    """The client has posted as many jobs as it may in this minute; `retry_after` has the seconds.

    Nothing was bought. A deployment without a limit never answers so.
    """


# By what follows `/docs#` in the problem's type.
BY_TYPE: Final[Mapping[str, type[ApiError]]] = {
    "invalid-request": InvalidRequest,
    "bad-request": RequestError,
    "unauthorized": Unauthorized,
    "missing-scope": MissingScope,
    "unknown-job": UnknownJob,
    "job-deleted": JobDeleted,
    "unknown-model": UnknownModel,
    "unknown-drop": UnknownDrop,
    "unknown-provider": UnknownProvider,
    "unknown-receiver": UnknownReceiver,
    "unknown-route": UnknownRoute,
    "request-in-flight": RequestInFlight,
    "wrong-state": WrongState,
    "too-large": TooLarge,
    "key-reused": KeyReused,
    "wrong-cursor": WrongCursor,
    "not-queued": NotQueued,
    "quota-exceeded": QuotaExceeded,
}
# What API Gateway answers itself has no type, and a type may be new.
BY_STATUS: Final[Mapping[int, type[ApiError]]] = {
    400: RequestError,
    401: Unauthorized,
    403: NotAllowed,
    404: NotFound,
    410: NotFound,
    409: Conflict,
    413: TooLarge,
    422: RequestError,
    429: TooManyRequests,
    500: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}


def _phrase_of(status: int) -> str:
    return HTTPStatus(status).phrase if status in [*HTTPStatus] else ""


def api_error(status: int, body: object, retry_after: float | None = None) -> ApiError:
    """Return the error for an answer whose status is not 2xx, whatever its body is."""
    found = body if isinstance(body, dict) else {}
    problem = {"detail": found.get("message", "")} | found | {"status": status}
    name = str(problem.get("type", "")).rpartition("#")[2]
    kind = BY_TYPE.get(name) or BY_STATUS.get(status, ApiError)
    return kind(problem, retry_after)
