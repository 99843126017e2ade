"""Runs whole jobs in memory, with a fault injected at any outside effect (see ``effects.py``).

Time advances from event to event: messages come due, and are redelivered if they were not
acknowledged; the provider makes its images and calls back, and calls again if it gets no response.
"""

import heapq
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache, partial
from typing import Any, Final

from ringback.domain.accounts import Account, PauseReason, Probe, ProbeAnswer
from ringback.domain.changes import JobChange
from ringback.domain.checks import Check
from ringback.domain.errors import JobDeleted, LinkDead, NotAnImage, RingbackError, TryAgain
from ringback.domain.images import Remains
from ringback.domain.jobs import FINAL, Job, JobId, JobStatus, ProviderTaskId
from ringback.domain.verdicts import (
    Answered,
    OutcomeUnknown,
    Submission,
    TaskCreated,
    TaskRefused,
    TaskReport,
    TaskState,
)
from ringback.use_cases.accept_callback import AcceptCallback, CallbackRequest
from ringback.use_cases.accept_job import AcceptJob, NewJob
from ringback.use_cases.archive_images import ArchiveImages
from ringback.use_cases.check_jobs import CheckJobs, HandedBack
from ringback.use_cases.delete_job import DeleteJob, RequestDeletion
from ringback.use_cases.deliveries import ReceiverUrls
from ringback.use_cases.make_events import MakeEvents
from ringback.use_cases.make_thumbnail import MakeThumbnail
from ringback.use_cases.open_account import OpenAccount
from ringback.use_cases.ports import CallbackReport
from ringback.use_cases.probe_account import ProbeAccount
from ringback.use_cases.publish_events import PublishEvents
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.resume_account import ResumeAccount
from ringback.use_cases.submit_job import SubmitJob

from tests.support.checks import check_one, probe_one
from tests.support.deletions import InMemoryDeletions
from tests.support.effects import Crash, Effects, ServiceError
from tests.support.harness import link_to
from tests.support.in_memory import (
    InMemoryAccounts,
    InMemoryBucket,
    InMemoryBus,
    InMemoryJobs,
    InMemoryNotifications,
    InMemoryTold,
    InMemoryWeb,
    InMemoryWindow,
    a_provider,
    reading_both,
)
from tests.support.jobs import NOON, a_job_id, a_request, facts_of
from tests.support.lambdas import function_properties
from tests.support.streams import NoConnections, Stream, Streamed
from tests.support.template import load_template, resources
from tests.support.webhooks import InMemoryWebhookClients

CALLBACK_RETRIES: Final = (timedelta(seconds=20), timedelta(minutes=1), timedelta(minutes=3))
# A client without a response repeats its request: first its SDK does, then a person.
CLIENT_RETRIES: Final = (
    *(timedelta(seconds=2), timedelta(seconds=2), timedelta(seconds=2)),
    *(timedelta(minutes=1), timedelta(minutes=10), timedelta(hours=2)),
)
ARCHIVE_RETRIES: Final = tuple(
    map(int, load_template()["Parameters"]["ArchiveRetrySeconds"]["Default"].split(","))
)
# How long one request to a provider takes at most (providers/api_calls.py).
PROVIDER_LIMIT: Final = timedelta(seconds=20)
# The time that a slow call leaves to the function.
LEFT_AFTER_SLOW: Final = timedelta(seconds=2)
# Lambda's own pause before it comes back with records that failed.
STREAM_RETRY: Final = timedelta(seconds=5)
HTTP_CALLS: Final = frozenset({"create_task", "read_tasks", "fresh_links", "probe"})
# Between the times at which a client looks whether it can delete its job.
DELETES_AFTER: Final = timedelta(seconds=100)
# The function behind each kind of event, and its queue.
FUNCTIONS: Final = {
    "post": "accept_job",
    "call": "receive_callback",
    "submit": "submit_job",
    "answer": "submit_job",
    "check": "check_jobs",
    "archive": "archive_images",
    "thumbnail": "make_thumbnails",
    "stream": "publish_events",
    "ask": "change_job",
    "delete": "delete_jobs",
}
QUEUES: Final = {
    "submit": "SubmitQueue",
    "answer": "SubmitQueue",
    "check": "CheckQueue",
    "archive": "ArchiveQueue",
    "thumbnail": "ThumbnailQueue",
    "delete": "DeleteQueue",
}


