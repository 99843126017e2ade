"""What will go wrong with a deployment, said before it begins."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.template import load_template

if TYPE_CHECKING:
    import boto3

# Bytecode of the Python that the functions run on.
BYTECODE: Final = "*.cpython-313.pyc"
# States in which CloudFormation can only delete a stack: its first deployment failed.
FAILED_AT_FIRST: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
# Lambda executions for HTTP requests and callbacks beside those for the queues.
FOR_REQUESTS: Final = 5
# Resources that outlive their stack, as CloudFormation names them.
KEPT: Final = ("ImagesBucket", "DropBucket", "JobsTable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``region`` is ``None`` for the caller's own; ``parameters`` are those that are overridden."""

    stack: str
    region: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Finding:
    text: str
    is_fatal: bool = False

    def __str__(self) -> str:
        return f"{'STOP' if self.is_fatal else 'note'}: {self.text}"


def preflight(
    session: "boto3.Session", target: Target, built: Path, *, bytecode: bool
) -> list[Finding]:
    """Return what there is to say; ``bytecode`` tells whether layers without are fatal.

    A check that the caller may not make is reported, and does not stop the deployment.
    """
    findings = list(_layers(built, is_fatal=bytecode))
    checks: tuple[Callable[[boto3.Session, Target], Iterator[Finding]], ...] = (
        _account,
        _concurrency,
        _stack,
    )
    for check in checks:
        try:
            findings += check(session, target)
        except ClientError as error:
            findings.append(Finding(f"not checked: {error}"))
        except BotoCoreError as error:
            # No credentials, no region, no network: nothing else would work.
            return [*findings, Finding(str(error), is_fatal=True)]
    return findings


def event_source_concurrency(parameters: Mapping[str, str]) -> dict[str, int]:
    """Return how many executions each queue's function may take up, by the function's name."""
    template = load_template()
    defaults = {name: each["Default"] for name, each in template["Parameters"].items()}

    def number(value: Any) -> int:
        name = value.get("Ref") if isinstance(value, dict) else None
        return int({**defaults, **parameters}[name] if name else value)

    return {
        name: number(event["Properties"]["ScalingConfig"]["MaximumConcurrency"])
        for name, resource in template["Resources"].items()
        for event in resource.get("Properties", {}).get("Events", {}).values()
        if event["Type"] == "SQS"
    }


def _layers(built: Path, *, is_fatal: bool) -> Iterator[Finding]:
    layers = sorted(path for path in built.glob("*Layer") if path.is_dir())
    if not layers:
        yield Finding(f"nothing is built in {built}: make build", is_fatal=True)
    if without := [path.name for path in layers if not any(path.rglob(BYTECODE))]:
        yield Finding(
            f"{', '.join(without)}: no bytecode for Python 3.13, so every cold start compiles and"
            " takes more than twice as long. Build with LAMBDA_PYTHON=/path/to/python3.13, or"
            " deploy all the same with WITHOUT_BYTECODE=1.",
            is_fatal=is_fatal,
        )


def _account(session: "boto3.Session", target: Target) -> Iterator[Finding]:
    caller = session.client("sts").get_caller_identity()
    where = f"account {caller['Account']}, region {session.region_name}, as {caller['Arn']}"
    yield Finding(f"stack {target.stack} in {where}")


def _concurrency(session: "boto3.Session", target: Target) -> Iterator[Finding]:
    settings = session.client("lambda").get_account_settings()
    limit = settings["AccountLimit"]["ConcurrentExecutions"]
    needed = sum(event_source_concurrency(target.parameters).values())
    if limit < needed + FOR_REQUESTS:
        yield Finding(
            f"this account runs at most {limit} Lambda executions at a time, and Ringback's queues"
            f" may take up {needed}: requests and callbacks are then answered 5xx or late. Ask AWS"
            " for more (Service Quotas, Lambda, Concurrent executions; free of charge), and see"
            " docs/operate.md on accounts with a limit of 10."
        )


def _stack(session: "boto3.Session", target: Target) -> Iterator[Finding]:
    try:
        stacks = session.client("cloudformation").describe_stacks(StackName=target.stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        stacks = []
    status = stacks[0]["StackStatus"] if stacks else None
    if status in FAILED_AT_FIRST:
        yield Finding(
            f"the first deployment of {target.stack} failed ({status}): delete the stack, then"
            " deploy again",
            is_fatal=True,
        )
    elif status is None and (kept := sorted(_kept(session, target.stack))):
        yield Finding(
            f"an earlier stack {target.stack} left {', '.join(kept)}. The new one makes its own and"
            " leaves these as they are; its jobs and images will not be in them."
        )


def _kept(session: "boto3.Session", stack: str) -> Iterator[str]:
    names = [bucket["Name"] for bucket in session.client("s3").list_buckets()["Buckets"]]
    for page in session.client("dynamodb").get_paginator("list_tables").paginate():
        names += page["TableNames"]
    beginnings = tuple(f"{stack}-{name}-".lower() for name in KEPT)
    yield from (name for name in names if name.lower().startswith(beginnings))
