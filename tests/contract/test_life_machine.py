"""Jobs, calls, messages, mishaps and time in any order that Hypothesis can think of.

The machine posts jobs and changes them, delivers what is under way late, out of order and more than
once, lets strangers call, and breaks effects off. At the end of each run everything comes to rest.
"""

import heapq
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from ringback.domain.errors import (
    IdempotencyConflict,
    SignatureRejected,
    TryAgain,
    UnknownJob,
    WrongState,
)
from ringback.domain.jobs import FINAL, NEXT, Job, JobId, JobStatus, ProviderTaskId
from ringback.use_cases.accept_callback import CallbackRequest
from ringback.use_cases.accept_job import JobPost, NewJob
from ringback.use_cases.change_job import CancelJob, ResumeArchive
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.ports import CallbackReport
from ringback.use_cases.retry_job import RetryJob

from tests.support.crash_world import (
    ArchiveSender,
    Crash,
    Effects,
    Mishap,
    Scenario,
    ServiceError,
    World,
)
from tests.support.jobs import a_report, a_request
from tests.support.promises import breaches, paid_calls

pytestmark = pytest.mark.usefixtures("copies_in_memory")

# A message is received five times before it is a dead letter, and a provider calls four times.
MAX_MISHAPS: Final = 3

SCENARIOS: Final = st.builds(
    Scenario,
    answers=st.sampled_from(
        [("created",), ("busy", "created"), ("busy", "lost"), ("lost",), ("nothing",), ("refused",)]
    ),
    calls=st.sampled_from(["signed", "unsigned", "none", "twice", "early"]),
    seconds=st.sampled_from([1, 30, 890, 910, 3000]),
    succeeds=st.booleans() | st.just(value=True),
    images=st.integers(1, 2),
    dead_links=st.booleans(),
)
SOME_JOB: Final = st.integers(0, 5)


@dataclass
class Town(World):
    """A world in which strangers call, too."""

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        if body == b"signed by nobody":
            raise SignatureRejected("no signature matches")
        if body.startswith(b"unsigned "):
            task_id = ProviderTaskId(body.removeprefix(b"unsigned ").decode())
            return CallbackReport(report=a_report(task_id=task_id), proven=False)
        return super().read(headers, body, now=now)


@dataclass(frozen=True)
class Asked:
    """A request that can be sent again; ``seed`` tells bodies apart."""

    key: str | None
    seed: int


@dataclass
class Client:
    """Somebody who posts jobs, and remembers what was answered."""

    world: World
    asked: list[Asked] = field(default_factory=list)
    answers: dict[str, JobId] = field(default_factory=dict)

    def post(self, asked: Asked, *, retry_of: Job | None = None) -> None:
        body = a_request(seed=asked.seed)
        with suppress(Crash, ServiceError, TryAgain):
            if retry_of:
                again = RetryJob(
                    find=FindJobs(jobs=self.world.jobs),
                    jobs=self.world.jobs,
                    accept=self.world.accept,
                    pass_through=False,
                    check_image=lambda url, version: version,
                )
                post = JobPost(
                    client="studio", idempotency_key=asked.key, body={}, retry_of=retry_of.job_id
                )
                job = again(post)
                assert job.retry_of == retry_of.job_id
            else:
                new = NewJob(request=body, client="studio", idempotency_key=asked.key)
                job = self.world.accept(new)
                assert job.request.sent == body.sent
            self.world.effects("answer the client", lambda: self.world.answered.append(job.job_id))
            if asked.key:
                assert self.answers.setdefault(asked.key, job.job_id) == job.job_id


