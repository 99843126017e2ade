"""Every order of events ends in the state that follows from the ground truth.

All sequences of up to five of seven events are applied, and then the remaining events: the response
to createTask, the provider's last callback, the checks, the copying. The result of an event depends
on the state only, so each event is applied once per state.

The ground truth consists of:

- the provider's final record of the task, which it has from its first callback or the deadline on;
- whether the response to createTask arrives. After the deadline it never does, because the function
  would have been stopped. Earlier events find the call still in progress;
- the provider's last callback: signed, unsigned or none;
- for contradictory callbacks, the success if the record confirms it; for a callback that
  contradicts the record, the first report.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import product
from operator import attrgetter
from typing import Any, Final, NamedTuple

import pytest
from ringback.domain.accounts import Probe, ProbeAnswer
from ringback.domain.checks import Check
from ringback.domain.errors import SignatureRejected, UnknownJob
from ringback.domain.jobs import Job, JobId, JobStatus, ProviderTaskId
from ringback.domain.verdicts import (
    OutcomeUnknown,
    Submission,
    TaskCreated,
    TaskReport,
    TaskState,
)
from ringback.use_cases.accept_callback import AcceptCallback, CallbackRequest
from ringback.use_cases.accept_job import AcceptJob, NewJob
from ringback.use_cases.archive_images import ArchiveImages
from ringback.use_cases.check_jobs import CheckJobs
from ringback.use_cases.open_account import OpenAccount
from ringback.use_cases.ports import CallbackReport, Write
from ringback.use_cases.probe_account import ProbeAccount
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.submit_job import SubmitJob

from tests.support.checks import check_one
from tests.support.harness import link_to
from tests.support.in_memory import (
    AllTold,
    InMemoryAccounts,
    InMemoryBucket,
    InMemoryJobs,
    InMemoryQueues,
    InMemorySubmitQueue,
    InMemoryThumbnailQueue,
    InMemoryWeb,
    InMemoryWindow,
    a_provider,
    reading_both,
)
from tests.support.jobs import NOON, TASK, a_job_id, a_report, a_request, facts_of

pytestmark = pytest.mark.usefixtures("copies_in_memory")

MAX_EVENTS: Final = 5
DEADLINE: Final = timedelta(minutes=15)
OURS: Final = a_job_id()
OTHER_TASK: Final = ProviderTaskId("task_of_another_job")
PICTURE: Final = b"the picture"
LINK: Final = "https://cdn.example/1.png"


class Event(Enum):
    SIGNED_SUCCESS = "signed success"
    SIGNED_FAIL = "signed fail"
    UNSIGNED_SUCCESS = "unsigned success"
    FORGED = "forged"
    CHECK_DUE = "check due"
    ANSWER = "createTask's answer"
    DEADLINE = "deadline"


CALLS: Final = (Event.SIGNED_SUCCESS, Event.SIGNED_FAIL, Event.UNSIGNED_SUCCESS)
OPEN: Final = (JobStatus.SUBMITTING, JobStatus.RUNNING)
MADE: Final = (JobStatus.ARCHIVING, JobStatus.SUCCEEDED)


class Truth(NamedTuple):
    """``copies_at_once``: images are copied after each event, or only at the end."""

    succeeds: bool
    is_answered: bool
    calls: str
    copies_at_once: bool


BOTH: Final = (True, False)
TRUTHS: Final = [
    Truth(succeeds=succeeds, is_answered=is_answered, calls=calls, copies_at_once=copies_at_once)
    for succeeds, is_answered, calls, copies_at_once in product(
        BOTH, BOTH, ("signed", "unsigned", "none"), BOTH
    )
]


def a_call_of(event: Event) -> TaskReport:
    if event is Event.SIGNED_FAIL:
        return a_report(TaskState.FAILED, callback_url=url_of("kie", OURS))
    return a_report(image_urls=(LINK,), callback_url=url_of("kie", OURS))


def url_of(provider: str, job_id: JobId) -> str:
    return f"https://hooks.example/{provider}/{job_id}"


FACTS: Final = attrgetter(*(one.name for one in fields(Job) if one.name != "request"))


@dataclass(frozen=True)
class State:
    """Everything that an event may depend on. ``history``: the job's states, oldest first."""

    job: Job
    history: tuple[JobStatus, ...]
    checks: tuple[Check, ...]
    copies: tuple[JobId, ...]
    bucket: tuple[tuple[str, bytes], ...]
    records: int
    asked: int
    in_progress: bool
    is_settled: bool
    now: datetime

    @property
    def key(self) -> tuple[Any, ...]:
        mine = (getattr(self, one.name) for one in fields(self) if one.name != "job")
        return (FACTS(self.job), *mine)


