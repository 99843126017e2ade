"""Read a Chanjing task, as the task page, the task list and callbacks show it."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from ringback.domain.errors import MalformedCallback
from ringback.domain.verdicts import TaskReport
from ringback.providers.kept_answers import kept
from ringback.providers.result_urls import task_urls
from ringback.providers.task_ids import named_ids, only_id
from ringback.providers.task_states import read_state

IMAGE: Final = 3  # creation_type, and the type of a task
# Ten times what any model returns: a longer list is not Chanjing's.
MAX_IMAGES: Final = 40
MODEL_PREFIX: Final = "chanjing/"


def model_code(model: str) -> str:
    """Return Chanjing's own name of a model of the catalogue."""
    return model.removeprefix(MODEL_PREFIX)


def read_task(task: Mapping[str, Any]) -> TaskReport:
    """Return the task's report.

    Raises ``MalformedCallback`` if it names no task, or more images than any model returns.
    """
    task_id = only_id(task_ids(task))
    if task_id is None:
        raise MalformedCallback("no task id")
    urls = task_urls(task)
    if len(urls) > MAX_IMAGES:
        raise MalformedCallback("more images than any model returns")
    message = _text(task.get("err_msg"))
    return TaskReport(
        task_id=task_id,
        state=read_state(task.get("progress_desc"), message=message, has_images=bool(urls)),
        image_urls=urls,
        message=message,
        model=_text(task.get("model_code")),
        created_at=read_moment(task.get("create_time")),
        answer=kept(task),
    )


def task_ids(*places: Mapping[str, Any]) -> frozenset[str]:
    """Return the different task ids that these objects name."""
    return named_ids("uniqueid", *places)


def _text(value: object) -> str:
    return value[:2000] if isinstance(value, str) else ""


def read_moment(value: object) -> datetime | None:
    """Read Unix seconds of this century; anything else is ``None``."""
    if not isinstance(value, int | float) or not 10**9 <= value < 4 * 10**9:
        return None
    return datetime.fromtimestamp(value, UTC)
