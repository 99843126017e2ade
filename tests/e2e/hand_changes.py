"""What people change by hand and break, and the commands of docs/operate.md that undo it."""

import json
import time
from collections.abc import Callable
from typing import Final

from tests.e2e.operator import PERIOD, Operator

ADDED: Final = "added-by-hand"
Act = Callable[[Operator], object]


def after(*acts: Act) -> Act:
    def run(operator: Operator) -> None:
        for act in acts:
            act(operator)

    return run


def repeatedly(act: Act) -> Act:
    """Act once in each of three periods."""
    return after(*[act, lambda _: time.sleep(PERIOD)] * 3)


def set_handler(operator: Operator, function: str, handler: str) -> None:
    operator.client("lambda").update_function_configuration(
        FunctionName=operator.named(function), Handler=handler
    )


def break_handler(function: str) -> Act:
    return lambda operator: set_handler(operator, function, "app.nothing")


def restore_handler(function: str) -> Act:
    command = "aws lambda update-function-configuration --function-name <name>"
    command += " --handler app.lambda_handler"
    return lambda operator: operator.follow(command, name=operator.named(function))


def role_of(function: str) -> str:
    return f"{function.removesuffix('Function')}Role"


def deny(function: str) -> Act:
    """Add a policy to a function's role that denies it the table."""
    statement = {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}

    def add(operator: Operator) -> None:
        operator.client("iam").put_role_policy(
            RoleName=operator.named(role_of(function)),
            PolicyName=ADDED,
            PolicyDocument=json.dumps(policy),
        )

    return add


def take_deny_away(function: str) -> Act:
    def remove(operator: Operator) -> None:
        role = operator.named(role_of(function))
        found = operator.follow("aws iam list-role-policies --role-name <role>", role=role)
        assert ADDED in found
        command = "aws iam delete-role-policy --role-name <role> --policy-name <policy>"
        operator.follow(command, role=role, policy=ADDED)

    return remove


def stop(function: str) -> Act:
    return lambda operator: operator.client("lambda").put_function_concurrency(
        FunctionName=operator.named(function), ReservedConcurrentExecutions=0
    )


def let_run(function: str) -> Act:
    command = "aws lambda delete-function-concurrency --function-name <name>"
    return lambda operator: operator.follow(command, name=operator.named(function))


ENABLE: Final = (
    'aws lambda update-event-source-mapping --enabled --uuid "$(aws cloudformation'
    " describe-stack-resource --stack-name ringback --logical-resource-id SubmitJobFunctionTurn"
    ' --query StackResourceDetail.PhysicalResourceId --output text)"'
)


def disable(source: str) -> Act:
    return lambda operator: operator.client("lambda").update_event_source_mapping(
        UUID=operator.named(source), Enabled=False
    )


def enable(source: str) -> Act:
    def run(operator: Operator) -> None:
        assert f"{source} is disabled" in operator.follow("make doctor")
        operator.follow(ENABLE, source=source)

    return run


def set_receives(operator: Operator, queue: str, count: int, *, seconds: int) -> None:
    """Let messages be received so often, each time after so many seconds."""
    sqs, url = operator.client("sqs"), operator.named(f"{queue}Queue")
    known = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    policy = json.loads(known["Attributes"]["RedrivePolicy"]) | {"maxReceiveCount": count}
    changed = {"RedrivePolicy": json.dumps(policy), "VisibilityTimeout": str(seconds)}
    sqs.set_queue_attributes(QueueUrl=url, Attributes=changed)


def given_up(queue: str, function: str, act: Act) -> Act:
    """Give a message up after its first failure, instead of a day of them."""

    def run(operator: Operator) -> None:
        set_receives(operator, queue, 1, seconds=2)
        break_handler(function)(operator)
        act(operator)

    return run


def redrive(queue: str, function: str) -> Act:
    def run(operator: Operator) -> None:
        restore_handler(function)(operator)
        set_receives(operator, queue, 480, seconds=60)
        assert "moved back" in operator.follow("make redrive QUEUE=Archive", queue=queue)

    return run