class Lives(RuleBasedStateMachine):
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.plan: dict[int, Mishap] = {}
        self.world = Town(Scenario(), Effects(self.plan))
        self.client = Client(self.world)
        self.find = FindJobs(jobs=self.world.jobs)
        self.seen: dict[JobId, JobStatus] = {}
        self.web_is_down = False

    @property
    def jobs(self) -> list[Job]:
        return list(self.world.jobs.newest("studio", limit=99, before=None))

    def is_there(self) -> bool:
        return bool(self.world.jobs.by_id)

    def the_job(self, number: int) -> Job:
        return self.jobs[number % len(self.jobs)]

    # What a client does

    @initialize(scenario=SCENARIOS)
    def the_first_job_is_posted(self, scenario: Scenario) -> None:
        self.a_job_is_posted(scenario=scenario, has_key=True)

    @rule(scenario=SCENARIOS, has_key=st.booleans())
    def a_job_is_posted(self, *, scenario: Scenario, has_key: bool) -> None:
        self.world.provider.scenario = scenario
        number = len(self.client.asked)
        asked = Asked(key=f"key {number}" if has_key else None, seed=number)
        self.client.asked.append(asked)
        self.client.post(asked)

    @rule(number=SOME_JOB)
    def a_request_is_sent_again(self, number: int) -> None:
        self.client.post(self.client.asked[number % len(self.client.asked)])

    @rule(number=SOME_JOB)
    def a_key_is_used_for_something_else(self, number: int) -> None:
        asked = self.client.asked[number % len(self.client.asked)]
        if asked.key in {job.idempotency_key for job in self.jobs if job.idempotency_key}:
            with pytest.raises(IdempotencyConflict):
                self.patient_client.post(replace(asked, seed=-1))

    @property
    def patient_client(self) -> Client:
        """Return the client, at a moment when nothing breaks."""
        self.nothing_will_go_wrong()
        return self.client

    def nothing_will_go_wrong(self) -> None:
        past = len(self.world.effects.names)
        for point in [point for point in self.plan if point > past]:
            del self.plan[point]

    @precondition(is_there)
    @rule(number=SOME_JOB)
    def a_job_is_cancelled(self, number: int) -> None:
        job = self.the_job(number)
        cancel = CancelJob(jobs=self.world.watched_jobs, now=lambda: self.world.now)
        with suppress(Crash, ServiceError, WrongState):
            assert cancel(job).status is JobStatus.CANCELLED

    @precondition(is_there)
    @rule(number=SOME_JOB)
    def copying_is_resumed(self, number: int) -> None:
        with suppress(Crash, ServiceError, WrongState):
            self.resume(self.the_job(number))

    def resume(self, job: Job) -> None:
        queue = self.world.effects.watch(ArchiveSender(self.world))
        resume = ResumeArchive(
            jobs=self.world.watched_jobs,
            checks=self.world.checks,
            archive=queue,
            now=lambda: self.world.now,
        )
        expired = job.status is JobStatus.EXPIRED
        assert resume(job).status is (JobStatus.EXPIRED if expired else JobStatus.ARCHIVING)

    @precondition(is_there)
    @rule(number=SOME_JOB, scenario=SCENARIOS)
    def a_job_is_tried_anew(self, number: int, scenario: Scenario) -> None:
        job = self.the_job(number)
        self.world.provider.scenario = scenario
        if job.status in FINAL:
            self.client.post(Asked(key=f"again {job.job_id}", seed=0), retry_of=job)

    # What the provider and the queues do, and strangers

    @rule(number=st.integers(0, 9), again=st.booleans())
    def something_happens(self, *, number: int, again: bool) -> None:
        """Do one thing that is due, or the first that will be; messages come twice as well."""
        agenda = self.world.agenda
        if not agenda:
            return
        due = sorted(one for one in agenda if one.due <= self.world.now) or [min(agenda)]
        happening = due[number % len(due)]
        if not again:
            agenda.remove(happening)
            heapq.heapify(agenda)
        self.world.happen(happening)

    @rule(seconds=st.sampled_from([1, 10, 30, 60, 300, 900, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    @rule(number=SOME_JOB)
    def the_provider_calls_once_more(self, number: int) -> None:
        made = list(self.world.provider.made.items())
        if made:
            task_id, (job_id, _) = made[number % len(made)]
            self.call(job_id, task_id.encode())

    @precondition(is_there)
    @rule(number=SOME_JOB, theirs=SOME_JOB)
    def a_stranger_calls(self, number: int, theirs: int) -> None:
        before = self.world.jobs.by_id.copy()
        job_id = self.the_job(number).job_id
        with pytest.raises(SignatureRejected):
            self.world.hear(a_call(job_id, b"signed by nobody"))
        with pytest.raises(UnknownJob):
            hear = replace(self.world.hear, is_genuine=lambda *_: False)
            hear(a_call(job_id, b"task_1"))
        self.call(job_id, b"unsigned task_%d" % theirs)
        assert self.world.jobs.by_id == before

    def call(self, job_id: JobId, body: bytes) -> None:
        with suppress(Crash, ServiceError):
            self.world.hear(a_call(job_id, body))

    # What goes wrong

    @precondition(lambda self: len(self.plan) < MAX_MISHAPS)
    @rule(after=st.integers(1, 12), mishap=st.sampled_from(Mishap))
    def something_will_go_wrong(self, after: int, mishap: Mishap) -> None:
        self.plan[len(self.world.effects.names) + after] = mishap

    @rule()
    def the_file_host_goes_down(self) -> None:
        self.world.web.pages.clear()
        self.web_is_down = True

    # What must hold

    @invariant()
    def each_step_keeps_what_must_be_kept(self) -> None:
        type(self).steps += 1
        for job in self.jobs:
            was = self.seen.get(job.job_id)
            if was in FINAL and job.status is not was:
                assert job.status in NEXT[was]
            self.seen[job.job_id] = job.status
            assert paid_calls(self.world, job.job_id) <= 1
        listed, _ = self.find.page({"limit": "99"}, client="studio")
        assert {job.job_id for job in listed} >= set(self.world.answered)
        for job_id in self.world.answered:
            assert self.find.one(job_id, client="studio").job_id == job_id
            with pytest.raises(UnknownJob):
                self.find.one(job_id, client="somebody else")

    def teardown(self) -> None:
        self.come_to_rest()
        # What the file host lost it has again, and everything that was given up is taken up.
        for task_id in self.world.provider.made:
            self.world.provider.report(task_id)
        for job in self.jobs:
            if job.status is JobStatus.ARCHIVE_FAILED:
                assert self.web_is_down
                self.resume(job)
        self.each_step_keeps_what_must_be_kept()
        self.come_to_rest()
        assert JobStatus.ARCHIVE_FAILED not in {job.status for job in self.jobs}

    def come_to_rest(self) -> None:
        world = self.world
        self.nothing_will_go_wrong()
        for _ in range(2000):
            if not world.agenda:
                break
            world.happen(heapq.heappop(world.agenda))
            self.each_step_keeps_what_must_be_kept()
        assert not world.agenda
        unread = [point for point in self.plan if world.effects.names[point - 1] == "read_tasks"]
        # A provider that is down each time it is asked within ten minutes has no verdict to give.
        excused = {"a verdict that is to be had is had"} if len(unread) > 1 else set()
        assert set(breaches(world)) <= excused


def a_call(job_id: JobId, body: bytes) -> CallbackRequest:
    return CallbackRequest(provider="kie", job_id=job_id, token="t", headers={}, body=body)


@pytest.mark.exhaustive
def test_no_life_breaks_a_promise(
    record_property: Callable[[str, Any], None], *, full_size: bool
) -> None:
    lives = 2000 if full_size else 200
    bounds = settings(max_examples=lives, stateful_step_count=30, derandomize=True, deadline=None)
    Lives.steps = 0
    run_state_machine_as_test(Lives, settings=bounds)
    record_property("tried: steps of the life machine", Lives.steps)