@cache
def time_limit(name: str) -> timedelta:
    return timedelta(seconds=function_properties(FUNCTIONS[name])["Timeout"])


@cache
def visibility(name: str) -> timedelta:
    return timedelta(seconds=resources("AWS::SQS::Queue")[QUEUES[name]]["VisibilityTimeout"])


@cache
def max_receives(name: str) -> int:
    policy = resources("AWS::SQS::Queue")[QUEUES[name]]["RedrivePolicy"]
    return int(policy["maxReceiveCount"])


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What the provider does, and what the client sends.

    ``answers``: the responses to createTask in order: ``created``, ``busy``, ``broke`` (the account
    has no credits), ``refused``, ``lost`` (created, but the response was lost) or ``nothing`` (not
    created, and no response).
    ``probes``: whether the account looks good, each time it is asked for; after these it does.
    ``calls``: the callback ``seconds`` after createTask, when the task ends: ``signed``,
    ``unsigned``, ``none``, ``twice`` or ``early`` (before the response to createTask); ``never`` is
    a provider without callbacks.
    ``deletes``: the client deletes the job once it has ended. It asks again if that failed, but not
    if no answer came.
    """

    answers: tuple[str, ...] = ("created",)
    calls: str = "signed"
    seconds: int = 30
    succeeds: bool = True
    images: int = 2
    dead_links: bool = False
    lost_images: int = 0
    pages: int = 0
    has_key: bool = True
    probes: tuple[bool, ...] = ()
    deletes: bool = False

    @property
    def is_incomplete(self) -> bool:
        """Whether an image cannot be copied: it is gone, or there is a page instead."""
        return bool(self.lost_images or self.pages)


@dataclass
class Provider:
    """Makes images, and records which tasks were created and paid for which job.

    ``scenario`` applies to new jobs; a known job keeps the scenario it started with.
    """

    scenario: Scenario
    call: Callable[[JobId, ProviderTaskId], None]
    web: InMemoryWeb
    now: Callable[[], datetime]
    made_at: dict[ProviderTaskId, datetime] = field(default_factory=dict)
    made: dict[ProviderTaskId, tuple[JobId, str]] = field(default_factory=dict)
    known: dict[JobId, Scenario] = field(default_factory=dict)
    answered: dict[JobId, list[str]] = field(default_factory=dict)
    reads: int = 0
    probes: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.probes.extend(self.scenario.probes)

    def prepare(self) -> None: ...

    def probe(self) -> ProbeAnswer:
        return ProbeAnswer(is_good=self.probes.pop(0) if self.probes else True)

    def create_task(self, job: Job, callback_url: str) -> Submission:
        scenario = self.known.setdefault(job.job_id, self.scenario)
        given = self.answered.setdefault(job.job_id, [])
        answer = scenario.answers[min(len(given), len(scenario.answers) - 1)]
        given.append(answer)
        if answer == "busy":
            return TaskRefused(code="429", message="slow down", retry_after=10, too_fast=True)
        if answer == "broke":
            return TaskRefused(code="402", message="no", account=PauseReason.NO_CREDITS)
        if answer == "refused":
            return TaskRefused(code="422", message="no")
        if answer == "nothing":
            return OutcomeUnknown(reason="ConnectionReset")
        task_id = ProviderTaskId(f"task_{len(self.made) + 1}")
        self.made[task_id] = (job.job_id, callback_url)
        self.made_at[task_id] = self.now()
        if scenario.calls not in ("none", "never"):
            self.call(job.job_id, task_id)
        return TaskCreated(task_id=task_id) if answer == "created" else OutcomeUnknown(reason="500")

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        found = {task_id: self._read_task(task_id) for task_id in task_ids}
        return {task_id: report for task_id, report in found.items() if report}

    def _read_task(self, task_id: ProviderTaskId) -> TaskReport | None:
        self.reads += 1
        if task_id not in self.made:
            return None
        scenario = self.known[self.made[task_id][0]]
        takes = timedelta(seconds=scenario.seconds)
        if scenario.calls == "never" and self.now() < self.made_at[task_id] + takes:
            return TaskReport(task_id=task_id, state=TaskState.RUNNING)
        return self.report(task_id)

    def report(self, task_id: ProviderTaskId) -> TaskReport:
        job_id, callback_url = self.made[task_id]
        if not self.known[job_id].succeeds:
            return TaskReport(
                task_id=task_id,
                state=TaskState.FAILED,
                code="500",
                message="no luck",
                callback_url=callback_url,
            )
        return TaskReport(
            task_id=task_id,
            state=TaskState.SUCCEEDED,
            image_urls=tuple(self.publish(task_id, n) for n in range(self.known[job_id].images)),
            callback_url=callback_url,
        )

    def publish(self, task_id: ProviderTaskId, number: int) -> str:
        url = f"https://cdn.example/{task_id}/{number}"
        content = picture(url)
        scenario = self.known[self.made[task_id][0]]
        if number >= scenario.images - scenario.lost_images:
            self.web.pages[url] = LinkDead("404")
        elif number < scenario.pages:
            remains = Remains(bytes=len(content), sha256=facts_of(content).sha256)
            self.web.pages[url] = (content, NotAnImage(PAGE, remains))
        elif scenario.dead_links:
            self.web.pages[url] = LinkDead("404")
            self.web.pages[f"{url}?fresh"] = (content, facts_of(content))
        else:
            self.web.pages[url] = (content, facts_of(content))
        return url

    def fresh_links(self, job: Job, number: int) -> list[str]:
        return [f"{job.result_urls[number - 1]}?fresh"]


# Why bytes that are no image are not copied.
PAGE: Final = "a page"


def picture(url: str) -> bytes:
    return b"picture at " + url.encode()


@dataclass(order=True)
class ScheduledEvent:
    due: datetime
    order: int
    act: Callable[[], None] = field(compare=False)
    name: str = field(compare=False, default="")


@dataclass
class World:
    """The surroundings of jobs. After :meth:`run`, inspect the stores and the dead letters.

    ``acknowledged`` are the jobs that their client was told of with 202, ``missed_callbacks`` those
    whose callback was not accepted in any of the provider's calls, ``to_be_gone`` those whose
    client was told that they are being deleted, ``states`` those that jobs have been in, as the ids
    of their events. ``receives`` tells how often the message at hand has been delivered, each
    ``delivered_before`` times more than here.
    """

    scenario: Scenario
    effects: Effects
    jobs: Any = field(default_factory=InMemoryJobs)
    bucket: Any = field(default_factory=InMemoryBucket)
    web: InMemoryWeb = field(default_factory=InMemoryWeb)
    window: Any = field(default_factory=InMemoryWindow)
    accounts: Any = field(default_factory=InMemoryAccounts)
    told: Any = field(default_factory=InMemoryTold)
    bus: InMemoryBus = field(default_factory=InMemoryBus)
    stream: Stream[JobChange] = field(default_factory=Stream)
    states: set[str] = field(default_factory=set)
    announced: list[Account] = field(default_factory=list)
    now: datetime = NOON
    schedule: list[ScheduledEvent] = field(default_factory=list)
    dead_letters: list[str] = field(default_factory=list)
    answered: list[JobId] = field(default_factory=list)
    acknowledged: set[JobId] = field(default_factory=set)
    to_be_gone: set[JobId] = field(default_factory=set)
    missed_callbacks: set[JobId] = field(default_factory=set)
    limits: list[datetime] = field(default_factory=list)
    delivered_before: int = 0
    receives: int = 0
    made: Iterator[int] = field(default_factory=itertools.count)
    order: Iterator[int] = field(default_factory=itertools.count)
    attempts: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        self.provider = Provider(
            self.scenario, self._provider_calls, self.web, now=lambda: self.now
        )
        self.effects.now, self.effects.wait = lambda: self.now, self.wait
        watch = self.effects.watch
        jobs = watch(Streamed(self.jobs, self.note_change))
        archive, told = watch(ArchiveSender(self)), watch(self.told)
        self.watched_jobs, self.checks = jobs, watch(CheckSender(self))
        checks, clients = self.checks, {"kie": self.effects.watch_http(self.provider)}
        providers = {"kie": a_provider(calls_back=self.scenario.calls != "never")}
        queue = watch(SubmitSender(self), error=TryAgain)
        accounts = watch(self.accounts)
        self.resume = ResumeAccount(
            accounts=accounts, queue=queue, providers=["kie"], now=lambda: self.now
        )
        self.accept = AcceptJob(
            jobs=jobs,
            checks=checks,
            queue=queue,
            providers=providers,
            retention=timedelta(days=21),
            new_job_id=lambda now: a_job_id(next(self.made)),
            now=lambda: self.now,
        )
        self.submit = SubmitJob(
            jobs=jobs,
            read_together=reading_both(jobs, accounts),
            queue=queue,
            checks=checks,
            window=watch(self.window),
            accounts=accounts,
            providers=providers,
            clients=clients,
            callback_url=callback_url,
            link_to=link_to,
            new_attempt_id=lambda: f"{next(self.attempts):016x}",
            announce=self.announced.append,
            sleep=self.sleep,
            now=lambda: self.now,
        )
        record = RecordVerdict(
            jobs=jobs,
            checks=checks,
            archive=archive,
            open_account=OpenAccount(
                accounts=accounts, announce=self.announced.append, now=lambda: self.now
            ),
            now=lambda: self.now,
        )
        self.accept_callback = AcceptCallback(
            is_genuine=lambda provider, job_id, token: True,
            readers={"kie": self},
            checks=checks,
            record=record,
            now=lambda: self.now,
        )
        self.check = CheckJobs(
            jobs=jobs,
            accounts=accounts,
            probe=ProbeAccount(accounts=accounts, clients=clients, now=lambda: self.now),
            checks=checks,
            archive=archive,
            queue=queue,
            record=record,
            told=told,
            providers=providers,
            clients=clients,
            callback_urls=lambda job: [callback_url(job.request.provider, job.job_id)],
            now=lambda: self.now,
        )
        self.publish = PublishEvents(
            make=MakeEvents(
                source="/ringback/test", show_job=lambda job: {}, show_account=lambda account: {}
            ),
            bus=watch(self.bus),
            receivers=ReceiverUrls(clients=InMemoryWebhookClients()),
            notifications=InMemoryNotifications(),
            connections=NoConnections(),
            told=told,
            unsent=list[Exception]().append,
        )
        self.archive = ArchiveImages(
            jobs=jobs,
            images=watch(self.bucket),
            queue=archive,
            thumbnails=watch(ThumbnailSender(self)),
            download=self.effects.watch_http(self.web),
            providers=providers,
            clients=clients,
            retry_delays=ARCHIVE_RETRIES,
            now=lambda: self.now,
        )

        deletions = watch(Streamed(InMemoryDeletions(self.jobs), self.note_change))
        self.request_deletion = RequestDeletion(
            deletions=deletions,
            queue=watch(DeleteSender(self), error=TryAgain),
            now=lambda: self.now,
        )
        self.delete = DeleteJob(
            jobs=jobs,
            objects=watch(self.bucket),
            deletions=deletions,
            told=told,
            now=lambda: self.now,
        )
        self.make_thumbnail = MakeThumbnail(
            jobs=jobs, images=watch(self.bucket), shrink=lambda content, facts: b"small"
        )

    def note_change(self, change: JobChange) -> None:
        """Put a change into the stream, unless it is of those that only connections see."""
        job = change.new
        self.states.add(f"{job.job_id}:{job.status}:{job.changes}")
        if change.is_end:
            self.stream.records.append(change)
            self.later(timedelta(0), "stream", self.read_stream)

    def read_stream(self) -> None:
        try:
            with self.running("stream"):
                # A crash after the last mark is one before Lambda has moved on.
                self.stream.read(self.publish)
        except (Crash, ServiceError, RingbackError):
            self.later(STREAM_RETRY, "stream", self.read_stream)

    def sleep(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def time_for(self, name: str) -> Callable[[], float]:
        """Return the clock of a function that is started now."""
        until = self.now + time_limit(name)
        return lambda: (until - self.now).total_seconds()

    def run(self) -> None:
        """Post a job, then run all events until none is left."""
        self.begin()
        self.run_until_idle()

    def begin(self) -> None:
        self.later(timedelta(0), "post", lambda: self.client_posts(CLIENT_RETRIES))
        if self.scenario.deletes:
            self.later(DELETES_AFTER, "ask", self.client_deletes)

    def run_until_idle(self) -> None:
        for _ in range(20_000):
            if not self.schedule:
                return
            self.run_event(heapq.heappop(self.schedule))
        raise AssertionError("events do not end")

    def run_until(self, moment: datetime) -> None:
        while self.schedule and self.schedule[0].due <= moment:
            self.run_event(heapq.heappop(self.schedule))
        self.now = max(self.now, moment)

    def run_event(self, event: ScheduledEvent) -> None:
        self.now = max(self.now, event.due)
        event.act()

    def later(self, delay: timedelta, name: str, act: Callable[[], None]) -> None:
        event = ScheduledEvent(self.now + delay, next(self.order), act, name)
        heapq.heappush(self.schedule, event)

    def wait(self, name: str) -> None:
        """Use up nearly all of the running function's time, and run what comes due meanwhile."""
        until = self.limits[-1] - LEFT_AFTER_SLOW if self.limits else self.now + PROVIDER_LIMIT
        if name in HTTP_CALLS:
            until = min(until, self.now + PROVIDER_LIMIT)
        self.run_until(until)

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        self.limits.append(self.now + time_limit(name))
        try:
            yield
        finally:
            self.limits.pop()

    def client_posts(self, retries: tuple[timedelta, ...]) -> None:
        key = "key" if self.scenario.has_key else None
        try:
            with self.running("post"):
                new = NewJob(request=a_request(), client="studio", idempotency_key=key)
                job = self.accept(new)
                self.effects("answer the client", lambda: self._answer(job))
        except JobDeleted as deleted:
            self.answered.append(JobId(str(deleted)))
        except (Crash, ServiceError, RingbackError):
            # A repeated request is safe only with a key, so only then does the client repeat it.
            if self.scenario.has_key and retries:
                self.later(retries[0], "post", lambda: self.client_posts(retries[1:]))

    def client_deletes(self, retries: tuple[timedelta, ...] = CLIENT_RETRIES) -> None:
        """Delete the job once it has ended."""
        job = next(iter(self.jobs.newest("studio", limit=1, before=None)), None)
        if job is None or job.status not in FINAL:
            if self.now < NOON + timedelta(days=3):
                self.later(DELETES_AFTER, "ask", self.client_deletes)
            return
        with suppress(Crash):
            try:
                self.ask_to_delete(job)
            except (ServiceError, RingbackError):
                if retries:
                    again = partial(self.client_deletes, retries[1:])
                    self.later(retries[0], "ask", again)

    def ask_to_delete(self, job: Job) -> None:
        with self.running("ask"):
            self.request_deletion(job)
            self.effects("answer the deletion", lambda: self.to_be_gone.add(job.job_id))

    def _answer(self, job: Job) -> None:
        self.answered.append(job.job_id)
        if job.status is not JobStatus.FAILED:
            self.acknowledged.add(job.job_id)

    def _provider_calls(self, job_id: JobId, task_id: ProviderTaskId) -> None:
        body, scenario = task_id.encode(), self.provider.known[job_id]
        call = partial(self.provider_calls_back, job_id, body, again=CALLBACK_RETRIES)
        if scenario.calls == "early":
            call()
            return
        for _ in range(2 if scenario.calls == "twice" else 1):
            self.later(timedelta(seconds=scenario.seconds), "call", call)

    def provider_calls_back(
        self, job_id: JobId, body: bytes, *, again: tuple[timedelta, ...]
    ) -> None:
        call = CallbackRequest(provider="kie", job_id=job_id, token="t", headers={}, body=body)
        try:
            with self.running("call"):
                self.accept_callback(call)
                self.effects("answer the provider", lambda: None)
        except (Crash, ServiceError, RingbackError):
            if again:
                retry = partial(self.provider_calls_back, job_id, body, again=again[1:])
                self.later(again[0], "call", retry)
            else:
                self.missed_callbacks.add(job_id)

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        """Act as the callback reader: the body is the task's id."""
        task_id = ProviderTaskId(body.decode())
        job_id, _ = self.provider.made[task_id]
        proven = self.provider.known[job_id].calls != "unsigned"
        return CallbackReport(report=self.provider.report(task_id), proven=proven)

    def deliver(self, name: str, handle: Callable[[], object], *, delay: int) -> None:
        """Send a message to a queue that calls ``handle`` for it."""
        receive = partial(self._receive, name, handle, receives=1)
        self.later(timedelta(seconds=delay), name, receive)

    def _receive(self, name: str, handle: Callable[[], object], *, receives: int) -> None:
        try:
            with self.running(name):
                self.receives = self.delivered_before + receives
                handle()
                self.effects(f"acknowledge {name}", lambda: None)
        except (Crash, ServiceError, RingbackError, HandedBack):
            if receives == max_receives(name):
                self.dead_letters.append(name)
            else:
                again = partial(self._receive, name, handle, receives=receives + 1)
                self.later(visibility(name), name, again)


