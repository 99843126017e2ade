"""Every error that a client can get: its status, what it is called, and what to do about it.

The local tool that writes the API's description and docs/errors.md reads this table as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

from ringback.domain.errors import (
    IdempotencyConflict,
    InvalidRequest,
    JobDeleted,
    KeyInUse,
    MissingScope,
    PayloadTooLarge,
    RequestRefused,
    RingbackError,
    SignatureRejected,
    TooManyJobs,
    TryAgain,
    Unauthorized,
    UnknownDrop,
    UnknownJob,
    UnknownModel,
    UnknownProvider,
    UnknownReceiver,
    UnknownRoute,
    WrongCursor,
    WrongState,
)

# Where a type leads to: a section of the page that the API itself serves.
DOCS: Final = "/docs"


@dataclass(frozen=True, slots=True)
class Problem:
    """``name`` is the last part of the type's URI; ``remedy`` is for the client's developer."""

    status: HTTPStatus
    name: str
    title: str
    remedy: str

    @property
    def type(self) -> str:
        """Return the URI of RFC 9457's member ``type``, relative to the API."""
        return f"{DOCS}#{self.name}"


# A subclass without an entry has its parent's. Any other error is an internal failure and is not
# caught, so that API Gateway answers 500 and the function's error metric counts it.
PROBLEMS: Final[Mapping[type[RingbackError], Problem]] = {
    InvalidRequest: Problem(
        HTTPStatus.BAD_REQUEST,
        "invalid-request",
        "The request has invalid fields.",
        "Correct the fields that `errors` names; each message says what is accepted.",
    ),
    RequestRefused: Problem(
        HTTPStatus.BAD_REQUEST,
        "bad-request",
        "The request cannot be read.",
        "Correct what `detail` names.",
    ),
    Unauthorized: Problem(
        HTTPStatus.UNAUTHORIZED,
        "unauthorized",
        "The request names no client.",
        "Send the header `Authorization: Bearer <key>`.",
    ),
    MissingScope: Problem(
        HTTPStatus.FORBIDDEN,
        "missing-scope",
        "This key may not do this.",
        "Take a key with the scope that `detail` names; the operator makes one with `make key`.",
    ),
    SignatureRejected: Problem(
        HTTPStatus.UNAUTHORIZED,
        "signature-rejected",
        "The callback is not signed as it has to be.",
        "Only a provider calls this route.",
    ),
    UnknownJob: Problem(
        HTTPStatus.NOT_FOUND,
        "unknown-job",
        "There is no such job.",
        "Look for it in `GET /jobs`; jobs of other clients are unknown as well.",
    ),
    JobDeleted: Problem(
        HTTPStatus.GONE,
        "job-deleted",
        "The job was deleted.",
        "Nothing of it is left. An `Idempotency-Key` that made it makes no other; take a new one.",
    ),
    UnknownModel: Problem(
        HTTPStatus.NOT_FOUND,
        "unknown-model",
        "There is no such model.",
        "Choose one of `GET /models`.",
    ),
    UnknownDrop: Problem(
        HTTPStatus.NOT_FOUND,
        "unknown-drop",
        "There is no such dropped file.",
        "Take the `source` of one of your jobs.",
    ),
    UnknownProvider: Problem(
        HTTPStatus.NOT_FOUND,
        "unknown-provider",
        "There is no such provider.",
        "Take the `provider` of a model in `GET /models`.",
    ),
    UnknownReceiver: Problem(
        HTTPStatus.NOT_FOUND,
        "unknown-receiver",
        "There is no such receiver of webhooks.",
        "Take the `id` of a receiver in `GET /account`.",
    ),
    UnknownRoute: Problem(
        HTTPStatus.NOT_FOUND,
        "unknown-route",
        "There is no such route.",
        "Compare path and method with `/openapi.json`.",
    ),
    KeyInUse: Problem(
        HTTPStatus.CONFLICT,
        "request-in-flight",
        "The first request with this key is still being recorded.",
        "Send it again in a moment, with the same `Idempotency-Key`.",
    ),
    WrongState: Problem(
        HTTPStatus.CONFLICT,
        "wrong-state",
        "The job's state does not allow this.",
        "Read the job; `detail` names its state.",
    ),
    PayloadTooLarge: Problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too-large",
        "The body is too large.",
        "Send images by URL; a prompt is within the limit.",
    ),
    IdempotencyConflict: Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "key-reused",
        "This key was used with another request.",
        "Take a new `Idempotency-Key` for a new request.",
    ),
    WrongCursor: Problem(
        HTTPStatus.UNPROCESSABLE_ENTITY,
        "wrong-cursor",
        "The cursor is not one of this list.",
        "Send the `cursor` of the page before, with the same parameters; begin anew without one.",
    ),
    TooManyJobs: Problem(
        HTTPStatus.TOO_MANY_REQUESTS,
        "quota-exceeded",
        "The client has posted too many jobs.",
        "Send it again after the seconds in `Retry-After`. Nothing was recorded or bought.",
    ),
    TryAgain: Problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "not-queued",
        "The request was not carried out; nothing was bought.",
        "Send it again, with the same `Idempotency-Key`.",
    ),
}
