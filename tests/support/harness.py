"""A harness for accepting and submitting jobs, with in-memory ports."""

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from ringback.domain.accounts import Account
from ringback.domain.jobs import Job, JobId
from ringback.domain.verdicts import Submission, TaskCreated, TaskReport
from ringback.use_cases.accept_job import AcceptJob, NewJob
from ringback.use_cases.open_account import OpenAccount
from ringback.use_cases.probe_account import ProbeAccount
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.submit_job import SubmitJob

from tests.support.in_memory import (
    InMemoryAccounts,
    InMemoryArchiveQueue,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
    InMemorySubmitQueue,
    InMemoryWindow,
    ScriptedProvider,
    reading_both,
)
from tests.support.jobs import NOON, TASK, a_job_id, a_request

CREATED = TaskCreated(task_id=TASK)


def link_to(url: str, version: str, lifetime: timedelta) -> str:
    key = url.removeprefix("s3://drops/")
    return f"https://drops.example/{key}?version={version}&seconds={lifetime.total_seconds():g}"


@dataclass
class Harness:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    queues: InMemoryQueues = field(default_factory=InMemoryQueues)
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)
    window: InMemoryWindow = field(default_factory=InMemoryWindow)
    accounts: InMemoryAccounts = field(default_factory=InMemoryAccounts)
    now: datetime = NOON
    made: int = 0
    announced: list[Account] = field(default_factory=list)
    attempts: Iterator[int] = field(default_factory=itertools.count)
    asked_credits_at: dict[str, datetime] = field(default_factory=dict)
    balances: list[Account] = field(default_factory=list)

    @property
    def submitter(self) -> SubmitJob:
        return SubmitJob(
            jobs=self.jobs,
            read_together=reading_both(self.jobs, self.accounts),
            queue=InMemorySubmitQueue(self.queues),
            checks=InMemoryCheckQueue(self.queues),
            window=self.window,
            accounts=self.accounts,
            providers={"kie": self.provider.facts},
            clients={"kie": self.provider},
            callback_url=lambda provider, job_id: f"https://hooks.example/{provider}/{job_id}",
            link_to=link_to,
            new_attempt_id=lambda: f"{next(self.attempts):016x}",
            announce=self.announced.append,
            tell_credits=self.balances.append,
            asked_credits_at=self.asked_credits_at,
            sleep=self.sleep,
            now=lambda: self.now,
        )

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def time_for(self, seconds: float = 75) -> Callable[[], float]:
        """Return the clock of a function that is started now and runs for so many seconds."""
        until = self.now + timedelta(seconds=seconds)
        return lambda: (until - self.now).total_seconds()

    @property
    def prober(self) -> ProbeAccount:
        return ProbeAccount(
            accounts=self.accounts, clients={"kie": self.provider}, now=lambda: self.now
        )

    @property
    def account(self) -> Account:
        return self.accounts.read("kie")

    @property
    def acceptor(self) -> AcceptJob:
        return AcceptJob(
            jobs=self.jobs,
            checks=InMemoryCheckQueue(self.queues),
            queue=InMemorySubmitQueue(self.queues),
            providers={"kie": self.provider.facts},
            retention=timedelta(days=365),
            new_job_id=self.next_id,
            now=lambda: self.now,
        )

    def accept(self, *, key: str | None = None, **fields: object) -> Job:
        """Accept a job and deliver its submit message: both follow a client's request."""
        new = NewJob(request=a_request(**fields), client="studio", idempotency_key=key)
        return self.deliver(self.acceptor(new))

    def deliver(self, job: Job) -> Job:
        """Deliver the job's submit message if it is due at once; return the job afterwards."""
        message = (job.job_id, 0, None)
        if message in self.queues.submit:
            self.queues.submit.remove(message)
            return self.take_turn(job.job_id)
        return self.jobs.get(job.job_id)

    def next_id(self, now: datetime) -> JobId:
        self.made += 1
        return a_job_id(self.made)

    def take_turn(self, job_id: JobId, *, slot: int | None = None, is_nudge: bool = False) -> Job:
        return self.submitter(job_id, slot=slot, seconds_left=self.time_for(), is_nudge=is_nudge)

    def report(self, job_id: JobId, report: TaskReport) -> Job:
        """Record a report that is proven, as a callback or a check does."""
        record = RecordVerdict(
            jobs=self.jobs,
            checks=InMemoryCheckQueue(self.queues),
            archive=InMemoryArchiveQueue(self.queues),
            open_account=OpenAccount(
                accounts=self.accounts, announce=self.announced.append, now=lambda: self.now
            ),
            now=lambda: self.now,
        )
        return record(job_id, report)

    def probe(self) -> Account:
        """Deliver the newest probe when it is due."""
        probe, delay = self.queues.probes[-1]
        self.now += timedelta(seconds=delay)
        return self.prober(probe)


def answering(harness: Harness, *answers: Submission) -> Harness:
    harness.provider.answers = iter(answers)
    return harness