class CallInProgress(BaseException):
    """createTask was called and has not responded yet: the function gets no further."""


@dataclass
class Provider:
    """Responds to createTask only once ``answer`` is set."""

    truth: Truth
    answer: Submission | None = None
    asked: int = 0
    is_settled: bool = False

    def prepare(self) -> None: ...

    def probe(self) -> ProbeAnswer:
        raise NotImplementedError

    def create_task(self, job: Job, callback_url: str) -> Submission:
        if self.answer is None:
            self.asked += 1
            raise CallInProgress
        return self.answer

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        found = {task_id: self._read_task(task_id) for task_id in task_ids}
        return {task_id: report for task_id, report in found.items() if report}

    def _read_task(self, task_id: ProviderTaskId) -> TaskReport | None:
        if task_id == OTHER_TASK:
            theirs = url_of("kie", a_job_id(9))
            urls = ("https://cdn.example/9",)
            return a_report(task_id=OTHER_TASK, image_urls=urls, callback_url=theirs)
        if not self.is_settled:
            return a_report(TaskState.RUNNING, callback_url=url_of("kie", OURS))
        return a_call_of(Event.SIGNED_SUCCESS if self.truth.succeeds else Event.SIGNED_FAIL)

    def fresh_links(self, job: Job, number: int) -> list[str]:
        raise NotImplementedError


@dataclass
class StoreOfWaitingCall:
    """The store as seen by a function that wrote ``submitting`` and is still waiting."""

    jobs: InMemoryJobs
    begun: Job

    def get(self, job_id: JobId) -> Job:
        return replace(self.begun, status=JobStatus.ACCEPTED)

    def move(self, job_id: JobId, *, to: JobStatus, **rest: Any) -> Write:
        if to is JobStatus.SUBMITTING:
            return Write(self.begun, done=True)
        return self.jobs.move(job_id, to=to, **rest)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.jobs, name)


@dataclass
class CheckMessages:
    sent: list[Check] = field(default_factory=list)

    def add(self, check: Check, *, delay: int) -> None:
        self.sent.append(check)

    def add_probe(self, probe: Probe, *, delay: int) -> None:
        raise NotImplementedError


@dataclass
class ArchiveMessages:
    sent: list[JobId] = field(default_factory=list)

    def add(self, job_id: JobId, *, attempt: int = 1, delay: int = 0) -> None:
        self.sent.append(job_id)


