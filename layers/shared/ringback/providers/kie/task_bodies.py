"""A job as a kie.ai task: the record that recordInfo returns, and the callback."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from http import HTTPStatus
from typing import Any, Final

from ringback.domain.jobs import CANCELLED, ErrorKind, Job, JobStatus

SUCCESS: Final = "success"
FAIL: Final = "fail"
# Every state that is not listed is a failure.
STATES: Final[Mapping[JobStatus, str]] = {
    JobStatus.ACCEPTED: "waiting",
    JobStatus.SUBMITTING: "queuing",
    JobStatus.RUNNING: "generating",
    JobStatus.ARCHIVING: "generating",
    JobStatus.SUCCEEDED: SUCCESS,
}
# kie.ai's codes for failures that it gave no code for.
CODES: Final[Mapping[ErrorKind, str]] = {
    ErrorKind.REFUSED: "422",
    ErrorKind.GENERATION_FAILED: "501",
    ErrorKind.NO_IMAGES: "501",
    ErrorKind.NOT_SUBMITTED: "455",
    ErrorKind.NO_VERDICT: "408",
    ErrorKind.IMAGES_LOST: "500",
}
GENERATION_FAILED: Final = 501

Link = Callable[[str], str]


def record(job: Job, link: Link) -> dict[str, Any]:
    """Return the ``data`` of recordInfo; ``link`` returns the URL of an image's key.

    Times are in Unix milliseconds, ``costTime`` is in milliseconds.
    """
    echo = {**_echo(job), "input": job.request.sent.get("input")}
    return {
        **_task(job, link),
        "param": _text(echo),
        "costTime": _milliseconds_taken(job),
        "updateTime": _milliseconds(job.updated_at),
    }


def callback(job: Job, link: Link) -> dict[str, Any]:
    """Return the body of the callback about a final job. Its ``costTime`` is in seconds.

    kie.ai's page about signatures reads ``task_id``, its callbacks have ``taskId``: both are here.
    """
    echo = {**_echo(job), "input": _text(job.request.sent.get("input"))}
    task = _task(job, link)
    data = {
        **task,
        "task_id": job.job_id,
        "param": _text(echo),
        "costTime": round((_milliseconds_taken(job) or 0) / 1000),
        "updateTime": _milliseconds(job.updated_at),
    }
    if task["state"] == SUCCESS:
        message = "Playground task completed successfully."
        return {"code": HTTPStatus.OK, "msg": message, "data": data}
    return {"code": GENERATION_FAILED, "msg": "Playground task failed.", "data": data}


def _task(job: Job, link: Link) -> dict[str, Any]:
    state = STATES.get(job.status, FAIL)
    urls = [url for image in job.images if (url := link(image.key))]
    return {
        "taskId": job.job_id,
        "model": job.request.model,
        "state": state,
        # What was saved of a failed job is no result.
        "resultJson": _text({"resultUrls": urls}) if state == SUCCESS else None,
        **_failure(job, state),
        "createTime": _milliseconds(job.created_at),
        "completeTime": _milliseconds(job.finished_at) if job.finished_at else None,
        "creditsConsumed": _credits(job, state),
    }


def _failure(job: Job, state: str) -> dict[str, str]:
    if state != FAIL:
        return {"failCode": "", "failMsg": ""}
    if job.error is None:
        return {"failCode": str(GENERATION_FAILED), "failMsg": CANCELLED}
    return {"failCode": job.error.code or CODES[job.error.kind], "failMsg": job.error.message}


def _credits(job: Job, state: str) -> float | None:
    if job.credits is not None:
        return number(job.credits)
    return 0 if state == FAIL else None


def number(value: Decimal) -> float:
    """Return a JSON number, a whole one without a fraction."""
    return int(value) if value == value.to_integral_value() else float(value)


def _echo(job: Job) -> dict[str, Any]:
    return {"model": job.request.model, "callBackUrl": job.request.call_back_url or ""}


def _milliseconds_taken(job: Job) -> int | None:
    if job.finished_at is None:
        return None
    return _milliseconds(job.finished_at) - _milliseconds(job.created_at)


def _milliseconds(moment: datetime) -> int:
    return round(moment.timestamp() * 1000)


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
