"""Whether the stack is up to date, and the AWS account leaves it room."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from ringback.domain.clock import utc_now
from ringback.domain.version import VERSION

from local.chosen_stack import Stack
from local.concurrency import FOR_REQUESTS, executions
from local.health.findings import Finding
from local.template import load_template

# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtimes.html: until then AWS mends it.
MENDED_UNTIL: Final[Mapping[str, date]] = {"python3.13": date(2029, 6, 30)}


def versions(stack: Stack) -> Iterator[Finding]:
    status = stack.description["StackStatus"]
    if status not in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        yield Finding.fail(f"the stack is {status}: deploy again")
    deployed = stack.outputs.get("Version", "an older version")
    if deployed == VERSION:
        yield Finding.ok(f"Ringback: {VERSION}, as this checkout")
    else:
        yield Finding.warn(f"Ringback: the stack has {deployed}, this checkout is {VERSION}")
    yield from _functions(stack)


def _functions(stack: Stack) -> Iterator[Finding]:
    functions = stack.client("lambda")
    wanted = load_template()["Globals"]["Function"]["Runtime"]
    others = []
    for name, function in stack.resources_of("AWS::Lambda::Function"):
        found = functions.get_function_configuration(FunctionName=function)
        if found["Runtime"] != wanted:
            others.append(f"{name} {found['Runtime']}")
        if (state := found.get("State", "Active")) not in ("Active", "Inactive"):
            yield Finding.fail(f"{name} is {state}: {found.get('StateReason')}")
    if others:
        yield Finding.warn(f"runtimes other than {wanted}: {', '.join(others)}")
    elif utc_now().date() > MENDED_UNTIL[wanted]:
        yield Finding.warn(f"AWS has mended {wanted} until {MENDED_UNTIL[wanted]}: update Ringback")
    else:
        yield Finding.ok(
            f"functions: all run {wanted}, which AWS mends until {MENDED_UNTIL[wanted]}"
        )


def concurrency(stack: Stack) -> Iterator[Finding]:
    limit, taken = executions(stack.client("lambda"), stack.parameters)
    text = (
        f"of {limit} Lambda executions, queues may take {taken}: {max(limit - taken, 0)} are left"
    )
    enough = limit - taken >= FOR_REQUESTS
    yield Finding.ok(text) if enough else Finding.fail(f"{text} for requests and callbacks")