class Harness:
    """The use cases with in-memory ports, whose state can be read and set."""

    def __init__(self, truth: Truth) -> None:
        self.truth, self.provider = truth, Provider(truth)
        self.jobs, self.checks, self.copies = InMemoryJobs(), CheckMessages(), ArchiveMessages()
        self.bucket, self.now = InMemoryBucket(), NOON
        self.history: list[JobStatus] = []
        web = InMemoryWeb({LINK: (PICTURE, facts_of(PICTURE))})
        ports: dict[str, Any] = {
            "providers": {"kie": a_provider(deadline=DEADLINE)},
            "clients": {"kie": self.provider},
            "now": lambda: self.now,
        }
        submissions, accounts = InMemorySubmitQueue(InMemoryQueues()), InMemoryAccounts()
        self.submit = SubmitJob(
            jobs=self.jobs,
            read_together=reading_both(self.jobs, accounts),
            queue=submissions,
            checks=self.checks,
            window=InMemoryWindow(),
            accounts=accounts,
            callback_url=url_of,
            link_to=link_to,
            new_attempt_id=lambda: "0123456789abcdef",
            announce=lambda account: None,
            sleep=lambda seconds: None,
            **ports,
        )
        record = RecordVerdict(
            jobs=self.jobs,
            checks=self.checks,
            archive=self.copies,
            open_account=OpenAccount(
                accounts=accounts, announce=lambda account: None, now=ports["now"]
            ),
            now=ports["now"],
        )
        self.accept_callback = AcceptCallback(
            is_genuine=lambda provider, job_id, token: token == "good",
            readers={"kie": self},
            checks=self.checks,
            record=record,
            now=ports["now"],
        )
        self.check = CheckJobs(
            jobs=self.jobs,
            accounts=accounts,
            probe=ProbeAccount(accounts=accounts, clients=ports["clients"], now=ports["now"]),
            checks=self.checks,
            archive=self.copies,
            queue=submissions,
            record=record,
            told=AllTold(),
            callback_urls=lambda job: [url_of(job.request.provider, job.job_id)],
            **ports,
        )
        self.archive = ArchiveImages(
            jobs=self.jobs,
            images=self.bucket,
            queue=self.copies,
            thumbnails=InMemoryThumbnailQueue(InMemoryQueues()),
            download=web,
            retry_delays=(),
            **ports,
        )
        accept = AcceptJob(
            jobs=self.jobs,
            checks=self.checks,
            queue=submissions,
            providers=ports["providers"],
            retention=timedelta(days=1),
            new_job_id=lambda now: OURS,
            now=ports["now"],
        )
        accept(NewJob(request=a_request(), client="studio", idempotency_key="key"))
        with pytest.raises(CallInProgress):
            self.submit(OURS, slot=None, seconds_left=lambda: 60)
        self.begun, self.in_progress = self.jobs.get(OURS), True

    @property
    def state(self) -> State:
        self.note()
        return State(
            job=self.jobs.get(OURS),
            history=tuple(self.history),
            checks=tuple(self.checks.sent),
            copies=tuple(self.copies.sent),
            bucket=tuple(self.bucket.objects.items()),
            records=len(self.bucket.records),
            asked=self.provider.asked,
            in_progress=self.in_progress,
            is_settled=self.provider.is_settled,
            now=self.now,
        )

    @state.setter
    def state(self, state: State) -> None:
        self.jobs.by_id = {OURS: state.job}
        self.history = list(state.history)
        self.checks.sent, self.copies.sent = list(state.checks), list(state.copies)
        self.bucket.objects = dict(state.bucket)
        self.bucket.records = {OURS: {}} if state.records else {}
        self.provider.asked, self.provider.is_settled = state.asked, state.is_settled
        self.in_progress, self.now = state.in_progress, state.now

    def note(self) -> None:
        status = self.jobs.get(OURS).status
        if self.history[-1:] != [status]:
            self.history.append(status)

    def apply(self, event: Event) -> None:
        if event in CALLS:
            self.provider.is_settled = True
            self.call(event.value)
        elif event is Event.FORGED:
            self.forge()
        elif event is Event.CHECK_DUE:
            self.deliver_checks()
        elif event is Event.ANSWER:
            self.answer()
        else:
            # The first time this is past the deadline, then past the grace period.
            self.now = max(self.now, NOON) + DEADLINE
            self.provider.is_settled, self.in_progress = True, False
        self.note()
        if self.truth.copies_at_once:
            self.copy()

    def call(self, body: str, *, token: str = "good") -> None:  # noqa: S107
        call = CallbackRequest(
            provider="kie", job_id=OURS, token=token, headers={}, body=body.encode()
        )
        self.accept_callback(call)

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        """Act as the callback reader: the body is the event's name."""
        if body == b"invalid signature":
            raise SignatureRejected("no signature matches")
        if body == b"unsigned, another's":
            return CallbackReport(report=a_report(task_id=OTHER_TASK), proven=False)
        event = Event(body.decode())
        return CallbackReport(report=a_call_of(event), proven=event is not Event.UNSIGNED_SUCCESS)

    def forge(self) -> None:
        with pytest.raises(UnknownJob):
            self.call(Event.SIGNED_FAIL.value, token="guessed")
        with pytest.raises(SignatureRejected):
            self.call("invalid signature")
        self.call("unsigned, another's")

    def deliver_checks(self) -> None:
        # Without a message, SQS may still deliver an old one again.
        due, self.checks.sent = self.checks.sent or [Check(job_id=OURS)], []
        for check in due:
            check_one(self.check, check)
            self.note()

    def answer(self) -> None:
        """Let createTask respond; after that, deliver the submit message again."""
        if not self.in_progress:
            self.submit(OURS, slot=None, seconds_left=lambda: 60)
            return
        self.in_progress = False
        answer = (
            TaskCreated(task_id=TASK) if self.truth.is_answered else OutcomeUnknown(reason="500")
        )
        self.provider.answer = answer
        store = StoreOfWaitingCall(self.jobs, self.begun)
        read_together = reading_both(store, self.submit.accounts)
        waiting = replace(self.submit, jobs=store, read_together=read_together)
        waiting(OURS, slot=None, seconds_left=lambda: 60)
        self.provider.answer = None

    def copy(self) -> None:
        due, self.copies.sent = self.copies.sent, []
        for job_id in due:
            self.archive(job_id, attempt=1)
            self.note()

    def finish(self) -> None:
        """Apply the remaining events: the response, the last callback, checks, copying."""
        if self.in_progress:
            self.apply(Event.ANSWER)
        self.provider.is_settled = True
        if self.truth.calls == "unsigned":
            self.apply(Event.UNSIGNED_SUCCESS)
        if self.truth.calls == "signed":
            self.apply(Event.SIGNED_SUCCESS if self.truth.succeeds else Event.SIGNED_FAIL)
        for _ in range(4):
            self.copy()
            if self.checks.sent:
                self.deliver_checks()
            self.now += DEADLINE
        assert not self.checks.sent
        assert not self.copies.sent


