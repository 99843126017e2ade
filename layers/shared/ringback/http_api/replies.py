"""Replies of the HTTP API: jobs as JSON, errors as RFC 9457 problem details."""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from http import HTTPStatus
from typing import Any, Final

from ringback.domain.accounts import Account, Wait
from ringback.domain.allowances import WINDOW_SECONDS, Allowance
from ringback.domain.drops import RowsToRetry
from ringback.domain.errors import (
    InvalidRequest,
    JobDeleted,
    RequestRefused,
    RingbackError,
    TooManyJobs,
    TryAgain,
    UnknownDrop,
    UnknownJob,
    UnknownProvider,
    UnknownReceiver,
    UnknownRoute,
    by_class,
)
from ringback.domain.estimates import Estimate
from ringback.domain.images import StoredImage
from ringback.domain.jobs import GONE, Job, JobError, JobRequest, JobStatus
from ringback.domain.missing_images import missing_images
from ringback.http_api.problems import PROBLEMS

Reply = dict[str, Any]
# Makes the URL of a key in the images bucket, an empty one of what may be gone.
Link = Callable[[str], str]

# Shown to clients instead of the exception's own text, which may name a job.
_DETAIL: Final[Mapping[type[RingbackError], str]] = {
    InvalidRequest: "The request has invalid fields; see `errors`.",
    UnknownJob: "Unknown job.",
    JobDeleted: "This job was deleted.",
    UnknownDrop: "You have no jobs of such a file; GET /jobs shows each job's `source`.",
    UnknownProvider: "Unknown provider; GET /models names each model's.",
    UnknownReceiver: "Unknown receiver; GET /account lists yours.",
    UnknownRoute: "Unknown route, or not with this method.",
}


def reply(
    status: HTTPStatus,
    body: Mapping[str, Any],
    *,
    kind: str = "application/json",
    location: str | None = None,
) -> Reply:
    """``location`` is the path of what was made."""
    headers = {"content-type": kind, "cache-control": "no-store"}
    return {
        "statusCode": int(status),
        "headers": headers | ({"location": location} if location else {}),
        "body": json.dumps(body, ensure_ascii=False),
    }


def problem(error: RequestRefused | TryAgain) -> Reply:
    body = problem_body(error)
    answer = reply(HTTPStatus(body["status"]), body, kind="application/problem+json")
    if isinstance(error, TooManyJobs):
        later = {"retry-after": str(error.allowance.seconds)}
        answer["headers"] |= limit_headers(error.allowance) | later
    return answer


def limit_headers(left: Allowance) -> dict[str, str]:
    """Return the fields of draft-ietf-httpapi-ratelimit-headers-11; the policy is called jobs."""
    return {
        "ratelimit-policy": f'"jobs";q={left.most};w={WINDOW_SECONDS}',
        "ratelimit": f'"jobs";r={left.left};t={left.seconds}',
    }


def problem_body(error: RequestRefused | TryAgain) -> dict[str, Any]:
    known = by_class(error, PROBLEMS)
    body: dict[str, Any] = {
        "type": known.type,
        "title": known.title,
        "status": int(known.status),
        "detail": _DETAIL.get(type(error), str(error)),
    }
    if isinstance(error, InvalidRequest):
        body["errors"] = [asdict(field) for field in error.errors]
    return body


