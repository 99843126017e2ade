"""The storm's local AWS delivers each message twice, and no message endlessly often."""

import json
from random import Random
from typing import Any

from tests.e2e.unreliable_aws import Message, copies_for


def a_message(*, at: float, **body: Any) -> Message:
    return {"id": "original", "body": json.dumps(body), "visible_at": at, "receive_count": 0}


def copies(messages: list[Message], *, now: float) -> list[Message]:
    found = list(copies_for(messages, Random(1), now=now))  # noqa: S311
    messages += found
    return found


def test_a_message_is_copied_once_when_it_is_due() -> None:
    queue = [a_message(at=10, job_id="job_1")]
    assert copies(queue, now=9) == []
    [copy] = copies(queue, now=10)
    assert copy["body"] == queue[0]["body"]
    assert copy["id"] != "original"
    assert copies(queue, now=20) == []


def test_messages_on_other_subjects_have_copies_of_their_own() -> None:
    claim = a_message(at=0, job_id="job_1", claimed_task="task_1")
    dropped = a_message(at=0, Records=[{"s3": "a file"}])
    queue = [a_message(at=0, job_id="job_1"), a_message(at=0, job_id="job_2"), claim, dropped]
    assert len(copies(queue, now=0)) == 4


def test_what_a_message_and_its_copy_send_is_not_copied_again() -> None:
    """Otherwise the messages of a job that waits would double with each wait."""
    queue = [a_message(at=0, job_id="job_1", slot=1)]
    for now in range(1, 20):
        copies(queue, now=now)
        sent = [a_message(at=now + 1, job_id="job_1", slot=now) for _ in queue]
        queue[:] = sent
        assert len(queue) == 2
    queue.pop()
    copies(queue, now=99)
    assert len(queue) == 2
