"""Dead letters are read without a loss, and moved by SQS itself where it can."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local import dead_letters as module
from local.chosen_stack import Stack
from local.dead_letters import DeadLetters, Letter, carry_back, dead_letters, held, move_back
from local.failures import LocalFailure
from tests.support.fake_queues import Crash, FakeQueues, a_body

QUEUE = DeadLetters(
    name="Dead", url="u:dead", arn="a:dead", source_url="u:work", source_arn="a:work"
)
JOB = "job_01"


def queues(*dead: str, **more: Any) -> Any:
    return FakeQueues({"u:dead": [*dead], "u:work": []}, **more)


def test_all_are_read_and_given_back() -> None:
    sqs = queues(*[f"letter {number}" for number in range(23)])
    with held(sqs, "u:dead") as found:
        assert len(found) == len(sqs.hidden) == 23
    assert sqs.hidden == set()
    assert len(sqs.bodies["u:dead"]) == 23


def test_an_interrupted_reader_gives_back_what_it_has() -> None:
    sqs = queues(*[f"letter {number}" for number in range(12)])
    with pytest.raises(KeyboardInterrupt), held(sqs, "u:dead"):
        raise KeyboardInterrupt
    assert sqs.hidden == set()


def test_reading_ends_before_the_first_become_visible_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert module.READ_SECONDS < module.HIDDEN_SECONDS
    times = iter(range(0, 1000, 25))
    monkeypatch.setattr(module, "monotonic", lambda: next(times))
    with held(queues(*map(str, range(100))), "u:dead") as found:
        assert len(found) == 20


def test_without_move_tasks_each_message_is_carried() -> None:
    letters = [f"letter {number}" for number in range(23)]
    sqs = queues(*letters)
    assert move_back(sqs, QUEUE) == 23
    assert sqs.bodies["u:dead"] == []
    assert sorted(sqs.bodies["u:work"]) == sorted(letters)


def test_one_job_s_messages_are_carried_with_their_details_and_the_others_stay() -> None:
    mine, other = a_body(job_id=JOB, slot=None), a_body(job_id="job_02")
    sqs = queues(other, mine, "no JSON", attributes={"details": {"DataType": "String"}})
    assert carry_back(sqs, QUEUE, lambda letter: letter.job_id == JOB) == 1
    assert sqs.bodies == {"u:dead": [other, "no JSON"], "u:work": [mine]}
    assert sqs.sent == [{"MessageAttributes": {"details": {"DataType": "String"}}}]
    assert other not in sqs.hidden


@pytest.mark.parametrize("crash_at", range(1, 7))
def test_a_crash_may_double_a_message_and_loses_none(crash_at: int) -> None:
    sqs = queues("one", "two", "three", crash_at=crash_at)
    with pytest.raises(Crash):
        move_back(sqs, QUEUE)
    assert {*sqs.bodies["u:dead"], *sqs.bodies["u:work"]} == {"one", "two", "three"}
    move_back(sqs, QUEUE)
    assert sqs.bodies["u:dead"] == []
    assert set(sqs.bodies["u:work"]) == {"one", "two", "three"}
    assert len(sqs.bodies["u:work"]) <= 4


def test_sqs_moves_them_itself_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "POLL_SECONDS", 0)
    running = {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 2}
    done = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 5}
    sqs = queues("left alone", moves=[running, running, done])
    assert move_back(sqs, QUEUE) == 5
    assert sqs.bodies == {"u:dead": ["left alone"], "u:work": []}


def test_a_move_that_failed_says_why() -> None:
    sqs = queues(moves=[{"Status": "FAILED", "FailureReason": "AccessDenied"}])
    with pytest.raises(LocalFailure, match="Dead: moving ended FAILED: AccessDenied"):
        move_back(sqs, QUEUE)


def test_another_error_is_not_taken_for_a_missing_action() -> None:
    sqs = queues("stays", moves=[])
    with pytest.raises(ClientError, match="AccessDenied"):
        move_back(sqs, QUEUE)
    assert sqs.bodies == {"u:dead": ["stays"], "u:work": []}


DROP = {"bucket": "drops", "key": "requests/a.csv", "version": "v"}
S3_EVENT = {"s3": {"bucket": {"name": "drops"}, "object": {"key": "requests/two+doors.csv"}}}


@pytest.mark.parametrize(
    ("body", "job_id", "subject"),
    [
        (a_body(job_id=JOB, attempt=1), JOB, JOB),
        (
            a_body(drop={"bucket": "drops", "key": "requests/a.csv", "version": "v"}),
            None,
            "requests/a.csv",
        ),
        (a_body(Records=[S3_EVENT]), None, "requests/two doors.csv"),
        (a_body(probe={"provider": "kie", "probe_id": "p"}), None, "a probe of kie"),
        (a_body(job_id=7), None, "a message of another shape"),
        ("[1]", None, "a message of another shape"),
        ("{", None, "a message of another shape"),
    ],
)
def test_what_a_message_is_about(body: str, job_id: str | None, subject: str) -> None:
    with held(queues(body), "u:dead") as found:
        [letter] = found
    assert (letter.job_id, letter.subject) == (job_id, subject)
    assert f"body={body!r}" not in repr(letter)
    assert isinstance(letter, Letter)


class Aws:
    """Both CloudFormation and the queues' attributes; the stack has one resource a page."""

    def __init__(self, queues: dict[str, dict[str, str]]) -> None:
        self.queues = queues

    def client(self, _: str) -> "Aws":
        return self

    def get_paginator(self, _: str) -> "Aws":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        summaries = [
            {"LogicalResourceId": name, "PhysicalResourceId": f"u:{name}", "ResourceType": kind}
            for kind, names in (
                ("AWS::SQS::Queue", self.queues),
                ("AWS::S3::Bucket", {"Bucket": {}}),
            )
            for name in names
        ]
        return [{"StackResourceSummaries": [summary]} for summary in summaries]

    def get_queue_attributes(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        name = QueueUrl.removeprefix("u:")
        return {"Attributes": {"QueueArn": f"a:{name}", **self.queues[name]}}


def a_stack(queues: dict[str, dict[str, str]]) -> Stack:
    session: Any = Aws(queues)
    return Stack("ringback", session)


def test_the_queues_say_where_their_dead_letters_go() -> None:
    policy = json.dumps({"deadLetterTargetArn": "a:Dead", "maxReceiveCount": 5})
    stack = a_stack({"Dead": {}, "Work": {"RedrivePolicy": policy}, "Other": {}})
    assert dead_letters(stack) == [
        DeadLetters(
            name="Dead", url="u:Dead", arn="a:Dead", source_url="u:Work", source_arn="a:Work"
        )
    ]


def test_a_stack_without_dead_letters_is_a_mistake() -> None:
    with pytest.raises(LocalFailure, match="stack ringback has no dead-letter queue"):
        dead_letters(a_stack({"Work": {}}))
