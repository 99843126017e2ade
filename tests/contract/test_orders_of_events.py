"""Every order of events ends in the state that the truth asks for.

All sequences of up to five of seven events are played, and then what is left to happen: the answer
to createTask, the provider's own last call, the checks, the copying. An event is a function of all
there is to know, so one that was played in a state is not played again in the same state.

What is taken as the truth:

- what the provider's own record says in the end, from its first call or the deadline on;
- whether createTask's answer is heard. One that has not come by the deadline never comes: the
  function would have been stopped before. Events before it find the call still under way;
- how the provider calls in the end: signed, unsigned, not at all;
- of a provider that contradicts itself, a success that its record bears out; where it calls against
  its own record, what it said first.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from enum import Enum
from itertools import product
from operator import attrgetter
from typing import Any, Final, NamedTuple

import pytest
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
from ringback.use_cases.ports import CallbackReport, Write
from ringback.use_cases.record_verdict import RecordVerdict
from ringback.use_cases.submit_job import SubmitJob

from tests.support.desk import link_to
from tests.support.in_memory import (
    InMemoryAccounts,
    InMemoryBucket,
    InMemoryJobs,
    InMemoryQueues,
    InMemorySubmitQueue,
    InMemoryThumbnailQueue,
    InMemoryWeb,
    InMemoryWindow,
    a_provider,
)
from tests.support.jobs import NOON, TASK, a_job_id, a_report, a_request, facts_of
from tests.support.looks import look

pytestmark = pytest.mark.usefixtures("copies_in_memory")

MAX_EVENTS: Final = 5
DEADLINE: Final = timedelta(minutes=15)
OURS: Final = a_job_id()
ANOTHER: Final = ProviderTaskId("task_of_another_job")
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
    """``copies_at_once``: the archive queue is as quick as can be, or as slow."""

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
    """All that any event may depend on. ``history`` holds the job's states, oldest first."""

    job: Job
    history: tuple[JobStatus, ...]
    checks: tuple[Check, ...]
    copies: tuple[JobId, ...]
    bucket: tuple[tuple[str, bytes], ...]
    records: int
    asked: int
    is_under_way: bool
    is_settled: bool
    now: datetime

    @property
    def key(self) -> tuple[Any, ...]:
        mine = (getattr(self, one.name) for one in fields(self) if one.name != "job")
        return (FACTS(self.job), *mine)


class CallUnderWay(BaseException):
    """createTask has been asked; this is as far as the function got by now."""


