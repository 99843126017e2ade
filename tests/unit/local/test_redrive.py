"""Dead letters are moved by SQS itself where it can, and else so that none is ever lost."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoRegionError

from local import redrive
from local.failures import LocalFailure
from local.redrive import DeadLetters, dead_letters, move_back

LETTERS = DeadLetters(name="Dead", url="u:dead", arn="a:dead", source_url="u:work")


class Crash(Exception):
    pass


class Sqs:
    """Queues as lists of bodies; ``crash_at`` stops it at the nth send or delete."""

    def __init__(self, *dead: str, moves: list[dict[str, Any]] | None = None) -> None:
        self.queues = {"u:dead": list(dead), "u:work": []}
        self.moves = moves
        self.crash_at = 0
        self.acts = 0

    def start_message_move_task(self, **asked: Any) -> None:
        assert asked == {"SourceArn": "a:dead"}
        if self.moves is None:
            raise ClientError({"Error": {"Code": "InvalidAction"}}, "StartMessageMoveTask")
        if not self.moves:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "StartMessageMoveTask")

    def list_message_move_tasks(self, **_: Any) -> dict[str, Any]:
        assert self.moves
        return {"Results": [self.moves.pop(0)]}

    def receive_message(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        messages = [{"Body": body, "ReceiptHandle": body} for body in self.queues[QueueUrl][:10]]
        return {"Messages": messages} if messages else {}

    def send_message(self, *, QueueUrl: str, MessageBody: str, **_: Any) -> None:  # noqa: N803
        self._act()
        self.queues[QueueUrl].append(MessageBody)

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        self._act()
        self.queues[QueueUrl].remove(ReceiptHandle)

    def _act(self) -> None:
        self.acts += 1
        if self.acts == self.crash_at:
            raise Crash


def move(sqs: Sqs) -> int:
    client: Any = sqs
    return move_back(client, LETTERS)


def test_without_move_tasks_each_message_is_carried() -> None:
    letters = [f"letter {number}" for number in range(23)]
    sqs = Sqs(*letters)
    assert move(sqs) == 23
    assert sqs.queues == {"u:dead": [], "u:work": letters}


@pytest.mark.parametrize("crash_at", range(1, 7))
def test_a_crash_may_double_a_message_and_loses_none(crash_at: int) -> None:
    sqs = Sqs("one", "two", "three")
    sqs.crash_at = crash_at
    with pytest.raises(Crash):
        move(sqs)
    assert {*sqs.queues["u:dead"], *sqs.queues["u:work"]} == {"one", "two", "three"}
    move(sqs)
    assert sqs.queues["u:dead"] == []
    assert set(sqs.queues["u:work"]) == {"one", "two", "three"}
    assert len(sqs.queues["u:work"]) <= 4


def test_sqs_moves_them_itself_where_it_can(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(redrive, "POLL_SECONDS", 0)
    running = {"Status": "RUNNING", "ApproximateNumberOfMessagesMoved": 2}
    done = {"Status": "COMPLETED", "ApproximateNumberOfMessagesMoved": 5}
    sqs = Sqs("left alone", moves=[running, running, done])
    assert move(sqs) == 5
    assert sqs.queues == {"u:dead": ["left alone"], "u:work": []}


def test_a_move_that_failed_says_why() -> None:
    sqs = Sqs(moves=[{"Status": "FAILED", "FailureReason": "AccessDenied"}])
    with pytest.raises(LocalFailure, match="Dead: moving ended FAILED: AccessDenied"):
        move(sqs)


def test_another_error_is_not_taken_for_a_missing_action() -> None:
    sqs = Sqs("stays", moves=[])
    with pytest.raises(ClientError, match="AccessDenied"):
        move(sqs)
    assert sqs.queues == {"u:dead": ["stays"], "u:work": []}


class Stack:
    """Both CloudFormation and the queues' attributes."""

    def __init__(self, queues: dict[str, dict[str, str]]) -> None:
        self.queues = queues

    def get_paginator(self, _: str) -> "Stack":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        """Return one resource a page."""
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


def test_the_queues_say_where_their_dead_letters_go() -> None:
    policy = json.dumps({"deadLetterTargetArn": "a:Dead", "maxReceiveCount": 5})
    stack: Any = Stack({"Dead": {}, "Work": {"RedrivePolicy": policy}, "Other": {}})
    assert dead_letters(stack, stack, "ringback") == [
        DeadLetters(name="Dead", url="u:Dead", arn="a:Dead", source_url="u:Work")
    ]


def test_a_stack_without_dead_letters_is_a_mistake() -> None:
    stack: Any = Stack({"Work": {}})
    with pytest.raises(LocalFailure, match="stack nothing has no dead-letter queue"):
        dead_letters(stack, stack, "nothing")


def test_a_mistake_in_the_setting_up_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def client(_: object, service: str) -> None:
        raise NoRegionError

    monkeypatch.setattr("boto3.Session.client", client)
    assert redrive.main([]) == 1
    assert capsys.readouterr().err == "redrive: You must specify a region.\n"
