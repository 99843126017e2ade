"""What will go wrong with a deployment, said before it begins."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from local.concurrency import FOR_REQUESTS, executions, smallest_change

if TYPE_CHECKING:
    import boto3
    from types_boto3_cloudformation.type_defs import StackTypeDef

# Bytecode of the Python that the functions run on.
BYTECODE: Final = "*.cpython-313.pyc"
# States in which CloudFormation can only delete a stack: its first deployment failed.
FAILED_AT_FIRST: Final = frozenset({"ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED"})
# Resources that outlive their stack, as CloudFormation names them.
KEPT: Final = ("ImagesBucket", "DropBucket", "JobsTable")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """``region`` is ``None`` for the caller's own; ``parameters`` are those that are overridden.

    Of the others, a stack keeps the values that it has, unless SAM asks for all of them.
    """

    stack: str
    region: str | None = None
    parameters: Mapping[str, str] = field(default_factory=dict)
    is_asked: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """``parameters`` are those of the template that mend it."""

    text: str
    is_fatal: bool = False
    parameters: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{'STOP' if self.is_fatal else 'note'}: {self.text}"


def preflight(
    session: "boto3.Session", target: Target, built: Path, *, bytecode: bool, executions: bool
) -> list[Finding]:
    """Return what there is to say.

    ``bytecode`` tells whether layers without are fatal, ``executions`` whether too few of them are.
    A check that the caller may not make is reported, and does not stop the deployment.
    """
    findings = list(_layers(built, is_fatal=bytecode))
    checks: tuple[Callable[[boto3.Session, Target], Iterator[Finding]], ...] = (
        _account,
        partial(_concurrency, is_fatal=executions),
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


def _concurrency(session: "boto3.Session", target: Target, *, is_fatal: bool) -> Iterator[Finding]:
    parameters = _parameters(session, target)
    limit, taken = executions(session.client("lambda"), parameters)
    left = limit - taken
    text = (
        f"of this account's {limit} Lambda executions, Ringback's queues may take {taken}, which"
        f" leaves {max(left, 0)} for requests and callbacks"
    )
    if left >= FOR_REQUESTS:
        yield Finding(text)
        return
    smaller = smallest_change(limit, parameters)
    yield Finding(f"{text}. {_advice(smaller)}", is_fatal, smaller or {})


def _parameters(session: "boto3.Session", target: Target) -> dict[str, str]:
    deployed = None if target.is_asked else _deployed(session, target.stack)
    kept = deployed.get("Parameters", []) if deployed else []
    return {
        **{each["ParameterKey"]: each["ParameterValue"] for each in kept},
        **target.parameters,
    }


def _advice(smaller: Mapping[str, str] | None) -> str:
    fit = (
        f"deploy with {' '.join(f'{name}={value}' for name, value in smaller.items())}: in your"
        " environment's parameter_overrides, or as answers to the questions, which"
        " FEW_EXECUTIONS=1 asks with these values"
        if smaller
        else "deploy all the same with FEW_EXECUTIONS=1, since no parameters leave as many"
    )
    return (
        f"They need {FOR_REQUESTS}: each takes one, and is answered 5xx if there is none. Ask AWS"
        " for more (Service Quotas, Lambda, Concurrent executions; free of charge), or"
        f" {fit}. See docs/operate.md#concurrency."
    )


def _stack(session: "boto3.Session", target: Target) -> Iterator[Finding]:
    deployed = _deployed(session, target.stack)
    status = deployed["StackStatus"] if deployed else None
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


def _deployed(session: "boto3.Session", stack: str) -> "StackTypeDef | None":
    try:
        (found,) = session.client("cloudformation").describe_stacks(StackName=stack)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        return None
    return found


def _kept(session: "boto3.Session", stack: str) -> Iterator[str]:
    names = [bucket["Name"] for bucket in session.client("s3").list_buckets()["Buckets"]]
    for page in session.client("dynamodb").get_paginator("list_tables").paginate():
        names += page["TableNames"]
    beginnings = tuple(f"{stack}-{name}-".lower() for name in KEPT)
    yield from (name for name in names if name.lower().startswith(beginnings))
