"""Dead-letter queues: find them, read what lies in them, and move messages back.

Reading receives every message and then makes it visible again: nothing is lost whenever it is
interrupted. Moving sends before it deletes, so an interruption may double a message. That is
harmless: every handler is safe to repeat, because each write to a job names the status that it
expects, and only one message can take a job from ``accepted`` to the paid call.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import monotonic
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError
from ringback.drop_notifications import dropped_objects
from ringback.json_bodies import NotJson, parse_json

from local.chosen_stack import Stack
from local.failures import LocalFailure
from local.waiting import wait_for

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient
    from types_boto3_sqs.type_defs import ListMessageMoveTasksResultEntryTypeDef

# Error codes of an SQS without message move tasks, such as the local AWS.
NO_SUCH_ACTION: Final = frozenset({"InvalidAction", "UnknownOperationException"})
POLL_SECONDS = 2.0
# So long a queue is read, and so long its messages are hidden from others: they must not come
# twice, nor become visible before they have been read and moved.
READ_SECONDS: Final = 60
HIDDEN_SECONDS: Final = 180
BATCH: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadLetters:
    """A dead-letter queue and its source queue."""

    name: str
    url: str
    arn: str
    source_url: str
    source_arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A message. ``message_id`` is the one that its function logged; a moved one gets another.

    ``sent_at`` is when it was first sent: SQS keeps it until its retention after that is over.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
    """

    message_id: str
    sent_at: datetime
    body: str = field(repr=False)
    attributes: Any = field(repr=False)
    receipt: str = field(repr=False)

    @property
    def job_id(self) -> str | None:
        job_id = _object_in(self.body).get("job_id")
        return job_id if isinstance(job_id, str) else None

    @property
    def subject(self) -> str:
        """Return what the message is about: a job, a dropped file, or a provider's account."""
        content = _object_in(self.body)
        if self.job_id:
            return self.job_id
        try:
            if "probe" in content:
                return f"a probe of {content['probe']['provider']}"
            return ", ".join(drop.key for drop in dropped_objects(content)) or "nothing"
        except Exception:  # noqa: BLE001  it may be any message that a function could not read
            return "a message of another shape"


def _object_in(body: str) -> dict[str, Any]:
    try:
        value = parse_json(body).value
    except NotJson:
        return {}
    return value if isinstance(value, dict) else {}


def dead_letters(stack: Stack) -> list[DeadLetters]:
    """Find the stack's dead-letter queues by the redrive policies of its queues.

    Raises ``LocalFailure`` if the stack has none.
    """
    sqs: SQSClient = stack.client("sqs")
    queues = dict(stack.resources_of("AWS::SQS::Queue"))
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
            source = {"source_url": source_url, "source_arn": about["QueueArn"]}
            found.append(DeadLetters(name=name, url=url, arn=target, **source))
    if not found:
        raise LocalFailure(f"stack {stack.name} has no dead-letter queue")
    return sorted(found, key=lambda letters: letters.name)


@contextmanager
def held(sqs: "SQSClient", url: str) -> Iterator[list[Letter]]:
    """Receive the queue's messages, and give back at the end those that are not deleted.

    They are all, unless there are more than can be received in ``READ_SECONDS``.
    """
    found: dict[str, Letter] = {}
    try:
        give_up_at = monotonic() + READ_SECONDS
        while monotonic() < give_up_at and (received := _received(sqs, url)):
            found |= {letter.message_id: letter for letter in received}
        yield sorted(found.values(), key=lambda letter: letter.sent_at)
    finally:
        for batch in _batches([*found.values()]):
            # Those that were deleted are among the failures of an answer, which are no error.
            sqs.change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": letter.receipt, "VisibilityTimeout": 0}
                    for number, letter in enumerate(batch)
                ],
            )


def _received(sqs: "SQSClient", url: str) -> list[Letter]:
    answer = sqs.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=BATCH,
        VisibilityTimeout=HIDDEN_SECONDS,
        # Without waiting, SQS asks some of its servers only, and may find none of the messages.
        WaitTimeSeconds=1,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["SentTimestamp"],
    )
    return [
        Letter(
            message_id=message["MessageId"],
            sent_at=datetime.fromtimestamp(int(message["Attributes"]["SentTimestamp"]) / 1000, UTC),
            body=message["Body"],
            attributes=message.get("MessageAttributes", {}),
            receipt=message["ReceiptHandle"],
        )
        for message in answer.get("Messages", [])
    ]


def _batches(letters: Sequence[Letter]) -> Iterator[Sequence[Letter]]:
    for start in range(0, len(letters), BATCH):
        yield letters[start : start + BATCH]


def move_back(sqs: "SQSClient", queue: DeadLetters) -> int:
    """Move all messages; return how many they were."""
    try:
        sqs.start_message_move_task(SourceArn=queue.arn)
    except ClientError as error:
        if error.response["Error"]["Code"] not in NO_SUCH_ACTION:
            raise
        return carry_back(sqs, queue, lambda _: True)
    return _wait_for_move(sqs, queue)


def _wait_for_move(sqs: "SQSClient", queue: DeadLetters) -> int:
    def observe() -> "ListMessageMoveTasksResultEntryTypeDef":
        [task] = sqs.list_message_move_tasks(SourceArn=queue.arn, MaxResults=1)["Results"]
        return task

    task = wait_for(
        observe,
        lambda seen: seen["Status"] != "RUNNING",
        what=f"the messages of {queue.name} to be moved",
        pause=POLL_SECONDS,
    )
    if task["Status"] != "COMPLETED":
        why = task.get("FailureReason", "no reason given")
        raise LocalFailure(f"{queue.name}: moving ended {task['Status']}: {why}")
    return task.get("ApproximateNumberOfMessagesMoved", 0)


def carry_back(sqs: "SQSClient", queue: DeadLetters, is_wanted: Callable[[Letter], bool]) -> int:
    """Send, then delete, each message that is wanted: SQS itself can only move all."""
    moved = 0
    with held(sqs, queue.url) as found:
        for letter in filter(is_wanted, found):
            sqs.send_message(
                QueueUrl=queue.source_url,
                MessageBody=letter.body,
                MessageAttributes=letter.attributes,
            )
            sqs.delete_message(QueueUrl=queue.url, ReceiptHandle=letter.receipt)
            moved += 1
    return moved
