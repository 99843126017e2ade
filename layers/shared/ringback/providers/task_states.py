"""The words in which providers tell the state of a task."""

from collections.abc import Mapping
from typing import Final

from ringback.domain.verdicts import TaskState

# Compared without case and blanks around them. No provider uses one of them for another state.
_STATES: Final[Mapping[str, TaskState]] = {
    **dict.fromkeys(
        ("success", "succeed", "succeeded", "completed", "finished"), TaskState.SUCCEEDED
    ),
    **dict.fromkeys(("fail", "failed", "failure", "error"), TaskState.FAILED),
}


def read_state(word: object) -> TaskState:
    """Return the state that a word stands for; an unknown one counts as running."""
    return _STATES.get(str(word).strip().lower(), TaskState.RUNNING)