def callback_url(provider: str, job_id: JobId) -> str:
    return f"https://hooks.example/{provider}/{job_id}"


@dataclass
class SubmitSender:
    world: World

    def add(self, job_id: JobId, *, delay: int, slot: int | None) -> None:
        self.world.deliver(
            "submit",
            lambda: self.world.submit(
                job_id, slot=slot, seconds_left=self.world.time_for("submit")
            ),
            delay=delay,
        )

    def nudge(self, job_id: JobId) -> None:
        self.world.deliver(
            "submit",
            lambda: self.world.submit(
                job_id, slot=None, seconds_left=self.world.time_for("submit"), is_nudge=True
            ),
            delay=0,
        )

    def add_answer(self, answered: Answered, *, delay: int) -> None:
        self.world.deliver(
            "answer",
            lambda: self.world.submit.record(answered, seconds_left=self.world.time_for("submit")),
            delay=delay,
        )


@dataclass
class CheckSender:
    world: World

    def add(self, check: Check, *, delay: int) -> None:
        self.world.deliver(
            "check", lambda: check_one(self.world.check, check), delay=min(delay, 900)
        )

    def add_probe(self, probe: Probe, *, delay: int) -> None:
        assert delay <= 900
        self.world.deliver("check", lambda: probe_one(self.world.check, probe), delay=delay)


@dataclass
class ArchiveSender:
    world: World

    def add(self, job_id: JobId, *, attempt: int = 1, delay: int = 0) -> None:
        self.world.deliver(
            "archive",
            lambda: self.world.archive(job_id, attempt=attempt, receives=self.world.receives),
            delay=delay,
        )


@dataclass
class DeleteSender:
    world: World

    def add(self, job_id: JobId, *, delay: int) -> None:
        self.world.deliver("delete", lambda: self.world.delete(job_id), delay=delay)


@dataclass
class ThumbnailSender:
    world: World

    def add(self, job_id: JobId, numbers: Sequence[int]) -> None:
        make = partial(self.world.make_thumbnail, job_id, numbers)
        self.world.deliver("thumbnail", make, delay=0)
