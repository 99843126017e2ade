"""Move dead letters back to their source queues: ``make redrive``.

No confirmation is needed: every handler is idempotent, so a message that was already processed
changes nothing, and no job is paid for twice.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from local.failures import LocalFailure
from local.waiting import wait_for

if TYPE_CHECKING:
    from types_boto3_cloudformation import CloudFormationClient
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef

STACK: Final = "ringback"
# Error codes of an SQS without message move tasks, such as the local AWS.
NO_SUCH_ACTION: Final = frozenset({"InvalidAction", "UnknownOperationException"})
POLL_SECONDS = 2.0
# Visibility timeout of a batch: long enough to move ten messages.
HIDDEN_SECONDS: Final = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """A dead-letter queue and its source queue."""

    name: str
    url: str
    arn: str
    source_url: str


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.redrive", description=__doc__)
    parser.add_argument(
        "--stack",
        default=os.environ.get("STACK") or STACK,
        help=f"the CloudFormation stack (STACK; {STACK} by default)",
    )
    stack = parser.parse_args(words).stack
    try:
        session = boto3.Session()
        sqs = session.client("sqs")
        for letters in dead_letters(session.client("cloudformation"), sqs, stack):
            print(f"{letters.name}: {move_back(sqs, letters)} moved back", flush=True)
    except (BotoCoreError, ClientError, LocalFailure) as error:
        print(f"redrive: {error}", file=sys.stderr)
        return 1
    return 0


def dead_letters(stacks: "CloudFormationClient", sqs: "SQSClient", stack: str) -> list[DeadLetters]:
    """Find the stack's dead-letter queues by the redrive policies of its queues.

    Raises ``LocalFailure`` if the stack has none.
    """
    queues = dict(queues_of(stacks, stack))
    attributes = {
        url: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        for url in queues.values()
    }
    by_arn = {attributes[url]["QueueArn"]: (name, url) for name, url in queues.items()}
    found = []
    for source_url, about in attributes.items():
        target = json.loads(about.get("RedrivePolicy", "{}")).get("deadLetterTargetArn")
        if target in by_arn:
            name, url = by_arn[target]
            found.append(DeadLetters(name=name, url=url, arn=target, source_url=source_url))
    if not found:
        raise LocalFailure(f"stack {stack} has no dead-letter queue")
    return sorted(found, key=lambda letters: letters.name)


def queues_of(stacks: "CloudFormationClient", stack: str) -> Iterator[tuple[str, str]]:
    """Yield each queue's name in the template, and its URL."""
    for page in stacks.get_paginator("list_stack_resources").paginate(StackName=stack):
        for resource in page["StackResourceSummaries"]:
            if resource["ResourceType"] == "AWS::SQS::Queue":
                yield resource["LogicalResourceId"], resource["PhysicalResourceId"]


def move_back(sqs: "SQSClient", letters: DeadLetters) -> int:
    """Return how many messages were moved."""
    try:
        sqs.start_message_move_task(SourceArn=letters.arn)
    except ClientError as error:
        if error.response["Error"]["Code"] not in NO_SUCH_ACTION:
            raise
        return move_one_by_one(sqs, letters)
    return wait_for_move(sqs, letters)


def wait_for_move(sqs: "SQSClient", letters: DeadLetters) -> int:
    def observe() -> "ListMessageMoveTasksResultEntryTypeDef":
        [task] = sqs.list_message_move_tasks(SourceArn=letters.arn, MaxResults=1)["Results"]
        return task

    task = wait_for(
        observe,
        lambda seen: seen["Status"] != "RUNNING",
        what=f"the messages of {letters.name} to be moved",
        pause=POLL_SECONDS,
    )
    if task["Status"] != "COMPLETED":
        why = task.get("FailureReason", "no reason given")
        raise LocalFailure(f"{letters.name}: moving ended {task['Status']}: {why}")
    return task.get("ApproximateNumberOfMessagesMoved", 0)


def move_one_by_one(sqs: "SQSClient", letters: DeadLetters) -> int:
    """Send, then delete: an interruption in between duplicates a message and loses none."""
    moved = 0
    while messages := sqs.receive_message(
        QueueUrl=letters.url,
        MaxNumberOfMessages=10,
        VisibilityTimeout=HIDDEN_SECONDS,
        MessageAttributeNames=["All"],
    ).get("Messages"):
        for message in messages:
            sqs.send_message(
                QueueUrl=letters.source_url,
                MessageBody=message["Body"],
                MessageAttributes=message.get("MessageAttributes", {}),
            )
            sqs.delete_message(QueueUrl=letters.url, ReceiptHandle=message["ReceiptHandle"])
            moved += 1
    return moved


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
