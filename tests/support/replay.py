"""Replays hours of work in simulated time, with the queues, functions and paces of the template.

Messages carry how often each function was invoked in their chain, as Lambda counts it. A function
outside ``may_recur`` that one chain has invoked 16 times is not invoked again: the message would be
received until it is a dead letter, and counts as one.
"""

import heapq
import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from random import Random
from typing import Any, Final

from ringback.aws.queues import MAX_DELAY, first_hop
from ringback.catalogue.prices import estimate
from ringback.catalogue.requests import read_request
from ringback.domain.accounts import Probe, ProbeAnswer
from ringback.domain.checks import Check
from ringback.domain.drops import Drop, DropFacts, Progress, Row, RowsToRetry, Settled
from ringback.domain.errors import ProviderUnavailable, RingbackError
from ringback.domain.job_ids import new_job_id
from ringback.domain.jobs import Job, JobId, JobStatus, ProviderTaskId
from ringback.domain.pace import LowPriority, Turn
from ringback.domain.verdicts import (
    Answered,
    Submission,
    TaskCreated,
    TaskRefused,
    TaskReport,
    TaskState,
)
from ringback.domain.webhooks import Tried, Webhook
from ringback.images import inputs
from ringback.providers.api_calls import not_sent
from ringback.providers.registry import PROVIDERS
from ringback.sheets.drop_rows import DropRows, RowRules
from ringback.use_cases.accept_job import AcceptJob, NewJob
from ringback.use_cases.archive_images import ArchiveImages
from ringback.use_cases.check_jobs import CheckJobs
from ringback.use_cases.input_images import CheckInputImage
from ringback.use_cases.make_thumbnail import MakeThumbnail
from ringback.use_cases.notify_client import NotifyClient
from ringback.use_cases.open_account import OpenAccount
from ringback.use_cases.probe_account import ProbeAccount
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.report_drop import ReportDrop
from ringback.use_cases.retry_drop import RequestRetry, RetryRows
from ringback.use_cases.submit_job import SubmitJob
from ringback.use_cases.summarize_drop import SummarizeDrop
from ringback.use_cases.take_drop import TakeDrop

from local.hop_counts import MAX_INVOCATIONS
from tests.support.checks import check_one, probe_one
from tests.support.drops import InMemoryDropProgress, InMemoryDrops
from tests.support.effects import ServiceError
from tests.support.harness import link_to
from tests.support.in_memory import (
    AllTold,
    InMemoryAccounts,
    InMemoryBucket,
    InMemoryJobs,
    InMemoryJobsWithAccounts,
    InMemoryTold,
    InMemoryToldJobs,
    InMemoryWeb,
    InMemoryWindow,
)
from tests.support.jobs import NOON, facts_of
from tests.support.queue_graph import may_recur
from tests.support.template import load_template, resources
from tests.support.webhooks import Answer, InMemoryDeliveries, InMemoryReceivers, hangs

ARCHIVE_RETRIES: Final = tuple(
    map(int, load_template()["Parameters"]["ArchiveRetrySeconds"]["Default"].split(","))
)
QUEUES: Final = resources("AWS::SQS::Queue")
FUNCTIONS: Final = resources("AWS::Serverless::Function")
MAY_RECUR: Final = may_recur(load_template()["Resources"])
# Which function gets the messages of which queue.
LISTENERS: Final = {
    event["Properties"]["Queue"]["Fn::GetAtt"][0]: name
    for name, function in FUNCTIONS.items()
    for event in function.get("Events", {}).values()
    if event["Type"] == "SQS"
}
# A message arrives up to so many seconds after it is due.
MAX_LATENESS: Final = 0.8
PICTURE: Final = b"a picture"


@dataclass(frozen=True)
class AllowedInRows:
    pass_through: bool = False
    plain_http_hosts: Collection[str] = ()
    drop_client: str = "drop"


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@dataclass(order=True)
class Event:
    due: float
    order: int
    act: Callable[[], None] = field(compare=False)


