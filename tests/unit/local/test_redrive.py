"""``make redrive`` shows what lies in each queue, and moves what it was told to after a yes."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import NoRegionError
from ringback.aws.job_items import to_item
from ringback.domain.jobs import JobStatus

from local import failure_reasons, redrive
from local.redrive import SHOWN, main
from tests.support.fake_queues import FakeQueues, a_body
from tests.support.jobs import a_job, a_job_id

ARCHIVE, SUBMIT = "u:ArchiveDeadLetters", "u:SubmitDeadLetters"
JOB, OTHER = a_job_id(1), a_job_id(2)
MINE, THEIRS = a_body(job_id=JOB, attempt=1), a_body(job_id=OTHER, attempt=1)


class Aws(FakeQueues):
    """A session and all of its clients: two queues, their functions' logs, the table."""

    def __init__(self, archive: list[str], submit: list[str]) -> None:
        super().__init__(
            {ARCHIVE: archive, SUBMIT: submit, "u:ArchiveQueue": [], "u:SubmitQueue": []}
        )
        self.lines: list[dict[str, Any]] = []
        self.untold: list[datetime] = []
        self.pages = 1

    def client(self, _service: str) -> "Aws":
        return self

    def describe_stacks(self, **_: Any) -> dict[str, Any]:
        outputs = {"JobsTableName": "jobs", "ImagesBucketName": "images"}
        listed = [{"OutputKey": name, "OutputValue": value} for name, value in outputs.items()]
        return {"Stacks": [{"Outputs": listed}]}

    def get_paginator(self, operation: str) -> "Pages":
        queues = [url.removeprefix("u:") for url in self.bodies]
        return Pages(
            {"StackResourceSummaries": [a_resource(name) for name in queues]}
            if operation == "list_stack_resources"
            else {"Contents": [{"LastModified": at} for at in self.untold]}
        )

    def get_queue_attributes(self, *, QueueUrl: str, **_: Any) -> dict[str, Any]:  # noqa: N803
        name = QueueUrl.removeprefix("u:")
        dead = f"a:{name.removesuffix('Queue')}DeadLetters"
        policy = {"RedrivePolicy": json.dumps({"deadLetterTargetArn": dead})}
        return {"Attributes": {"QueueArn": f"a:{name}", **(policy if "Queue" in name else {})}}

    def list_event_source_mappings(self, *, EventSourceArn: str) -> dict[str, Any]:  # noqa: N803
        return {"EventSourceMappings": [{"FunctionArn": EventSourceArn}]}

    def get_function_configuration(self, *, FunctionName: str) -> dict[str, Any]:  # noqa: N803
        return {"LoggingConfig": {"LogGroup": f"log of {FunctionName}"}}

    def filter_log_events(self, *, nextToken: int = 1, **asked: Any) -> dict[str, Any]:  # noqa: N803
        assert asked["logGroupName"].startswith("log of a:")
        assert len(asked["filterPattern"]) <= 1024
        events = [{"message": json.dumps(line)} for line in self.lines] + [{"message": "START"}]
        last = nextToken == self.pages
        return {"events": events} if last else {"events": [], "nextToken": nextToken + 1}

    def get_item(self, *, Key: Any, **_: Any) -> dict[str, Any]:  # noqa: N803
        if Key["job_id"]["S"] != JOB:
            return {}
        return {"Item": to_item(a_job(JobStatus.ARCHIVING, job_id=JOB))}


class Pages:
    def __init__(self, page: dict[str, Any]) -> None:
        self.page = page

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        return [self.page]


def a_resource(name: str) -> dict[str, str]:
    return {
        "LogicalResourceId": name,
        "PhysicalResourceId": f"u:{name}",
        "ResourceType": "AWS::SQS::Queue",
    }


def a_line(body: str, error: str) -> dict[str, Any]:
    trace = f"Traceback (most recent call last):\n  File x\nringback.errors.{error}"
    return {"message": "message failed", "message_id": f"id of {body}", "exception": trace}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name in ("STACK", "LOCAL", "QUEUE", "JOB", "YES"):
        monkeypatch.delenv(name, raising=False)
    aws = Aws([MINE, THEIRS], [MINE])
    monkeypatch.setattr("boto3.Session", lambda: aws)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    return aws


