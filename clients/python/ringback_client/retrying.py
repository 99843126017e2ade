"""Send a call, again where that is safe, and read its answer."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Final, TypeVar

from ringback_client.calls import Call
from ringback_client.errors import (
    ApiError,
    NoAnswer,
    NotQueued,
    NotTrusted,
    RequestInFlight,
    RingbackError,
    TooManyRequests,
    UnexpectedAnswer,
    UnusableRequest,
    api_error,
)
from ringback_client.reading import parsed, read
from ringback_client.steps import Answer, NotSent, Send, Sleep, Steps

T = TypeVar("T")

FOREIGN: Final = "The answer is not from Ringback: is its URL right, or is there a proxy?"
# The API asks for these to be sent again; docs/errors.md.
AGAIN: Final = frozenset({500, 502, 503, 504})
FIRST_PAUSE_SECONDS: Final = 0.5
LONGEST_PAUSE_SECONDS: Final = 20.0
# Who is asked to wait longer than this is told instead.
LONGEST_RETRY_AFTER_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """``tries`` in all; ``random`` gives numbers from 0 to 1, ``now`` the aware time."""

    tries: int
    random: Callable[[], float]
    now: Callable[[], datetime]

    def __call__(self, call: Call[T]) -> Steps[T]:
        """Return the record.

        Raises ``ApiError``, ``NoAnswer``, ``UnexpectedAnswer`` or ``UnusableRequest``.
        """
        request = _request(call)
        may_be_done = False
        attempt = 0
        while True:
            attempt += 1
            failure: RingbackError
            try:
                return (yield from self._sent(request, call.answer))
            except NotSent as error:
                failure, is_safe = NoAnswer(str(error)), True
            except RingbackError as error:
                failure, is_safe = error, _is_safe(error, call)
                may_be_done = may_be_done or _may_be_done(error)
            pause = failure.retry_after or 0.0 if isinstance(failure, ApiError) else 0.0
            if not is_safe or pause > LONGEST_RETRY_AFTER_SECONDS or attempt >= self.tries:
                failure.may_be_done = may_be_done
                failure.idempotency_key = call.headers.get("Idempotency-Key")
                raise failure
            yield Sleep(max(self._backoff(attempt), pause))

    def _sent(self, request: Send, kind: type[T]) -> Steps[T]:
        answer: Answer = yield request
        if answer.status < HTTPStatus.MULTIPLE_CHOICES:
            return read(kind, _json(answer))
        raise _failure(answer, self._retry_after(answer))

    def _backoff(self, attempt: int) -> float:
        """Return the seconds until the next try: half fixed, half random."""
        longest = min(FIRST_PAUSE_SECONDS * 2.0 ** (attempt - 1), LONGEST_PAUSE_SECONDS)
        return longest * (0.5 + 0.5 * self.random())

    def _retry_after(self, answer: Answer) -> float | None:
        """Return the header's seconds, which may be a date as well (RFC 9110, 10.2.3)."""
        text = answer.headers.get("retry-after", "").strip()
        if text.isascii() and text.isdigit():
            return float(text)
        try:
            return max((parsedate_to_datetime(text) - self.now()).total_seconds(), 0.0)
        except (TypeError, ValueError):
            return None


def _is_safe(error: RingbackError, call: Call[Any]) -> bool:
    """Tell whether sending it again may help, and can't do more than sending it once."""
    if isinstance(error, TooManyRequests):
        return True  # by API Gateway, or before anything was recorded
    is_passing = isinstance(error, (NoAnswer, RequestInFlight)) or _status_of(error) in AGAIN
    return call.is_repeatable and is_passing and not isinstance(error, NotTrusted)


def _may_be_done(error: RingbackError) -> bool:
    if isinstance(error, (NotTrusted, NotQueued)):
        return False
    is_unknown = isinstance(error, (NoAnswer, UnexpectedAnswer, RequestInFlight))
    return is_unknown or _status_of(error) in AGAIN


def _status_of(error: RingbackError) -> int | None:
    return error.status if isinstance(error, ApiError) else None


def _request(call: Call[Any]) -> Send:
    if call.body is None:
        return Send(call.method, call.path, call.parameters, call.headers)
    try:
        body = json.dumps(call.body, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise UnusableRequest(f"The request cannot be sent as JSON: {error}.") from error
    headers = {**call.headers, "Content-Type": "application/json"}
    return Send(call.method, call.path, call.parameters, headers, body)


def _failure(answer: Answer, pause: float | None) -> ApiError:
    """Return the error; one that neither Ringback nor API Gateway has sent is told as such."""
    try:
        found = _json(answer)
    except UnexpectedAnswer:
        found = None
    if not isinstance(found, dict):
        found = {"detail": FOREIGN}
    return api_error(answer.status, found, pause)


def _json(answer: Answer) -> Any:
    try:
        return parsed(answer.body)
    except ValueError as error:
        raise UnexpectedAnswer(f"{answer.status}: {FOREIGN}") from error