@dataclass
class CachedHarness:
    """Applies each event once per state."""

    harness: Harness
    known: dict[tuple[Any, ...], State] = field(default_factory=dict)
    next: dict[tuple[int, Event | None], State] = field(default_factory=dict)

    def keep(self, state: State) -> State:
        return self.known.setdefault(state.key, state)

    def after(self, state: State, event: Event | None) -> State:
        """Return the state after the event, or with ``None`` the final state."""
        step = (id(state), event)  # `keep` returns one object per state
        if step not in self.next:
            self.harness.state = state
            self.harness.apply(event) if event else self.harness.finish()
            self.next[step] = self.keep(self.harness.state)
            if event:
                assert broken_rules(state, event, self.next[step]) == [], (event, state)
        return self.next[step]

    def sequences(self) -> Iterator[tuple[tuple[Event, ...], State]]:
        """Yield every sequence of events with the state that it leads to."""
        nothing: tuple[Event, ...] = ()
        reached = [(nothing, self.keep(self.harness.state))]
        yield from reached
        for _ in range(MAX_EVENTS):
            reached = [
                ((*events, event), self.after(state, event))
                for events, state in reached
                for event in Event
            ]
            yield from reached


def broken_rules(before: State, event: Event, after: State) -> list[str]:
    """Return the rules that one event has broken."""
    was, new = before.job.status, after.job.status
    success_proven, failure_proven = event is Event.SIGNED_SUCCESS, event is Event.SIGNED_FAIL
    unproven = event in (Event.UNSIGNED_SUCCESS, Event.FORGED, Event.DEADLINE)
    plain_checks = [check for check in after.checks if check.claimed_task is None]
    rules = {
        "createTask was called again": after.asked != 1,
        "a success was undone": was in MADE and new not in MADE,
        "a failure was undone": was is JobStatus.FAILED
        and new is not was
        and not (event is Event.CHECK_DUE and new in MADE),
        "an expired job was reopened": was is JobStatus.EXPIRED and new in OPEN,
        "a proven success was ignored": success_proven
        and was in (*OPEN, JobStatus.EXPIRED)
        and new not in MADE,
        "a proven failure was ignored": failure_proven
        and was in (*OPEN, JobStatus.EXPIRED)
        and new is not JobStatus.FAILED,
        "an unproven report was accepted": unproven and was in OPEN and new is not was,
        "the job expired before its deadline": new is JobStatus.EXPIRED
        and after.now < after.job.deadline_at,
        "the open job has no check": new in OPEN and len(plain_checks) != 1,
        "the copies have no check": new is JobStatus.ARCHIVING and not plain_checks,
    }
    return [rule for rule, is_broken in rules.items() if is_broken]


def answer_arrives(truth: Truth, events: tuple[Event, ...]) -> bool:
    """Tell whether the response to createTask arrives with the task's id."""
    before = events[: events.index(Event.ANSWER)] if Event.ANSWER in events else events
    return truth.is_answered and Event.DEADLINE not in before


def must_end_as(truth: Truth, events: tuple[Event, ...], end: State) -> JobStatus:
    success_proven = Event.SIGNED_SUCCESS in events or (truth.calls == "signed" and truth.succeeds)
    failure_proven = Event.SIGNED_FAIL in events or (truth.calls == "signed" and not truth.succeeds)
    is_known = (
        answer_arrives(truth, events) or truth.calls != "none" or Event.UNSIGNED_SUCCESS in events
    )
    if not (success_proven or failure_proven or is_known):
        return JobStatus.EXPIRED
    if truth.succeeds and (success_proven or not failure_proven):
        return JobStatus.SUCCEEDED
    if failure_proven and not (truth.succeeds or success_proven):
        return JobStatus.FAILED
    # The callback contradicts the record, or there is only an unproven callback.
    decisions = [status for status in end.history if status in (JobStatus.FAILED, *MADE)]
    return JobStatus.SUCCEEDED if decisions[0] in MADE else JobStatus.FAILED


@pytest.mark.exhaustive
@pytest.mark.parametrize("truth", TRUTHS, ids=str)
def test_every_order_of_events_ends_in_the_right_state(
    truth: Truth, record_property: Callable[[str, object], None]
) -> None:
    cached, tried = CachedHarness(Harness(truth)), 0
    for events, state in cached.sequences():
        end = cached.after(state, None)
        assert end.job.status is must_end_as(truth, events, end), (events, end)
        made = end.job.status is JobStatus.SUCCEEDED
        assert end.asked == 1
        assert end.bucket == (((f"images/{OURS}/1.png", PICTURE),) if made else ())
        assert end.records == made
        tried += 1
    assert tried == sum(len(Event) ** length for length in range(MAX_EVENTS + 1))
    record_property("tried: orders of events", tried)