def test_without_a_yes_it_shows_and_moves_nothing(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.lines = [a_line(MINE, "Older: x"), a_line(MINE, "AccessDenied: no"), a_line("else", "E")]
    aws.pages = 3
    before = json.dumps(aws.bodies)
    assert main([]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "ArchiveDeadLetters: 2, the oldest of 2026-11-26 21:53 UTC",
        f"  2026-11-26 21:53 UTC  {JOB}  archiving",
        "      ringback.errors.AccessDenied: no",
        f"  2026-11-26 21:54 UTC  {OTHER}  no such job",
        f"      {failure_reasons.NO_LINE}",
        "SubmitDeadLetters: 1, the oldest of 2026-11-26 21:53 UTC",
        f"  2026-11-26 21:53 UTC  {JOB}  archiving",
        "      ringback.errors.AccessDenied: no",
        "Untold changes: none",
        "Nothing was moved. YES=1 moves them without a question.",
    ]
    assert json.dumps(aws.bodies) == before
    assert aws.hidden == set()


def test_yes_moves_all(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YES", "1")
    assert main([]) == 0
    assert aws.bodies == {
        ARCHIVE: [],
        SUBMIT: [],
        "u:ArchiveQueue": [MINE, THEIRS],
        "u:SubmitQueue": [MINE],
    }


@pytest.mark.parametrize("name", ["Archive", "ArchiveDeadLetters"])
def test_one_queue(aws: Aws, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("QUEUE", name)
    assert main(["--yes"]) == 0
    assert (aws.bodies[ARCHIVE], aws.bodies[SUBMIT]) == ([], [MINE])


def test_one_job(aws: Aws, monkeypatch: pytest.MonkeyPatch) -> None:
    aws.moves = [{"Status": "COMPLETED"}]  # would move all
    monkeypatch.setenv("JOB", JOB)
    assert main(["--yes"]) == 0
    assert aws.bodies == {
        ARCHIVE: [THEIRS],
        SUBMIT: [],
        "u:ArchiveQueue": [MINE],
        "u:SubmitQueue": [MINE],
    }


def test_an_unknown_queue_is_a_mistake(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--queue", "Archives", "--yes"]) == 1
    assert "QUEUE is one of Archive, Submit" in capsys.readouterr().err
    assert aws.bodies[ARCHIVE]


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 1)])
def test_a_terminal_is_asked(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, answer: str, code: int
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: answer)
    assert main([]) == code
    assert (aws.bodies[ARCHIVE] == []) is (code == 0)


def test_nothing_to_move_is_good(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.bodies |= {ARCHIVE: [], SUBMIT: []}
    aws.untold = [datetime(2026, 11, 20, 3, tzinfo=UTC), datetime(2026, 11, 21, 3, tzinfo=UTC)]
    assert main([]) == 0
    shown = capsys.readouterr().out
    assert "ArchiveDeadLetters: none" in shown
    assert "Untold changes: 2 batches, the oldest of 2026-11-20 03:00 UTC" in shown
    assert shown.endswith("Nothing to move.\n")


def test_of_many_the_oldest_are_shown_and_the_others_named(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.bodies[ARCHIVE] = [a_body(job_id=a_job_id(number)) for number in range(SHOWN + 14)]
    assert main([]) == 1
    shown = capsys.readouterr().out
    assert shown.count(failure_reasons.NO_LINE) == SHOWN + 1
    assert "  and 14 more: job_" in shown
    assert ", 4 others\n" in shown


def test_the_log_is_not_searched_for_ever(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.lines, aws.pages = [a_line(MINE, "Late: x")], 1000
    times = iter(range(0, 1000, 5))
    monkeypatch.setattr(failure_reasons, "monotonic", lambda: next(times))
    assert main([]) == 1
    assert "Late" not in capsys.readouterr().out


def test_a_mistake_in_the_setting_up_is_told_in_one_line(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def client(_: str) -> None:
        raise NoRegionError

    monkeypatch.setattr(aws, "client", client)
    assert redrive.main([]) == 1
    assert capsys.readouterr().err == "redrive: You must specify a region.\n"
