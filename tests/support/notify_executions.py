"""The notify client as Lambda runs it, but faster: executions, batches and threads."""

import heapq
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Final

from ringback.domain.webhooks import Tried, Webhook
from ringback.outbound.webhook_sender import TIME_OUT
from ringback.use_cases.notify_client import NotifyClient

from tests.support.in_memory import InMemoryJobs
from tests.support.jobs import NOON
from tests.support.template import resources
from tests.support.webhooks import InMemoryDeliveries, InMemoryReceivers

_EVENT: Final = resources("AWS::Serverless::Function")["NotifyClientFunction"]["Events"]["Notify"]
BATCH: Final[int] = _EVENT["Properties"]["BatchSize"]
EXECUTIONS: Final[int] = _EVENT["Properties"]["ScalingConfig"]["MaximumConcurrency"]


@dataclass
class Executions:
    """``hanging`` are the hosts that never answer; all others answer after ``answer_seconds``.

    ``speed`` is how many times as fast as real time. Our own code is not faster, so that the
    figures of a high one are too bad.
    """

    hanging: frozenset[str]
    speed: float
    answer_seconds: float = 0.1
    delivered: dict[str, datetime] = field(default_factory=dict)
    tries: list[tuple[datetime, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._began, self._order = time.monotonic(), count()
        self._queue: list[tuple[datetime, int, Webhook]] = []
        self._lock = threading.Lock()
        self._notify = NotifyClient(
            receivers=InMemoryReceivers(),
            deliveries=InMemoryDeliveries(),
            jobs=InMemoryJobs(),
            queue=self,
            send=self._send,
            random=lambda: 0.5,
            now=self.now,
        )

    def now(self) -> datetime:
        return NOON + timedelta(seconds=(time.monotonic() - self._began) * self.speed)

    def put(self, webhook: Webhook, *, delay: float) -> None:
        with self._lock:
            due = self.now() + timedelta(seconds=delay)
            heapq.heappush(self._queue, (due, next(self._order), webhook))

    def run(self, webhooks: Sequence[Webhook]) -> None:
        """Deliver a burst, until all that can be delivered are."""
        for webhook in webhooks:
            self.put(webhook, delay=0)
        good = sum(webhook.host not in self.hanging for webhook in webhooks)
        with ThreadPoolExecutor(EXECUTIONS) as executions:
            list(executions.map(lambda _: self._execute(good), range(EXECUTIONS)))

    def _execute(self, good: int) -> None:
        with ThreadPoolExecutor(BATCH) as threads:
            while len(self.delivered) < good:
                if batch := self._due():
                    list(threads.map(self._notify, batch))
                else:
                    time.sleep(0.1 / self.speed)

    def _due(self) -> list[Webhook]:
        with self._lock:
            found: list[Webhook] = []
            while self._queue and len(found) < BATCH and self._queue[0][0] <= self.now():
                found.append(heapq.heappop(self._queue)[2])
            return found

    def _send(self, webhook: Webhook) -> Tried:
        began, hangs = self.now(), webhook.host in self.hanging
        self.tries.append((began, webhook.host))
        time.sleep((TIME_OUT if hangs else self.answer_seconds) / self.speed)
        if not hangs:
            self.delivered[webhook.event_id] = self.now()
        return Tried(
            at=began,
            duration=self.now() - began,
            status=None if hangs else 200,
            timed_out=hangs,
        )
