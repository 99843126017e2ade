"""``make logs`` shows a function's lines, without what every line has."""

import json
from typing import Any

import pytest
from ringback.domain.clock import utc_now

from local.logs import main

GROUP = {
    "LogicalResourceId": "SubmitJobLogs",
    "PhysicalResourceId": "the-group",
    "ResourceType": "AWS::Logs::LogGroup",
}
LINE = {
    "level": "ERROR",
    "message": "message failed",
    "service": "submit_job",
    "cold_start": True,
    "message_id": "m1",
    "job_id": "job_01",
    "exception": "Traceback\n  File x\nboto.ClientError: no\n",
}


class Aws:
    def __init__(self) -> None:
        self.messages = [json.dumps(LINE), "START RequestId: 1", "2026 1 Task timed out after 75 s"]
        self.asked: dict[str, Any] = {}

    def client(self, _service: str) -> "Aws":
        return self

    def get_paginator(self, _operation: str) -> "Aws":
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        if "StackName" in asked:
            return [{"StackResourceSummaries": [GROUP]}]
        self.asked = asked
        events = [{"timestamp": 1795730000000, "message": each} for each in self.messages]
        return [{"events": events[:1]}, {"events": events[1:]}]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Aws:
    for name in ("STACK", "LOCAL", "FUNCTION", "MATCH", "MINUTES"):
        monkeypatch.delenv(name, raising=False)
    aws = Aws()
    monkeypatch.setattr("boto3.Session", lambda: aws)
    return aws


def test_lines_are_short_and_platform_lines_of_errors_stay(
    aws: Aws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--function", "submit_job"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "21:53:20  ERROR   message failed  message_id=m1 job_id=job_01 boto.ClientError: no",
        "21:53:20  2026 1 Task timed out after 75 s",
    ]
    assert aws.asked["logGroupName"] == "the-group"
    assert "filterPattern" not in aws.asked


def test_a_text_and_a_time_are_asked_for(
    aws: Aws, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MATCH", "timed out")
    monkeypatch.setenv("FUNCTION", "submit_job")
    monkeypatch.setenv("MINUTES", "20")
    assert main([]) == 0
    assert capsys.readouterr().out.count("\n") == 1
    assert aws.asked["filterPattern"] == '"timed out"'
    assert (utc_now().timestamp() * 1000 - aws.asked["startTime"]) / 60000 == pytest.approx(
        20, abs=1
    )


@pytest.mark.parametrize("function", ["", "submit_jobs"])
def test_an_unknown_function_is_a_mistake(
    aws: Aws, capsys: pytest.CaptureFixture[str], function: str
) -> None:
    assert main(["--function", function]) == 1
    assert "a folder of functions/" in capsys.readouterr().err
    assert aws.asked == {}