# What clients see of a job, and how it is made of the job and the links to its images.
_SHOWN: Final[Mapping[str, Callable[[Job, Link | None], Any]]] = {
    "job_id": lambda job, _: job.job_id,
    "status": lambda job, _: job.status,
    "changes": lambda job, _: job.changes,
    "retry_of": lambda job, _: job.retry_of,
    "source": lambda job, _: job.source,
    "row": lambda job, _: job.row,
    "tags": lambda job, _: list(job.request.tags),
    "provider": lambda job, _: job.request.provider,
    "model": lambda job, _: job.request.model,
    "input": lambda job, _: job.request.input,
    "input_checked": lambda job, _: job.request.checked,
    "created_at": lambda job, _: job.created_at.isoformat(),
    "updated_at": lambda job, _: job.updated_at.isoformat(),
    "submitted_at": lambda job, _: job.submitted_at.isoformat() if job.submitted_at else None,
    "finished_at": lambda job, _: job.finished_at.isoformat() if job.finished_at else None,
    "attempts": lambda job, _: job.attempts,
    "task_id": lambda job, _: job.task_id,
    "credits": lambda job, _: float(job.credits) if job.credits is not None else None,
    "error": lambda job, _: _error_body(job.error) if job.error else None,
    "images": lambda job, link: [_image_body(image, link) for image in job.images],
    "missing_images": lambda job, _: missing_images(job),
}
# All that there is of a deleted job, which events tell.
_OF_DELETED: Final = ("job_id", "status", "changes")
WAITING_FOR: Final = "waiting_for"
# The fields of a job in answers to GET.
JOB_FIELDS: Final = (*_SHOWN, WAITING_FOR)


def job_body(
    job: Job, link: Link | None = None, fields: Collection[str] = JOB_FIELDS
) -> dict[str, Any]:
    """Return a job as clients see it; ``link`` returns the URL of a key in the images bucket.

    There are no links to what is being deleted.
    """
    if job.status is JobStatus.DELETED:
        known = {name: _SHOWN[name](job, None) for name in _OF_DELETED}
        return known | {"deleted_at": job.updated_at.isoformat()}
    if job.status in GONE:
        link = None
    return {name: show(job, link) for name, show in _SHOWN.items() if name in fields}


def dry_run_body(request: JobRequest, estimate: Estimate | None) -> dict[str, Any]:
    """Return the request as it would be sent, and an estimate of its cost."""
    return {
        "dry_run": True,
        "provider": request.provider,
        "model": request.model,
        "input": request.input,
        "input_checked": request.checked,
        "estimate": estimate.as_json() if estimate else None,
    }


def waiting_for(wait: Wait | None) -> dict[str, Any]:
    """Return what ``GET`` shows of a job beside ``job_body``."""
    return {WAITING_FOR: _wait_body(wait) if wait else None}


def shown_job(
    job: Job, link: Link, wait: Wait | None, fields: Collection[str] = JOB_FIELDS
) -> dict[str, Any]:
    """Return a job, or these fields of it, as ``GET`` shows it."""
    return job_body(job, link, fields) | (waiting_for(wait) if WAITING_FOR in fields else {})


def _wait_body(wait: Wait) -> dict[str, Any]:
    body = {"reason": wait.reason, "provider": wait.provider, "since": wait.since.isoformat()}
    return body | ({"until": wait.until.isoformat()} if wait.until else {})


def account_body(account: Account) -> dict[str, Any]:
    """Return an account as clients see it: never which job it was refused for."""
    pause = account.pause
    state = "open" if pause is None else "half_open" if pause.half_open_at else "paused"
    return {
        "provider": account.provider,
        "state": state,
        "reason": pause.reason if pause else None,
        "since": pause.since.isoformat() if pause else None,
    }


def retry_body(rows: RowsToRetry) -> dict[str, Any]:
    """Return what is going to happen after ``POST /jobs/retry``."""
    return {
        "source": rows.source,
        "status": "failed",
        "requested_at": rows.requested_at.isoformat(),
        "detail": "Each failed job of the newest version of this file is being made again, as a "
        "new, paid job of the same row; jobs that were made again before are not. "
        "GET /jobs?source= lists the new jobs, each with its `retry_of`.",
    }


def _error_body(error: JobError) -> dict[str, Any]:
    """Return an error as clients see it, without the fields about missing images if none is."""
    body = asdict(error)
    del body["reasons"]  # missing_images has them
    missing, kept_until = body.pop("missing"), body.pop("kept_until")
    if missing:
        body["missing"] = missing
        body["kept_until"] = kept_until.isoformat() if kept_until else None
    return body


def _image_body(image: StoredImage, link: Link | None) -> dict[str, Any]:
    body = {"key": image.key, **image.facts.as_json(), "thumbnail_key": image.thumbnail}
    if link:
        body["url"] = link(image.key) or None
        body["thumbnail_url"] = (link(image.thumbnail) if image.thumbnail else "") or None
    return body
