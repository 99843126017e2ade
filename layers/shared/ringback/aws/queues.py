"""The queues between the functions. Messages are JSON and carry ids, never results."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import BotoCoreError, ClientError

from ringback.aws.clients import sqs_client
from ringback.domain import webhooks
from ringback.domain.accounts import Probe
from ringback.domain.checks import DETAILS, Check, probe_message, to_message
from ringback.domain.drops import Drop, RowsToRetry
from ringback.domain.errors import TryAgain
from ringback.domain.events import Event
from ringback.domain.jobs import Job, JobId
from ringback.domain.verdicts import (
    Answered,
    OutcomeUnknown,
    Submission,
    TaskCreated,
    TaskRefused,
)
from ringback.domain.versions import of_any_version
from ringback.domain.webhooks import Webhook
from ringback.use_cases.canary_ports import CanaryTask

if TYPE_CHECKING:
    from types_boto3_sqs import SQSClient

MAX_DELAY: Final = 900
_ANSWERS: Final[Mapping[str, type[Submission]]] = {
    "created": TaskCreated,
    "refused": TaskRefused,
    "unknown": OutcomeUnknown,
}


class _Queue:
    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client = client
        self._url = url

    @classmethod
    def connect(cls, url: str) -> Self:
        return cls(sqs_client(), url)

    def _try(self, message: dict[str, Any], *, delay: int) -> None:
        try:
            self._send(message, delay=delay)
        except (ClientError, BotoCoreError) as error:
            raise TryAgain("the job could not be queued; repeat the request") from error

    def _send(
        self, message: dict[str, Any], *, delay: int, details: dict[str, Any] | None = None
    ) -> None:
        """Send a message; older versions do without ``details`` (docs/decisions/0027)."""
        attributes: Any = {"DataType": "String", "StringValue": json.dumps(details)}
        self._client.send_message(
            QueueUrl=self._url,
            MessageBody=json.dumps(message),
            MessageAttributes={DETAILS: attributes} if details else {},
            DelaySeconds=min(delay, MAX_DELAY),
        )


def first_hop(delay: int) -> int:
    """Return the delay of the first of several messages that wait ``delay`` seconds together.

    The remainder comes first, so that ten thousand messages don't return together.
    """
    return delay if delay <= MAX_DELAY else delay % MAX_DELAY or MAX_DELAY


class SqsSubmitQueue(_Queue):
    def add(self, job_id: JobId, *, delay: int, slot: int | None) -> None:
        self._try({"job_id": job_id, "slot": slot}, delay=first_hop(delay))

    def nudge(self, job_id: JobId) -> None:
        self._try({"job_id": job_id, "slot": None, "nudge": True}, delay=0)

    def add_answer(self, answered: Answered, *, delay: int) -> None:
        kind = next(name for name, each in _ANSWERS.items() if isinstance(answered.answer, each))
        # The first version knows no such message. On a drop that is none it fails, so that the
        # answer becomes a dead letter instead of getting lost.
        self._try({**asdict(answered), "kind": kind, "drop": None}, delay=delay)


def read_answered(message: Mapping[str, Any]) -> Answered | None:
    """Return the answer in a message of the submit queue, ``None`` if it is a job's turn."""
    if "kind" not in message:
        return None
    answer = of_any_version(_ANSWERS[message["kind"]], message["answer"])
    return of_any_version(Answered, {**message, "answer": answer})


def read_turn(message: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a message says about its job's turn, as ``SubmitJob`` takes it."""
    return {"slot": message.get("slot"), "is_nudge": message.get("nudge", False)}


class SqsCheckQueue(_Queue):
    def add(self, check: Check, *, delay: int) -> None:
        body, details = to_message(check)
        self._send(body, delay=delay, details=details)

    def add_probe(self, probe: Probe, *, delay: int) -> None:
        self._send(probe_message(probe), delay=delay)


class SqsDropQueue(_Queue):
    def go_on(self, drop: Drop, *, delay: int = 0) -> None:
        self._send({"drop": asdict(drop)}, delay=delay)

    def retry(self, rows: RowsToRetry, *, delay: int = 0) -> None:
        values = asdict(rows) | {"requested_at": rows.requested_at.isoformat()}
        self._try({"retry": values}, delay=delay)


def read_retry(message: Mapping[str, Any]) -> RowsToRetry | None:
    """Return what a message of the drop queue asks to retry, ``None`` if it is about a drop."""
    if "retry" not in message:
        return None
    requested_at = datetime.fromisoformat(message["retry"]["requested_at"])
    return of_any_version(RowsToRetry, message["retry"] | {"requested_at": requested_at})


class SqsSummaryQueue(_Queue):
    def add(self, drop: Drop, *, delay: int) -> None:
        self._send({"drop": asdict(drop)}, delay=delay)


class SqsThumbnailQueue(_Queue):
    def add(self, job_id: JobId, numbers: Sequence[int]) -> None:
        # Older versions read ``number`` only: after a roll-back they make the first thumbnail.
        more = {"numbers": list(numbers)} if len(numbers) > 1 else {}
        self._send({"job_id": job_id, "number": numbers[0], **more}, delay=0)


class SqsArchiveQueue(_Queue):
    def add(self, job_id: JobId, *, attempt: int = 1, delay: int = 0) -> None:
        self._send({"job_id": job_id, "attempt": attempt}, delay=delay)


class SqsDeleteQueue(_Queue):
    def add(self, job_id: JobId, *, delay: int) -> None:
        self._try({"job_id": job_id}, delay=delay)


class SqsNotifyQueue(_Queue):
    def add(self, event: Event, *, job: Job, url: str) -> None:
        self.put(webhooks.webhook_of(event, job=job, url=url), delay=0)

    def put(self, webhook: Webhook, *, delay: int) -> None:
        self._try(webhooks.to_message(webhook), delay=first_hop(delay))


class SqsCanaryTasks(_Queue):
    def add(self, task: CanaryTask) -> None:
        self._try(asdict(task), delay=0)
