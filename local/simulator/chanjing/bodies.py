"""What Chanjing writes about a task."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from local.simulator.ledger import Task

_WORDS: Final[Mapping[str, str]] = {
    "waiting": "Queued",
    "queuing": "Ready",
    "generating": "Generating",
    "success": "Success",
}
# All of these have been seen.
_CASES: Final[tuple[Callable[[str], str], ...]] = (str.title, str.lower, str.upper)
_NOTHING_YET: Final[tuple[Any, ...]] = (None, [], "")


def task_body(task: Task, *, now: float, telling: int) -> dict[str, Any]:
    """Write a task; ``telling`` counts how often it was told of, and varies the spelling."""
    state = task.state(now=now)
    failed = "Fail" if task.number % 2 else "Error"
    made = list(task.outcome.result_urls) if task.outcome else []
    return {
        "unique_id": task.id,
        "type": 3,
        "progress_desc": _CASES[telling % len(_CASES)](_WORDS.get(state, failed)),
        "err_msg": "生成失败" if state == "fail" else "",
        "output_url": made or _NOTHING_YET[telling % len(_NOTHING_YET)],
        "model_code": task.model,
        "model_name": task.model,
        "create_time": int(task.created_at),
    }
