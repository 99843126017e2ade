"""Everything that submitting touches, in memory."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ringback.domain.jobs import Job, JobId
from ringback.domain.verdicts import Submission, TaskCreated
from ringback.use_cases.submit_job import AcceptJob, SendJob, TakeTurn

from tests.support.in_memory import (
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
    InMemorySubmitQueue,
    InMemoryWindow,
    ScriptedProvider,
)
from tests.support.jobs import NOON, TASK, a_job_id, a_request

CREATED = TaskCreated(task_id=TASK)


def link_to(url: str, version: str, lifetime: timedelta) -> str:
    key = url.removeprefix("s3://drops/")
    return f"https://drops.example/{key}?version={version}&seconds={lifetime.total_seconds():g}"


@dataclass
class Desk:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    queues: InMemoryQueues = field(default_factory=InMemoryQueues)
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)
    window: InMemoryWindow = field(default_factory=InMemoryWindow)
    now: datetime = NOON
    made: int = 0

    @property
    def send(self) -> SendJob:
        return SendJob(
            jobs=self.jobs,
            queue=InMemorySubmitQueue(self.queues),
            window=self.window,
            providers={"kie": self.provider},
            callback_url=lambda provider, job_id: f"https://hooks.example/{provider}/{job_id}",
            deadlines={"kie": timedelta(minutes=15)},
            link_to=link_to,
            now=lambda: self.now,
        )

    @property
    def acceptor(self) -> AcceptJob:
        return AcceptJob(
            jobs=self.jobs,
            checks=InMemoryCheckQueue(self.queues),
            send=self.send,
            retention=timedelta(days=365),
            new_job_id=self.next_id,
        )

    def accept(self, *, key: str | None = None, **fields: object) -> Job:
        return self.acceptor(a_request(**fields), client="studio", idempotency_key=key)

    def next_id(self, now: datetime) -> JobId:
        self.made += 1
        return a_job_id(self.made)

    def take_turn(self, job_id: JobId, *, slot: int | None = None) -> Job:
        return TakeTurn(send=self.send)(job_id, slot=slot)


def answering(desk: Desk, *answers: Submission) -> Desk:
    desk.provider.answers = iter(answers)
    return desk