@dataclass
class Provider:
    """Answers createTask only when it is told to."""

    truth: Truth
    answer: Submission | None = None
    asked: int = 0
    is_settled: bool = False

    def prepare(self) -> None: ...

    def create_task(self, job: Job, callback_url: str) -> Submission:
        if self.answer is None:
            self.asked += 1
            raise CallUnderWay
        return self.answer

    def read_tasks(self, task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        found = {task_id: self._read_task(task_id) for task_id in task_ids}
        return {task_id: report for task_id, report in found.items() if report}

    def _read_task(self, task_id: ProviderTaskId) -> TaskReport | None:
        if task_id == ANOTHER:
            theirs = url_of("kie", a_job_id(9))
            urls = ("https://cdn.example/9",)
            return a_report(task_id=ANOTHER, image_urls=urls, callback_url=theirs)
        if not self.is_settled:
            return a_report(TaskState.RUNNING, callback_url=url_of("kie", OURS))
        return a_call_of(Event.SIGNED_SUCCESS if self.truth.succeeds else Event.SIGNED_FAIL)

    def fresh_links(self, job: Job, number: int) -> list[str]:
        raise NotImplementedError


@dataclass
class WhereItWas:
    """The store as a function sees it that wrote ``submitting`` and has been waiting since."""

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


@dataclass
class ArchiveMessages:
    sent: list[JobId] = field(default_factory=list)

    def add(self, job_id: JobId, *, attempt: int = 1, delay: int = 0) -> None:
        self.sent.append(job_id)


class Stage:
    """The use cases, and whatever is between them, set to a state and asked for the next one."""

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
        submissions = InMemorySubmitQueue(InMemoryQueues())
        self.submit = SubmitJob(
            jobs=self.jobs,
            queue=submissions,
            window=InMemoryWindow(),
            accounts=InMemoryAccounts(),
            callback_url=url_of,
            link_to=link_to,
            **ports,
        )
        record = RecordVerdict(
            jobs=self.jobs, checks=self.checks, archive=self.copies, now=ports["now"]
        )
        self.hear = AcceptCallback(
            is_genuine=lambda provider, job_id, token: token == "good",
            readers={"kie": self},
            checks=self.checks,
            record=record,
            now=ports["now"],
        )
        self.check = CheckJobs(
            jobs=self.jobs,
            checks=self.checks,
            archive=self.copies,
            record=record,
            callback_url=url_of,
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
        with pytest.raises(CallUnderWay):
            self.submit(OURS, slot=None)
        self.begun, self.is_under_way = self.jobs.get(OURS), True

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
            is_under_way=self.is_under_way,
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
        self.is_under_way, self.now = state.is_under_way, state.now

    def note(self) -> None:
        status = self.jobs.get(OURS).status
        if self.history[-1:] != [status]:
            self.history.append(status)

    def play(self, event: Event) -> None:
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
            # The first time past the deadline, then past all patience.
            self.now = max(self.now, NOON) + DEADLINE
            self.provider.is_settled, self.is_under_way = True, False
        self.note()
        if self.truth.copies_at_once:
            self.copy()

    def call(self, body: str, *, token: str = "good") -> None:  # noqa: S107
        call = CallbackRequest(
            provider="kie", job_id=OURS, token=token, headers={}, body=body.encode()
        )
        self.hear(call)

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        """Be the callback reader: the body is the event's name."""
        if body == b"signed by somebody else":
            raise SignatureRejected("no signature matches")
        if body == b"unsigned, another's":
            return CallbackReport(report=a_report(task_id=ANOTHER), proven=False)
        event = Event(body.decode())
        return CallbackReport(report=a_call_of(event), proven=event is not Event.UNSIGNED_SUCCESS)

    def forge(self) -> None:
        with pytest.raises(UnknownJob):
            self.call(Event.SIGNED_FAIL.value, token="guessed")
        with pytest.raises(SignatureRejected):
            self.call("signed by somebody else")
        self.call("unsigned, another's")

    def deliver_checks(self) -> None:
        # Without any there is still SQS, which may deliver an old one once more.
        due, self.checks.sent = self.checks.sent or [Check(job_id=OURS)], []
        for check in due:
            look(self.check, check)
            self.note()

    def answer(self) -> None:
        """Let createTask answer; once it has, let the message that made the call come again."""
        if not self.is_under_way:
            self.submit(OURS, slot=None)
            return
        self.is_under_way = False
        told = TaskCreated(task_id=TASK) if self.truth.is_answered else OutcomeUnknown(reason="500")
        self.provider.answer = told
        waiting = replace(self.submit, jobs=WhereItWas(self.jobs, self.begun))
        waiting(OURS, slot=None)
        self.provider.answer = None

    def copy(self) -> None:
        due, self.copies.sent = self.copies.sent, []
        for job_id in due:
            self.archive(job_id, attempt=1)
            self.note()

    def play_out(self) -> None:
        """Let happen what is left: the answer, the last call, the checks, the copying."""
        if self.is_under_way:
            self.play(Event.ANSWER)
        self.provider.is_settled = True
        if self.truth.calls == "unsigned":
            self.play(Event.UNSIGNED_SUCCESS)
        if self.truth.calls == "signed":
            self.play(Event.SIGNED_SUCCESS if self.truth.succeeds else Event.SIGNED_FAIL)
        for _ in range(4):
            self.copy()
            if self.checks.sent:
                self.deliver_checks()
            self.now += DEADLINE
        assert not self.checks.sent
        assert not self.copies.sent


@dataclass
class Memory:
    """Plays on a stage what was not played before."""

    stage: Stage
    known: dict[tuple[Any, ...], State] = field(default_factory=dict)
    next: dict[tuple[int, Event | None], State] = field(default_factory=dict)

    def keep(self, state: State) -> State:
        return self.known.setdefault(state.key, state)

    def after(self, state: State, event: Event | None) -> State:
        """Return what follows, with ``None`` what follows in the end."""
        step = (id(state), event)  # of those that are kept there is one each
        if step not in self.next:
            self.stage.state = state
            self.stage.play(event) if event else self.stage.play_out()
            self.next[step] = self.keep(self.stage.state)
            if event:
                assert wrong_steps(state, event, self.next[step]) == [], (event, state)
        return self.next[step]

    def sequences(self) -> Iterator[tuple[tuple[Event, ...], State]]:
        """Return every sequence of events with where it leads."""
        nothing: tuple[Event, ...] = ()
        reached = [(nothing, self.keep(self.stage.state))]
        yield from reached
        for _ in range(MAX_EVENTS):
            reached = [
                ((*events, event), self.after(state, event))
                for events, state in reached
                for event in Event
            ]
            yield from reached


def wrong_steps(before: State, event: Event, after: State) -> list[str]:
    """Return what one event did and must not do, or did not do and must."""
    was, new = before.job.status, after.job.status
    told_success, told_fail = event is Event.SIGNED_SUCCESS, event is Event.SIGNED_FAIL
    silent = event in (Event.UNSIGNED_SUCCESS, Event.FORGED, Event.DEADLINE)
    plain_checks = [check for check in after.checks if check.claimed_task is None]
    rules = {
        "createTask was asked again": after.asked != 1,
        "a success was undone": was in MADE and new not in MADE,
        "a failure was undone": was is JobStatus.FAILED
        and new is not was
        and not (event is Event.CHECK_DUE and new in MADE),
        "a job came back": was is JobStatus.EXPIRED and new in OPEN,
        "a proven success was not believed": told_success
        and was in (*OPEN, JobStatus.EXPIRED)
        and new not in MADE,
        "a proven failure was not believed": told_fail
        and was in (*OPEN, JobStatus.EXPIRED)
        and new is not JobStatus.FAILED,
        "something unproven was believed": silent and was in OPEN and new is not was,
        "it was given up before the deadline": new is JobStatus.EXPIRED
        and after.now < after.job.deadline_at,
        "nobody will look at it": new in OPEN and len(plain_checks) != 1,
    }
    return [rule for rule, is_broken in rules.items() if is_broken]


def is_heard(truth: Truth, events: tuple[Event, ...]) -> bool:
    """Tell whether createTask's answer comes, and brings the task's id."""
    before = events[: events.index(Event.ANSWER)] if Event.ANSWER in events else events
    return truth.is_answered and Event.DEADLINE not in before


def must_end_as(truth: Truth, events: tuple[Event, ...], end: State) -> JobStatus:
    told_success = Event.SIGNED_SUCCESS in events or (truth.calls == "signed" and truth.succeeds)
    told_fail = Event.SIGNED_FAIL in events or (truth.calls == "signed" and not truth.succeeds)
    is_known = is_heard(truth, events) or truth.calls != "none" or Event.UNSIGNED_SUCCESS in events
    if not (told_success or told_fail or is_known):
        return JobStatus.EXPIRED
    if truth.succeeds and (told_success or not told_fail):
        return JobStatus.SUCCEEDED
    if told_fail and not (truth.succeeds or told_success):
        return JobStatus.FAILED
    # It says one thing and its record another, or nothing but a claim is heard.
    decisions = [status for status in end.history if status in (JobStatus.FAILED, *MADE)]
    return JobStatus.SUCCEEDED if decisions[0] in MADE else JobStatus.FAILED


@pytest.mark.exhaustive
@pytest.mark.parametrize("truth", TRUTHS, ids=str)
def test_every_order_of_events_ends_as_the_truth_says(
    truth: Truth, record_property: Callable[[str, object], None]
) -> None:
    memory, tried = Memory(Stage(truth)), 0
    for events, state in memory.sequences():
        end = memory.after(state, None)
        assert end.job.status is must_end_as(truth, events, end), (events, end)
        made = end.job.status is JobStatus.SUCCEEDED
        assert end.asked == 1
        assert end.bucket == (((f"images/{OURS}/1.png", PICTURE),) if made else ())
        assert end.records == made
        tried += 1
    assert tried == sum(len(Event) ** length for length in range(MAX_EVENTS + 1))
    record_property("tried: orders of events", tried)
