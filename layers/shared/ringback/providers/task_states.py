"""The words in which providers tell the state of a task."""

from collections.abc import Mapping
from typing import Final

from ringback.domain.verdicts import TaskState

# Compared without case, blanks, `_` and `-`. They are of the providers' pages, of integrators'
# reports, and of usual APIs; no provider uses one of them for another state.
_STATES: Final[Mapping[str, TaskState]] = {
    **dict.fromkeys(
        (
            *("waiting", "queuing", "queued", "pending", "ready", "submitted", "accepted"),
            *("starting", "started", "preparing", "generating", "processing", "running"),
            *("inprogress", "retrying", "partial", "textsuccess", "firstsuccess"),
        ),
        TaskState.RUNNING,
    ),
    **dict.fromkeys(
        ("success", "succeed", "succeeded", "complete", "completed", "done", "finished"),
        TaskState.SUCCEEDED,
    ),
    **dict.fromkeys(("fail", "failed", "failure", "error", "sensitiveworderror"), TaskState.FAILED),
}
# Also `generate_failed` and `create_task_failed`.
_FAILED: Final = "failed"
# On no page. They may be about an attempt as well as the task.
_ENDED: Final = frozenset(
    {
        *("cancelled", "canceled", "aborted", "terminated", "stopped", "rejected", "blocked"),
        *("timeout", "timedout", "expired"),
    }
)


def read_state(
    word: object, *, code: str = "", message: str = "", has_images: bool = False
) -> TaskState:
    """Return the state that a word stands for.

    ``code`` and ``message`` are the provider's own reasons of a failure, if it gives any. An end
    that no page describes is a success if there are images, and a failure if the provider says why.
    Any other word is a failure beside a code only. Otherwise the task is running, and is read
    again: images alone prove nothing, for they may still be checked (`moderating`).
    """
    plain = str(word).lower().translate({ord(each): None for each in "_- \t\r\n"})
    if known := _STATES.get(plain):
        return known
    if plain.endswith(_FAILED):
        return TaskState.FAILED
    has_ended = plain in _ENDED
    if has_images:
        return TaskState.SUCCEEDED if has_ended else TaskState.RUNNING
    return TaskState.FAILED if code or (has_ended and message) else TaskState.RUNNING
