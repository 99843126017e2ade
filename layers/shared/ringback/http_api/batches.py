"""``POST /jobs/batch``: many requests in one body, each with an outcome of its own."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from itertools import islice
from typing import Any, Final

from ringback.domain import idempotency_keys
from ringback.domain.errors import (
    MAX_ERRORS,
    FieldError,
    InvalidRequest,
    RequestRefused,
    TryAgain,
    adding,
)
from ringback.domain.idempotency_keys import KEY, key_errors
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import Job
from ringback.domain.suggestions import unknown_name
from ringback.http_api.replies import Reply, job_body, problem_body, reply
from ringback.http_api.requests import client_name, json_body, lower_headers, query_parameters

MAX_JOBS: Final = 100
MAX_BYTES: Final = 1024 * 1024
JOBS: Final = "jobs"
# The key of a batch makes one for each of its jobs.
MAX_KEY: Final = idempotency_keys.MAX_KEY - len(f"#{MAX_JOBS - 1}")

Outcome = Job | RequestRefused | TryAgain


def batch_post(event: Mapping[str, Any]) -> Sequence[JobPost]:
    """Read the requests; the n-th, from 0, has the key ``<key of the batch>#n``.

    Raises ``InvalidRequest``, which names every invalid field of the batch itself, or
    ``PayloadTooLarge``.
    """
    client, key = client_name(event), lower_headers(event).get(KEY.lower())
    errors = [
        FieldError(name, unknown_name("parameter", name, ())) for name in query_parameters(event)
    ]
    errors += key_errors(key, required=True, most=MAX_KEY)
    bodies = adding(errors, _requests, event)
    if errors:
        raise InvalidRequest(errors)
    return [
        JobPost(client=client, idempotency_key=f"{key}#{number}", body=body)
        for number, body in enumerate(bodies)
    ]


def _requests(event: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    body = json_body(event, most=MAX_BYTES)
    unknown = islice(body.keys() - {JOBS}, MAX_ERRORS)
    errors = [FieldError(name, unknown_name("field", name, {JOBS})) for name in unknown]
    found = body.get(JOBS)
    if not isinstance(found, list) or not 1 <= len(found) <= MAX_JOBS:
        errors.append(FieldError(JOBS, f"must be a list of 1 to {MAX_JOBS} bodies of POST /jobs"))
        raise InvalidRequest(errors)
    errors += [
        FieldError(f"{JOBS}.{number}", "must be an object, as POST /jobs takes it")
        for number, each in enumerate(found)
        if not isinstance(each, dict)
    ]
    if errors:
        raise InvalidRequest(errors)
    return found


def batch_reply(outcomes: Sequence[Outcome]) -> Reply:
    """Return each outcome as ``POST /jobs`` would have answered it, in the order of the batch."""
    return reply(HTTPStatus.OK, {"outcomes": [_outcome_body(each) for each in outcomes]})


def _outcome_body(outcome: Outcome) -> dict[str, Any]:
    if isinstance(outcome, Job):
        return {"status": int(HTTPStatus.ACCEPTED), "job": job_body(outcome), "problem": None}
    problem = problem_body(outcome)
    return {"status": problem["status"], "job": None, "problem": problem}
