"""Chanjing's representation of a task."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.simulator.ledger import Task

_WORDS: Final[Mapping[str, str]] = {
    "waiting": "Queued",
    "queuing": "Ready",
    "generating": "Generating",
    "success": "Success",
}
# All of these spellings have been observed.
_CASES: Final[tuple[Callable[[str], str], ...]] = (str.title, str.lower, str.upper)
_NOTHING_YET: Final[tuple[Any, ...]] = (None, [], "")


def task_body(task: Task, *, now: float, nth_read: int) -> dict[str, Any]:
    """Return a task's body; ``nth_read`` counts how often it was read, and varies the spelling."""
    state = task.state(now=now)
    failed = "Fail" if task.number % 2 else "Error"
    made = list(task.outcome.result_urls) if task.outcome else []
    return {
        "unique_id": task.id,
        "type": 3,
        "progress_desc": _CASES[nth_read % len(_CASES)](_WORDS.get(state, failed)),
        "err_msg": "生成失败" if state == "fail" else "",
        "output_url": made or _NOTHING_YET[nth_read % len(_NOTHING_YET)],
        "model_code": task.model,
        "model_name": task.model,
        "create_time": int(task.created_at),
    }
