"""What is said before a deployment, and what stops it."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from local.preflight import Target, preflight

RINGBACK = Target(stack="ringback")


@dataclass
class Aws:
    """An account, in the place of a boto3 session and of all its clients."""

    concurrency: int = 1000
    buckets: list[str] = field(default_factory=list)
    tables: list[str] = field(default_factory=list)
    status: str | None = None
    error: Exception | None = None
    region_name: str = "eu-west-1"

    def client(self, service: str) -> "Aws":
        if self.error and service == "lambda":
            raise self.error
        return self

    def get_caller_identity(self) -> dict[str, str]:
        return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/me"}

    def get_account_settings(self) -> dict[str, Any]:
        return {"AccountLimit": {"ConcurrentExecutions": self.concurrency}}

    def describe_stacks(self, *, StackName: str) -> dict[str, Any]:  # noqa: N803
        if self.status is None:
            raise ClientError({"Error": {"Code": "ValidationError"}}, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.status}]}

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


def found(aws: Any, built: Path, *, bytecode: bool = True, target: Target = RINGBACK) -> list[str]:
    return [str(each) for each in preflight(aws, target, built, bytecode=bytecode)]


def test_account_region_and_caller_are_shown_first(built: Path) -> None:
    assert found(Aws(), built) == [
        "note: stack ringback in account 123456789012, region eu-west-1,"
        " as arn:aws:iam::123456789012:user/me"
    ]


@pytest.mark.parametrize(("limit", "is_said"), [(10, True), (24, True), (25, False)])
def test_a_small_concurrency_is_said_with_the_sum_of_the_queues(
    built: Path, limit: int, *, is_said: bool
) -> None:
    said = [line for line in found(Aws(concurrency=limit), built) if "at a time" in line]
    assert bool(said) == is_said
    assert all(f"at most {limit} " in line and "take up 20" in line for line in said)


def test_the_sum_follows_the_parameters(built: Path) -> None:
    target = Target(stack="ringback", parameters={"ArchiveConcurrency": "90"})
    assert "take up 105" in found(Aws(concurrency=100), built, target=target)[1]


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
    assert len(found(aws, built)) == 1


def test_a_failed_first_deployment_stops(built: Path) -> None:
    (_, stop) = found(Aws(status="ROLLBACK_COMPLETE"), built)
    assert stop.startswith("STOP: the first deployment of ringback failed")


def test_a_check_without_permission_is_said_and_stops_nothing(built: Path) -> None:
    denied = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetAccountSettings")
    (_, note) = found(Aws(error=denied), built)
    assert note.startswith("note: not checked: ")
    assert "GetAccountSettings" in note


def test_missing_credentials_stop(built: Path) -> None:
    assert found(Aws(error=NoCredentialsError()), built)[-1].startswith("STOP: Unable to locate")
