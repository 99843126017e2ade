"""Webhooks to test with, and fakes with state of what they go through."""

from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final

from ringback.aws.queues import first_hop
from ringback.domain.deliveries import MAX_KEPT, Delivery
from ringback.domain.events import Event
from ringback.domain.jobs import JobId, JobStatus
from ringback.domain.receivers import ClientWebhooks, OffReason, Receiver
from ringback.domain.webhooks import Tried, Webhook, webhook_of
from ringback.use_cases.make_events import event_of_job
from ringback.use_cases.notify_client import NotifyClient

from tests.support.aws import WEBHOOK_SECRET
from tests.support.in_memory import InMemoryJobs
from tests.support.jobs import NOON, a_job

SECRET: Final = WEBHOOK_SECRET
OLD_SECRET: Final = "whsec_" + b64encode(b"studio's older one: " + b"y" * 12).decode()
MAX_INVOCATIONS: Final = 50_000
URL: Final = "https://studio.example/hooks?order=66"


def an_event(**changes: Any) -> Event:
    job = a_job(JobStatus.SUCCEEDED, updated_at=NOON, **changes)
    return event_of_job(job, source="/ringback/test", show=lambda job: {"job_id": job.job_id})


def a_webhook(url: str = URL, *, number: int = 0, **changes: Any) -> Webhook:
    job = a_job(JobStatus.SUCCEEDED, number=number)
    return replace(webhook_of(an_event(number=number), job=job, url=url), **changes)


class InMemoryReceivers:
    def __init__(self) -> None:
        self.known: dict[tuple[str, str], Receiver] = {}

    def read(self, client: str, host: str) -> Receiver:
        return self.known.get((client, host), Receiver(client=client, host=host))

    def claim(self, receiver: Receiver, *, at: datetime) -> bool:
        now = self.read(receiver.client, receiver.host)
        if now.timed_out_at is None or now.timed_out_at != receiver.timed_out_at:
            return False
        self._put(replace(now, timed_out_at=at))
        return True

    def failed(self, receiver: Receiver, *, at: datetime, timed_out: bool) -> Receiver:
        now = self.read(receiver.client, receiver.host)
        return self._put(
            replace(
                now,
                failing_since=now.failing_since or at,
                timeouts=now.timeouts + 1 if timed_out else 0,
                timed_out_at=at if timed_out else None,
            )
        )

    def gave_up(self, receiver: Receiver, *, at: datetime) -> Receiver:
        now = self.read(receiver.client, receiver.host)
        return self._put(replace(now, given_up=now.given_up + 1))

    def switch_off(self, receiver: Receiver, *, at: datetime, reason: OffReason) -> None:
        now = self.read(receiver.client, receiver.host)
        if now.off_since is None:
            self._put(replace(now, off_since=at, off_reason=reason))

    def failing(self, client: str) -> Sequence[Receiver]:
        own = [each for each in self.known.values() if each.client == client]
        return sorted(own, key=lambda each: each.host)

    def forget(self, receiver: Receiver) -> None:
        self.known.pop((receiver.client, receiver.host), None)

    def _put(self, receiver: Receiver) -> Receiver:
        self.known[receiver.client, receiver.host] = receiver
        return receiver


@dataclass
class InMemoryDeliveries:
    by_job: dict[JobId, list[Delivery]] = field(default_factory=dict)

    def add(self, job_id: JobId, delivery: Delivery) -> None:
        self.by_job[job_id] = [*self.by_job.get(job_id, []), delivery][-MAX_KEPT:]

    def of(self, job_id: JobId) -> Sequence[Delivery]:
        return self.by_job.get(job_id, [])


@dataclass
class InMemoryWebhookClients:
    by_name: dict[str, ClientWebhooks] = field(default_factory=dict)

    def read(self, client: str) -> ClientWebhooks | None:
        return self.by_name.get(client)


@dataclass
class InMemoryWebhookQueue:
    """Messages, oldest first, with their delays in seconds."""

    sent: list[tuple[Webhook, int]] = field(default_factory=list)

    def put(self, webhook: Webhook, *, delay: int) -> None:
        self.sent.append((webhook, delay))


Answer = Callable[[int], dict[str, Any]]


def statuses(*codes: int) -> Answer:
    """Answer with each status in turn, and with the last one from then on."""
    return lambda nth: {"status": codes[min(nth, len(codes)) - 1]}


def hangs(_: int) -> dict[str, Any]:
    return {"error": "no complete answer within 15 seconds", "timed_out": True}


@dataclass
class Office:
    """Clients' receivers by host, and the notify client with fakes around it.

    ``answers`` says how a receiver answers its nth request.
    """

    answers: dict[str, Answer]
    now: datetime = NOON
    received: list[tuple[datetime, Webhook]] = field(default_factory=list)
    received_by: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.receivers, self.deliveries = InMemoryReceivers(), InMemoryDeliveries()
        self.queue, self.jobs = InMemoryWebhookQueue(), InMemoryJobs()
        self.notify = NotifyClient(
            receivers=self.receivers,
            deliveries=self.deliveries,
            jobs=self.jobs,
            queue=self.queue,
            send=self.send,
            random=lambda: 0.5,
            now=lambda: self.now,
        )

    def switch_off(self, host: str, client: str = "studio") -> None:
        off = Receiver(client=client, host=host)
        self.receivers.switch_off(off, at=self.now, reason=OffReason.GONE)

    def send(self, webhook: Webhook) -> Tried:
        self.received.append((self.now, webhook))
        self.received_by[webhook.host] += 1
        outcome = self.answers[webhook.host](self.received_by[webhook.host])
        return Tried(at=self.now, duration=timedelta(milliseconds=20), **outcome)

    def run(self, *webhooks: Webhook, every: timedelta = timedelta(0)) -> None:
        """Deliver the messages, one after the other, in simulated time until none is left."""
        order = count()
        waiting = [(self.now + n * every, next(order), each) for n, each in enumerate(webhooks)]
        for _ in range(MAX_INVOCATIONS):
            if not waiting:
                return
            due, _, webhook = heappop(waiting)
            self.now = max(self.now, due)
            self.notify(webhook)
            for sent, delay in self.queue.sent:
                due = self.now + timedelta(seconds=first_hop(delay))
                heappush(waiting, (due, next(order), sent))
            self.queue.sent.clear()
        raise AssertionError("messages do not end")
