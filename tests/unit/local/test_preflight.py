"""What is said before a deployment, and what stops it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from local.preflight import Finding, Target, preflight

RINGBACK = Target(stack="ringback")


@dataclass
class Aws:
    """An account, in the place of a boto3 session and of all its clients."""

    concurrency: int = 1000
    reserved: int = 90
    buckets: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    status: str | None = None
    deployed: dict[str, str] = field(default_factory=dict)
    error: Exception | None = None
    region_name: str = "eu-west-1"

    def client(self, service: str) -> "Aws":
        if self.error and service == "lambda":
            raise self.error
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}

    def get_account_settings(self) -> dict[str, Any]:
        limit = {"ConcurrentExecutions": self.concurrency + self.reserved}
        return {"AccountLimit": {**limit, "UnreservedConcurrentExecutions": self.concurrency}}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        if self.status is None:
            raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
        parameters = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in self.deployed.items()
        ]
        return {"Stacks": [{"StackStatus": self.status, "Parameters": parameters}]}

    def list_buckets(self) -> dict[str, Any]:
        return {"Buckets": [{"Name": name} for name in self.buckets]}

    def get_paginator(self, _operation: str) -> "Aws":
        return self

    def paginate(self) -> list[dict[str, Any]]:
        return [{"TableNames": self.tables}]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for layer in ("SharedLayer", "DependenciesLayer"):
        cache = tmp_path / layer / "python/x/__pycache__"
        cache.mkdir(parents=True)
        (cache / "app.cpython-313.pyc").touch()
    return tmp_path


def findings(
    aws: Any,
    built: Path,
    *,
    bytecode: bool = True,
    executions: bool = True,
    target: Target = RINGBACK,
) -> list[Finding]:
    return preflight(aws, target, built, bytecode=bytecode, executions=executions)


def found(aws: Any, built: Path, **told: Any) -> list[str]:
    return [str(each) for each in findings(aws, built, **told)]


def test_account_region_caller_and_executions_are_shown(built: Path) -> None:
    assert found(Aws(), built) == [
        "note: stack ringback in account 123456789012, region eu-west-1,"
        " as arn:aws:iam::123456789012:user/me",
        "note: of this account's 1000 Lambda executions, Ringback's queues may take 26, which"
        " leaves 974 for requests and callbacks",
    ]


@pytest.mark.parametrize(
    ("limit", "left", "settings"),
    [
        (30, 4, None),
        (29, 3, "SubmitConcurrency=2 ArchiveConcurrency=2:"),
        (22, 0, "SubmitConcurrency=2 ArchiveConcurrency=2 Thumbnails=false:"),
        (21, 0, "SubmitConcurrency=2 ArchiveConcurrency=2 Thumbnails=false Deletions=false:"),
        (
            19,
            0,
            "SubmitConcurrency=2 ArchiveConcurrency=2 Thumbnails=false Deletions=false"
            " Drops=false:",
        ),
        (
            10,
            0,
            "SubmitConcurrency=2 ArchiveConcurrency=2 Thumbnails=false Deletions=false Drops=false"
            " Events=false:",
        ),
        (9, 0, "no parameters leave as many"),
    ],
)
def test_too_few_executions_stop_and_what_fits_is_named(
    built: Path, limit: int, left: int, settings: str | None
) -> None:
    line = found(Aws(concurrency=limit), built)[1]
    assert f"account's {limit} Lambda executions" in line
    assert f"leaves {left} for requests" in line
    assert line.startswith("STOP: ") == (settings is not None)
    assert settings is None or settings in line
    assert settings is None or "Service Quotas" in line


def test_too_few_executions_are_a_note_for_whoever_wants_it_so(built: Path) -> None:
    (_, finding) = findings(Aws(concurrency=10), built, executions=False)
    assert not finding.is_fatal
    assert finding.parameters == {
        "SubmitConcurrency": "2",
        "ArchiveConcurrency": "2",
        "Thumbnails": "false",
        "Deletions": "false",
        "Drops": "false",
        "Events": "false",
    }


def test_the_sum_follows_the_parameters(built: Path) -> None:
    target = Target(stack="ringback", parameters={"ArchiveConcurrency": "90", "Drops": "false"})
    assert "may take 107, which leaves 0 " in found(Aws(concurrency=100), built, target=target)[1]


def test_parameters_that_are_not_given_keep_the_stack_s_values_unless_asked_for(
    built: Path,
) -> None:
    deployed = {"ArchiveConcurrency": "7", "Drops": "false"}
    aws = Aws(status="UPDATE_COMPLETE", deployed=deployed)
    given = {"ArchiveConcurrency": "3"}
    kept = found(aws, built, target=Target(stack="ringback", parameters=given))
    assert "may take 20," in kept[1]
    asked = found(aws, built, target=Target(stack="ringback", parameters=given, is_asked=True))
    assert "may take 24," in asked[1]


def test_a_layer_without_bytecode_of_3_13_stops_unless_told_otherwise(built: Path) -> None:
    for cache in (built / "SharedLayer").rglob("*.pyc"):
        cache.rename(cache.with_name("app.cpython-312.pyc"))
    (stop, *_) = found(Aws(), built)
    assert stop.startswith("STOP: SharedLayer: no bytecode for Python 3.13")
    (note, *_) = found(Aws(), built, bytecode=False)
    assert note.startswith("note: SharedLayer: no bytecode for Python 3.13")


def test_nothing_built_stops(tmp_path: Path) -> None:
    assert found(Aws(), tmp_path)[0].startswith("STOP: nothing is built")


def test_what_an_earlier_stack_left_is_named(built: Path) -> None:
    left = ["ringback-imagesbucket-1x", "ringback-dropbucket-1x"]
    others = ["ringback-staging-imagesbucket-1", "somebodys-imagesbucket-1", "ringback-artifacts"]
    aws = Aws(buckets=left + others, tables=["ringback-JobsTable-1X", "jobs"])
    (line,) = [line for line in found(aws, built) if "earlier stack" in line]
    assert [name for name in [*left, "ringback-JobsTable-1X"] if name not in line] == []
    assert [name for name in [*others, " jobs,"] if name in line] == []


def test_a_stack_that_exists_left_nothing(built: Path) -> None:
    aws = Aws(buckets=["ringback-imagesbucket-1x"], status="UPDATE_COMPLETE")
    assert len(found(aws, built)) == 2


def test_a_failed_first_deployment_stops(built: Path) -> None:
    (*_, stop) = found(Aws(status="ROLLBACK_COMPLETE"), built)
    assert stop.startswith("STOP: the first deployment of ringback failed")


def test_a_check_without_permission_is_said_and_stops_nothing(built: Path) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccountSettings")
    (_, note) = found(Aws(error=denied), built)
    assert note.startswith("note: not checked: ")
    assert "GetAccountSettings" in note


def test_missing_credentials_stop(built: Path) -> None:
    assert found(Aws(error=NoCredentialsError()), built)[-1].startswith("STOP: Unable to locate")
