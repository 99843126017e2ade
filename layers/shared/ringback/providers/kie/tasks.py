"""Read a kie.ai task, in every shape that callbacks and recordInfo have been seen in."""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from ringback.domain.errors import MalformedCallback
from ringback.domain.jobs import ProviderTaskId
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.json_bodies import NotJson, parse_json
from ringback.providers.kept_answers import kept
from ringback.providers.result_urls import task_urls
from ringback.providers.task_ids import named_ids, only_id
from ringback.providers.task_states import read_state

# Without a state, these codes of the envelope mean finished and failed.
FAILURE_CODES: Final = frozenset({"408", "501"})
# Three times what any model's page allows. The body is not signed: a longer list is not kie.ai's.
MAX_IMAGES: Final = 45
# The states of older families, without a state of their own:
# https://docs.kie.ai/veo3-api/get-veo-3-video-details
_SUCCESS_FLAGS: Final[Mapping[str, TaskState]] = {
    "0": TaskState.RUNNING,
    "1": TaskState.SUCCEEDED,
    "2": TaskState.FAILED,
    "3": TaskState.FAILED,
}
# What stands in `failCode` of a task that has not failed.
_NO_FAILURE: Final = frozenset({"", "0", "200", "null", "none"})
_TASK_ID: Final = "taskid"
_MAX_CREDITS: Final = Decimal(1_000_000_000)


def read_task(envelope: Mapping[str, Any]) -> TaskReport:
    """Return the report of the envelope's task.

    Raises ``MalformedCallback`` if it names no task, or two, or more images than any model returns.
    """
    data = _object(envelope.get("data"))
    task = {**envelope, **data}
    param, code = _object(task.get("param")), _text(envelope.get("code"))
    spent, urls = task.get("creditsConsumed"), _image_urls(task)
    # Older families have the second name of each.
    fail_code = _text(task.get("failCode")) or _text(task.get("errorCode"))
    fail_message = _text(task.get("failMsg")) or _text(task.get("errorMessage"))
    return TaskReport(
        task_id=_task_id(envelope),
        state=_state(task, code, fail_code, fail_message, has_images=bool(urls)),
        image_urls=urls,
        code=(fail_code or code)[:64],
        message=fail_message or _text(envelope.get("msg") or envelope.get("message")),
        credits=read_credits(task.get("consumeCredits") if spent is None else spent),
        callback_url=_text(param.get("callBackUrl")),
    )


def as_kept(report: TaskReport, envelope: Mapping[str, Any]) -> str:
    """Return the envelope as it is kept with a job.

    Where its images were found, it is kept without the echo of our own request, which the job has.
    """
    data = envelope.get("data")
    if report.image_urls and all(report.image_urls) and isinstance(data, dict) and "param" in data:
        envelope = {**envelope, "data": {**data, "param": "[our request]"}}
    return kept(envelope)


def _state(
    task: Mapping[str, Any], code: str, fail_code: str, fail_message: str, *, has_images: bool
) -> TaskState:
    """Return the task's state by ``state``, or what older families have instead of it."""
    word = task.get("state")
    if word is None and isinstance(task.get("status"), str):
        word = task["status"]
    if word is None:
        if code in FAILURE_CODES:
            return TaskState.FAILED
        if flag := _SUCCESS_FLAGS.get(_text(task.get("successFlag"))):
            return flag
    known_code = "" if fail_code.lower() in _NO_FAILURE else fail_code
    return read_state(word, code=known_code, message=fail_message, has_images=has_images)


def task_ids(envelope: Mapping[str, Any]) -> frozenset[str]:
    """Return the different task ids that an envelope names, in itself or in its ``data``."""
    return named_ids(_TASK_ID, envelope, _object(envelope.get("data")))


def _task_id(envelope: Mapping[str, Any]) -> ProviderTaskId:
    found = task_ids(envelope)
    if len(found) != 1:
        raise MalformedCallback("no task id" if not found else "two task ids")
    task_id = only_id(found)
    if task_id is None:
        raise MalformedCallback("unreadable task id")
    return task_id


def _object(value: object) -> dict[str, Any]:
    """Return a JSON object given as such or as text; otherwise an empty one."""
    if isinstance(value, str):
        try:
            value = parse_json(value).value
        except NotJson:
            return {}
    return value if isinstance(value, dict) else {}


def _image_urls(task: Mapping[str, Any]) -> tuple[str, ...]:
    urls = task_urls(task)
    if len(urls) > MAX_IMAGES:
        raise MalformedCallback("more images than any model returns")
    return urls


def _text(value: object) -> str:
    known = isinstance(value, str | int) and not isinstance(value, bool)
    return str(value)[:2000] if known else ""


def read_credits(value: object) -> Decimal | None:
    """Read credits, which may be fractional; ``None`` for anything else, and if negative."""
    try:
        spent = Decimal(_text(value) if not isinstance(value, float) else repr(value))
    except InvalidOperation:
        return None
    usable = spent.is_finite() and 0 <= spent < _MAX_CREDITS
    return spent.quantize(Decimal("0.000001")).normalize() if usable else None