@dataclass
class Replay:
    """After :meth:`run`, inspect the jobs, the counters and ``dead_letters``, by queue.

    ``silent`` tells whether the providers can't be reached at a moment. ``task_seconds`` is how
    long they take for a task.
    """

    silent: Callable[[datetime], bool] = lambda at: False
    task_seconds: Callable[[Random], float] = lambda random: random.uniform(5, 60)
    may_recur: Collection[str] = frozenset(MAY_RECUR)
    calls_back: bool = True
    retention: timedelta = timedelta(days=365)
    seconds_per_row: float = 0.02
    paces: Mapping[str, Any] = field(default_factory=dict)
    told: InMemoryTold = field(default_factory=AllTold)
    now: datetime = NOON
    agenda: list[Event] = field(default_factory=list)
    order: Iterator[int] = field(default_factory=itertools.count)
    random: Random = field(default_factory=lambda: Random(66))  # noqa: S311
    chain: Mapping[str, int] = field(default_factory=dict)
    invocations: Counter[str] = field(default_factory=Counter)
    longest_chain: Counter[str] = field(default_factory=Counter)
    dead_letters: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.jobs, self.bucket, self.web = InMemoryJobs(), InMemoryBucket(), InMemoryWeb()
        self.drops, self.progress = WithoutResults(), InMemoryDropProgress()
        self.accounts = InMemoryAccounts()
        self.told_jobs = InMemoryToldJobs(self.jobs, self.told)
        self.submit_reads = InMemoryJobsWithAccounts(self.jobs, self.accounts)
        self.queues = Queues(self)
        providers = {
            name: replace(each, pace=self.paces.get(name, each.pace))
            for name, each in PROVIDERS.items()
        }
        self.windows = Windows(
            {name: InMemoryWindow(pace=each.pace) for name, each in providers.items()}
        )
        self.providers = {name: SimulatedProvider(self, name) for name in providers}
        queues, clock = self.queues, lambda: self.now
        self.accept = AcceptJob(
            jobs=self.jobs,
            checks=queues.checks,
            queue=queues.submit,
            providers=providers,
            retention=self.retention,
            new_job_id=lambda at: new_job_id(at, next(self.order).to_bytes(10)),
            now=clock,
        )
        self.submit = SubmitJob(
            jobs=self.jobs,
            queue=queues.submit,
            checks=queues.checks,
            window=self.windows,
            accounts=self.accounts,
            read_together=lambda job_id: self.submit_reads.read(job_id),
            providers=providers,
            clients=self.providers,
            callback_url=lambda provider, job_id: f"https://hooks.example/{provider}/{job_id}",
            link_to=link_to,
            new_attempt_id=lambda: f"{next(self.order):016x}",
            announce=lambda account: None,
            sleep=self.take_time,
            now=clock,
        )
        self.record = RecordVerdict(
            jobs=self.jobs,
            checks=queues.checks,
            archive=queues.archive,
            open_account=OpenAccount(
                accounts=self.accounts, announce=lambda account: None, now=clock
            ),
            now=clock,
        )
        self.check = CheckJobs(
            jobs=self.jobs,
            accounts=self.accounts,
            probe=ProbeAccount(accounts=self.accounts, clients=self.providers, now=clock),
            checks=queues.checks,
            archive=queues.archive,
            queue=queues.submit,
            record=self.record,
            told=self.told,
            told_jobs=lambda job_ids: self.told_jobs.of(job_ids),
            providers=providers,
            clients=self.providers,
            callback_urls=lambda job: [],
            now=clock,
        )
        self.archive = ArchiveImages(
            jobs=self.jobs,
            images=self.bucket,
            queue=queues.archive,
            thumbnails=queues.thumbnails,
            download=self.web,
            providers=providers,
            clients=self.providers,
            retry_delays=ARCHIVE_RETRIES,
            now=clock,
        )
        self.make_thumbnail = MakeThumbnail(
            jobs=self.jobs, images=self.bucket, shrink=lambda content, facts: b"small"
        )
        image = CheckInputImage(images=self.drops, bucket="drops", rules=inputs)
        rules = RowRules(AllowedInRows(), check_image=image, why_no_webhooks=lambda: "")
        report = ReportDrop(
            jobs=self.jobs, drops=self.drops, image_links=lambda key: {"s3": key}, now=clock
        )
        self.take_drop = TakeDrop(
            drops=self.drops,
            progress=self.progress,
            jobs=self.jobs,
            queue=queues.drops,
            summaries=queues.summaries,
            rows=TimedRows(self),
            read_request=rules,
            report=report,
            estimate=estimate,
            accept=self.accept,
            providers=providers,
            client="drop",
            now=clock,
        )
        self.receiver: Answer = hangs
        self.receivers, self.deliveries = InMemoryReceivers(), InMemoryDeliveries()
        self.notify = NotifyClient(
            receivers=self.receivers,
            deliveries=self.deliveries,
            jobs=self.jobs,
            queue=queues,
            send=lambda webhook: Tried(at=self.now, duration=timedelta(0), **self.receiver(1)),
            random=self.random.random,
            now=clock,
        )
        self.request_retry = RequestRetry(jobs=self.jobs, queue=queues.drops, now=clock)
        self.retry_rows = RetryRows(
            jobs=self.jobs,
            queue=queues.drops,
            accept=self.accept,
            providers=providers,
            request_again=rules.again,
            now=clock,
        )
        self.summarize = SummarizeDrop(
            progress=self.progress,
            jobs=self.jobs,
            drops=self.drops,
            queue=queues.summaries,
            report=report,
            client="drop",
            now=clock,
        )

    # ------------------------------------------------------------ what comes from outside

    def post(self, body: Mapping[str, Any], *, after: float = 0) -> None:
        """Let a client post a job."""
        new = NewJob(request=read_request(body), client="studio")
        self.from_outside("AcceptJobFunction", lambda: self.accept(new), after=after)

    def drop(self, key: str, content: bytes, *, after: float = 0) -> Drop:
        """Upload a file; S3 notifies the drop queue."""
        drop = Drop(bucket="drops", key=key, version=f"v{len(self.drops.objects)}")
        self.drops.objects[drop] = (content, {})
        self.later(after, lambda: self.queues.send("DropQueue", lambda: self.take_drop(drop)))
        return drop

    def retry(self, source: str) -> None:
        """Let a client have a file's failed jobs made again."""
        query = {"source": source, "status": "failed"}
        self.from_outside(
            "ChangeJobFunction", lambda: self.request_retry(query, client=self.take_drop.client)
        )

    def from_outside(
        self, function: str, handle: Callable[[], object], *, after: float = 0
    ) -> None:
        """Invoke a function that a request from outside starts: a new chain."""
        self.later(after, lambda: self._invoke(function, {}, handle))

    # ------------------------------------------------------------ time and functions

    def later(self, seconds: float, act: Callable[[], None]) -> None:
        due = self._seconds() + seconds
        heapq.heappush(self.agenda, Event(due, next(self.order), act))

    def take_time(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def run(self, *, most_events: int = 500_000) -> None:
        """Run until no message and no callback is left."""
        for _ in range(most_events):
            if not self.agenda:
                return
            self._run_next()
        raise AssertionError("messages do not end")

    def run_until(self, moment: datetime) -> None:
        while self.agenda and at(self.agenda[0].due) <= moment:
            self._run_next()
        self.now = moment

    def _run_next(self) -> None:
        event = heapq.heappop(self.agenda)
        self.now = at(event.due)
        event.act()

    def receive(
        self,
        queue: str,
        chain: Mapping[str, int],
        handle: Callable[[], object],
        *,
        receives: int = 1,
    ) -> None:
        function, about = LISTENERS[queue], QUEUES[queue]
        if chain.get(function, 0) >= MAX_INVOCATIONS and function not in self.may_recur:
            self.dead_letters[queue] += 1
            return
        try:
            self._invoke(function, chain, handle)
        except (ServiceError, RingbackError):
            if receives == int(about["RedrivePolicy"]["maxReceiveCount"]):
                self.dead_letters[queue] += 1
                return
            again = partial(self.receive, queue, chain, handle, receives=receives + 1)
            self.later(about["VisibilityTimeout"], again)

    def _invoke(
        self, function: str, chain: Mapping[str, int], handle: Callable[[], object]
    ) -> None:
        self.chain = {**chain, function: chain.get(function, 0) + 1}
        self.invocations[function] += 1
        self.longest_chain[function] = max(self.longest_chain[function], self.chain[function])
        began = self.now
        try:
            handle()
        finally:
            self.now, self.chain = began, {}

    def _seconds(self) -> float:
        return (self.now - NOON).total_seconds()

    def time_left(self, function: str) -> Callable[[], float]:
        limit = FUNCTIONS[function]["Timeout"]
        until = self.now + timedelta(seconds=limit)
        return lambda: (until - self.now).total_seconds()

    # ------------------------------------------------------------ figures

    @property
    def statuses(self) -> Counter[JobStatus]:
        return Counter(job.status for job in self.jobs.by_id.values())

    @property
    def ended_after(self) -> timedelta:
        """Return when the last job was final."""
        finished = [job.finished_at for job in self.jobs.by_id.values() if job.finished_at]
        return max(finished, default=NOON) - NOON

    @property
    def figures(self) -> str:
        hops = max(self.longest_chain.values())
        return (
            f"{len(self.jobs.by_id)} jobs, {sum(self.invocations.values())} invocations,"
            f" longest chain {hops}, {sum(self.dead_letters.values())} dead letters,"
            f" last job final after {self.ended_after}"
        )


def count_reads(replay: Replay) -> Counter[str]:
    """Return what counts, from now on, the jobs that are looked up by their ids for reports."""
    read, find = Counter[str](), replay.jobs.find

    def counted(job_ids: Sequence[JobId]) -> Sequence[Job]:
        read["jobs"] += len(job_ids)
        return find(job_ids)

    replay.jobs.find = counted  # type: ignore[method-assign]
    return read


class WithoutResults(InMemoryDrops):
    """Keeps what a summary says of its drop, but not of each job: to parse it takes minutes."""

    def put_summary(
        self,
        drop: Drop,
        summary: Mapping[str, Any],
        results: Iterable[bytes] | None,
        *,
        made_at: datetime,
        before: Settled,
        settled: Settled,
    ) -> None:
        super().put_summary(drop, summary, None, made_at=made_at, before=before, settled=settled)
        self.reported[drop] = settled, b""

    def said_of(self, drop: Drop) -> object:
        """Return what the reports say, to compare it; not when they were made."""
        summary = {**self.summaries.get(drop.key, {})}
        summary.pop("updated_at", None)
        return self.tables.get(drop.key), summary, self.settled(drop)


@dataclass(frozen=True)
class TimedRows:
    """Reading a row takes ``seconds_per_row``."""

    replay: Replay

    @property
    def _rows(self) -> DropRows:
        return DropRows(self.replay.drops)

    def check(self, drop: Drop, facts: DropFacts, progress: Progress) -> Iterator[Progress]:
        return self._rows.check(drop, facts, progress)

    def __call__(self, drop: Drop, facts: DropFacts, progress: Progress) -> Iterator[Row]:
        for row in self._rows(drop, facts, progress):
            self.replay.take_time(self.replay.seconds_per_row)
            yield row

    def prompt_in(self, request: bytes) -> str:
        return self._rows.prompt_in(request)


class Queues:
    """The ports of all queues: each message calls the use case of its queue's function."""

    def __init__(self, replay: Replay) -> None:
        self._replay = replay
        self.submit = self
        self.checks = CheckSender(self._check, self._probe)
        self.archive = Sender(self._archive)
        self.thumbnails = Sender(self._thumbnail)
        self.summaries = Sender(self._summary)
        self.drops = self

    def send(self, queue: str, handle: Callable[[], object], *, delay: float = 0) -> None:
        replay, chain = self._replay, self._replay.chain
        due = min(delay, MAX_DELAY) + replay.random.uniform(0, MAX_LATENESS)
        replay.later(due, lambda: replay.receive(queue, chain, handle))

    def add(self, job_id: JobId, *, delay: int, slot: int | None) -> None:
        replay = self._replay
        self.send(
            "SubmitQueue",
            lambda: replay.submit(
                job_id, slot=slot, seconds_left=replay.time_left("SubmitJobFunction")
            ),
            delay=first_hop(delay),
        )

    def add_answer(self, answered: Answered, *, delay: int) -> None:
        replay = self._replay
        self.send(
            "SubmitQueue",
            lambda: replay.submit.record(
                answered, seconds_left=replay.time_left("SubmitJobFunction")
            ),
            delay=delay,
        )

    def put(self, webhook: Webhook, *, delay: int) -> None:
        self.send("NotifyQueue", lambda: self._replay.notify(webhook), delay=first_hop(delay))

    def go_on(self, drop: Drop, *, delay: int = 0) -> None:
        self.send("DropQueue", lambda: self._replay.take_drop(drop), delay=delay)

    def retry(self, rows: RowsToRetry, *, delay: int = 0) -> None:
        self.send("DropQueue", lambda: self._replay.retry_rows(rows), delay=delay)

    def _check(self, check: Check, *, delay: int) -> None:
        self.send("CheckQueue", lambda: check_one(self._replay.check, check), delay=delay)

    def _probe(self, probe: Probe, *, delay: int) -> None:
        assert delay <= MAX_DELAY
        self.send("CheckQueue", lambda: probe_one(self._replay.check, probe), delay=delay)

    def _archive(self, job_id: JobId, *, attempt: int = 1, delay: int = 0) -> None:
        self.send(
            "ArchiveQueue", lambda: self._replay.archive(job_id, attempt=attempt), delay=delay
        )

    def _thumbnail(self, job_id: JobId, numbers: Sequence[int]) -> None:
        self.send("ThumbnailQueue", lambda: self._replay.make_thumbnail(job_id, numbers))

    def _summary(self, drop: Drop, *, delay: int) -> None:
        self.send("SummaryQueue", lambda: self._replay.summarize(drop), delay=delay)


@dataclass
class Sender:
    add: Callable[..., None]


@dataclass
class CheckSender(Sender):
    add_probe: Callable[..., None]


@dataclass(frozen=True)
class Windows:
    by_provider: Mapping[str, InMemoryWindow]

    def take(
        self,
        provider: str,
        *,
        at: datetime,
        slot: int | None,
        low_priority: LowPriority | None = None,
    ) -> Turn:
        return self.by_provider[provider].take(
            provider, at=at, slot=slot, low_priority=low_priority
        )

    def was_slow(self, provider: str, *, asked_at: datetime, at: datetime) -> None:
        self.by_provider[provider].was_slow(provider, asked_at=asked_at, at=at)

    def pause(self, provider: str, *, at: datetime) -> None:
        self.by_provider[provider].pause(provider, at=at)


@dataclass
class SimulatedProvider:
    """Creates at most as many tasks in a window as its pace allows; may be unreachable."""

    replay: Replay
    name: str
    created: list[datetime] = field(default_factory=list)
    done_at: dict[ProviderTaskId, datetime] = field(default_factory=dict)
    by_job: Counter[JobId] = field(default_factory=Counter)
    too_fast: int = 0

    def prepare(self) -> None:
        if self.name == "chanjing" and self._is_silent:
            raise ProviderUnavailable("no token")

    def probe(self) -> ProbeAnswer:
        if self._is_silent:
            raise ProviderUnavailable("no answer")
        return ProbeAnswer(is_good=True)

    @property
    def _is_silent(self) -> bool:
        return self.replay.silent(self.replay.now)

    def create_task(self, job: Job, callback_url: str) -> Submission:
        now, pace = self.replay.now, self.replay.windows.by_provider[self.name].pace
        if self._is_silent:
            return not_sent(f"{self.name} could not be reached")
        window = timedelta(seconds=pace.seconds)
        if sum(now - at < window for at in self.created[-pace.limit :]) >= pace.limit:
            self.too_fast += 1
            return TaskRefused(code="429", message="slow down", retry_after=10, too_fast=True)
        self.created.append(now)
        self.by_job[job.job_id] += 1
        task_id = ProviderTaskId(f"{self.name}_{len(self.created)}")
        seconds = self.replay.task_seconds(self.replay.random)
        self.done_at[task_id] = now + timedelta(seconds=seconds)
        if PROVIDERS[self.name].calls_back and self.replay.calls_back:
            self._call_back_later(job.job_id, task_id, seconds)
        return TaskCreated(task_id=task_id)

    def _call_back_later(self, job_id: JobId, task_id: ProviderTaskId, seconds: float) -> None:
        """Call back, unless the provider is silent then: that callback is lost."""

        def call() -> None:
            if not self._is_silent:
                self.replay.from_outside(
                    "ReceiveCallbackFunction",
                    lambda: self.replay.record(job_id, self._report(task_id)),
                )

        self.replay.later(seconds, call)

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        if self._is_silent:
            raise ProviderUnavailable("no answer")
        return {task_id: self._report(task_id) for task_id in task_ids}

    def _report(self, task_id: ProviderTaskId) -> TaskReport:
        if self.replay.now < self.done_at[task_id]:
            return TaskReport(task_id=task_id, state=TaskState.RUNNING)
        url = f"https://cdn.example/{task_id}.png"
        self.replay.web.pages[url] = (PICTURE, facts_of(PICTURE))
        return TaskReport(task_id=task_id, state=TaskState.SUCCEEDED, image_urls=(url,))

    def fresh_links(self, job: Job, number: int) -> list[str]:
        return []
