"""Queues as lists, in the place of SQS: what is received is hidden until it is given back."""

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError


class Crash(Exception):
    pass


@dataclass
class FakeQueues:
    """``bodies`` are each queue's messages by its URL, and ``hidden`` the receipts of those held.

    ``moves`` are the answers about a move task; without, SQS has none. ``crash_at`` stops it at the
    nth send or delete.
    """

    bodies: dict[str, list[str]]
    moves: list[dict[str, Any]] | None = None
    crash_at: int = 0
    acts: int = 0
    attributes: dict[str, Any] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)
    sent: list[dict[str, Any]] = field(default_factory=list)

    def start_message_move_task(self, *, SourceArn: str) -> None:  # noqa: N803
        if self.moves is None:
            raise ClientError({"Error": {"Code": "InvalidAction"}}, "StartMessageMoveTask")
        if not self.moves:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "StartMessageMoveTask")
        assert SourceArn.startswith("a:")

    def list_message_move_tasks(self, **_: Any) -> dict[str, Any]:
        assert self.moves
        return {"Results": [self.moves.pop(0)]}

    def receive_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        VisibilityTimeout: int,  # noqa: N803
        **_: Any,
    ) -> dict[str, Any]:
        assert VisibilityTimeout > 0
        found = [body for body in self.bodies[QueueUrl] if body not in self.hidden][:10]
        self.hidden |= {*found}
        messages = [
            {
                "MessageId": f"id of {body}",
                "Body": body,
                "ReceiptHandle": body,
                "Attributes": {"SentTimestamp": str(1795730000000 + 60000 * number)},
                "MessageAttributes": self.attributes,
            }
            for number, body in enumerate(found)
        ]
        return {"Messages": messages} if messages else {}

    def change_message_visibility_batch(
        self,
        *,
        QueueUrl: str,  # noqa: N803
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> None:
        assert 1 <= len(Entries) <= 10
        assert len({entry["Id"] for entry in Entries}) == len(Entries)
        for entry in Entries:
            assert entry["VisibilityTimeout"] == 0
            self.hidden.discard(entry["ReceiptHandle"])

    def send_message(self, *, QueueUrl: str, MessageBody: str, **more: Any) -> None:  # noqa: N803
        self._act()
        self.bodies[QueueUrl].append(MessageBody)
        self.sent.append(more)

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        self._act()
        self.bodies[QueueUrl].remove(ReceiptHandle)

    def _act(self) -> None:
        self.acts += 1
        if self.acts == self.crash_at:
            raise Crash


def a_body(**fields: Any) -> str:
    return json.dumps(fields)
