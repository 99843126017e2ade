"""A Hypothesis state machine: jobs, callbacks, messages, faults and time in random order.

The machine posts and changes jobs; delivers messages late, out of order and more than once; sends
forged callbacks; and injects faults. Each run ends when no event is left.
"""

import heapq
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
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
from ringback.domain.checks import Check
from ringback.domain.errors import (
    IdempotencyConflict,
    JobDeleted,
    SignatureRejected,
    TryAgain,
    UnknownJob,
    WrongState,
)
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import ENDED, FINAL, GONE, NEXT, Job, JobId, JobStatus, ProviderTaskId
from ringback.domain.verdicts import Submission
from ringback.use_cases.accept_callback import CallbackRequest
from ringback.use_cases.accept_job import NewJob
from ringback.use_cases.change_job import CancelJob, ResumeArchive
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.ports import CallbackReport
from ringback.use_cases.retry_job import RetryJob

from tests.support.crash_world import ArchiveSender, Provider, Scenario, World
from tests.support.effects import ERRORS_AND_CRASHES, Crash, Effects, Fault, ServiceError
from tests.support.guarantees import broken_guarantees, paid_calls
from tests.support.job_lists import list_page
from tests.support.jobs import a_report, a_request

pytestmark = pytest.mark.usefixtures("copies_in_memory")

# Fewer than the four tries of a callback.
MAX_FAULTS: Final = 3

SCENARIOS: Final = st.builds(
    Scenario,
    answers=st.sampled_from(
        [
            *(("created",), ("busy", "created"), ("busy", "lost"), ("lost",), ("nothing",)),
            *(("refused",), ("broke", "created"), ("broke", "broke", "lost"), ("broke", "refused")),
        ]
    ),
    calls=st.sampled_from(["signed", "unsigned", "none", "twice", "early"]),
    seconds=st.sampled_from([1, 30, 890, 910, 3000]),
    succeeds=st.booleans() | st.just(value=True),
    images=st.integers(1, 2),
    dead_links=st.booleans(),
)
SOME_JOB: Final = st.integers(0, 5)


@dataclass
class WorldWithForgery(World):
    """A world that also receives forged and unsigned callbacks."""

    def read(self, headers: dict[str, str], body: bytes, *, now: datetime) -> CallbackReport:
        if body == b"invalid signature":
            raise SignatureRejected("no signature matches")
        if body.startswith(b"unsigned "):
            task_id = ProviderTaskId(body.removeprefix(b"unsigned ").decode())
            return CallbackReport(report=a_report(task_id=task_id), proven=False)
        return super().read(headers, body, now=now)


@dataclass(frozen=True)
class PostedRequest:
    """A request that can be repeated; ``seed`` makes its body unique."""

    key: str | None
    seed: int


@dataclass
class Client:
    """Posts jobs and records the responses."""

    world: World
    posted: list[PostedRequest] = field(default_factory=list)
    answers: dict[str, JobId] = field(default_factory=dict)

    def post(self, posted: PostedRequest, *, retry_of: Job | None = None) -> None:
        body = a_request(seed=posted.seed)
        with suppress(Crash, ServiceError, TryAgain), self.unless_deleted(posted.key):
            if retry_of:
                again = RetryJob(
                    find=FindJobs(jobs=self.world.jobs),
                    jobs=self.world.jobs,
                    accept=self.world.accept,
                    pass_through=False,
                    check_image=lambda url, version, client: version,
                )
                post = JobPost(
                    client="studio", idempotency_key=posted.key, body={}, retry_of=retry_of.job_id
                )
                job = again(post)
                assert job.retry_of == retry_of.job_id
            else:
                new = NewJob(request=body, client="studio", idempotency_key=posted.key)
                job = self.world.accept(new)
                assert job.request.sent == body.sent
            self.world.effects("answer the client", lambda: self.world.answered.append(job.job_id))
            if posted.key:
                assert self.answers.setdefault(posted.key, job.job_id) == job.job_id

    @contextmanager
    def unless_deleted(self, key: str | None) -> Iterator[None]:
        """Allow the answer that the job of this key was deleted, if it was."""
        try:
            yield
        except JobDeleted as deleted:
            job = self.world.jobs.get(JobId(str(deleted)))
            assert job.status in GONE
            assert key is None or self.answers.setdefault(key, job.job_id) == job.job_id


class JobMachine(RuleBasedStateMachine):
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.plan: dict[int, Fault] = {}
        self.world = WorldWithForgery(Scenario(), Effects(self.plan))
        self.client = Client(self.world)
        self.find = FindJobs(jobs=self.world.jobs)
        self.seen: dict[JobId, JobStatus] = {}
        self.host_is_down = False
        self.world.provider.create_task = self.create_task  # type: ignore[method-assign]

    def create_task(self, job: Job, callback_url: str) -> Submission:
        """Make sure that nothing is sent with a paused account, but for the one job that tries."""
        pause = self.world.accounts.read("kie").pause
        assert pause is None or pause.trial == job.job_id
        return Provider.create_task(self.world.provider, job, callback_url)

    @property
    def jobs(self) -> list[Job]:
        return list(self.world.jobs.newest("studio", limit=99, before=None))

    def has_jobs(self) -> bool:
        return bool(self.world.jobs.by_id)

    def the_job(self, number: int) -> Job:
        return self.jobs[number % len(self.jobs)]

    # The client

    @initialize(scenario=SCENARIOS)
    def the_first_job_is_posted(self, scenario: Scenario) -> None:
        self.a_job_is_posted(scenario=scenario, has_key=True)

    @rule(scenario=SCENARIOS, has_key=st.booleans())
    def a_job_is_posted(self, *, scenario: Scenario, has_key: bool) -> None:
        self.world.provider.scenario = scenario
        number = len(self.client.posted)
        posted = PostedRequest(key=f"key {number}" if has_key else None, seed=number)
        self.client.posted.append(posted)
        self.client.post(posted)

    @rule(number=SOME_JOB)
    def a_request_is_repeated(self, number: int) -> None:
        self.client.post(self.client.posted[number % len(self.client.posted)])

    @rule(number=SOME_JOB)
    def a_key_is_used_with_another_request(self, number: int) -> None:
        posted = self.client.posted[number % len(self.client.posted)]
        kept = [job for job in self.jobs if job.status not in GONE]
        if posted.key in {job.idempotency_key for job in kept if job.idempotency_key}:
            with pytest.raises(IdempotencyConflict):
                self.client_without_faults.post(replace(posted, seed=-1))

    @property
    def client_without_faults(self) -> Client:
        """Return the client, with no faults ahead."""
        self.remove_pending_faults()
        return self.client

    def remove_pending_faults(self) -> None:
        done = len(self.world.effects.names)
        for point in [point for point in self.plan if point > done]:
            del self.plan[point]

    @precondition(has_jobs)
    @rule(number=SOME_JOB)
    def a_job_is_cancelled(self, number: int) -> None:
        job = self.the_job(number)
        cancel = CancelJob(jobs=self.world.watched_jobs, now=lambda: self.world.now)
        with suppress(Crash, ServiceError, WrongState):
            assert cancel(job).status is JobStatus.CANCELLED

    @precondition(has_jobs)
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

    @precondition(has_jobs)
    @rule(number=SOME_JOB, scenario=SCENARIOS)
    def a_job_is_retried(self, number: int, scenario: Scenario) -> None:
        job = self.the_job(number)
        self.world.provider.scenario = scenario
        if job.status in FINAL:
            self.client.post(PostedRequest(key=f"again {job.job_id}", seed=0), retry_of=job)

    @precondition(has_jobs)
    @rule(number=SOME_JOB)
    def a_job_is_deleted(self, number: int) -> None:
        """One that is under way is refused."""
        job = self.the_job(number)
        with suppress(Crash, ServiceError, TryAgain, JobDeleted), self.refused_unless(job):
            self.world.ask_to_delete(job)

    @contextmanager
    def refused_unless(self, job: Job) -> Iterator[None]:
        try:
            yield
        except WrongState:
            assert job.status not in ENDED

    @rule()
    def the_owner_resumes_the_account(self) -> None:
        with suppress(Crash, ServiceError, TryAgain):
            account = self.world.resume("kie")
            assert account.pause is None or account.is_half_open

    @rule(probes=st.lists(st.booleans(), max_size=3))
    def the_account_looks_bad_for_a_while(self, probes: list[bool]) -> None:
        self.world.provider.probes.extend(probes)

    # The provider, the queues, and forged callbacks

    @rule(number=st.integers(0, 9), again=st.booleans())
    def an_event_runs(self, *, number: int, again: bool) -> None:
        """Run an event that is due, or else the next one; ``again`` keeps it for a repeat."""
        schedule = self.world.schedule
        if not schedule:
            return
        due = sorted(one for one in schedule if one.due <= self.world.now) or [min(schedule)]
        event = due[number % len(due)]
        if not again:
            schedule.remove(event)
            heapq.heapify(schedule)
        self.world.run_event(event)

    @rule(seconds=st.sampled_from([1, 10, 30, 60, 300, 900, 3600]))
    def time_passes(self, seconds: int) -> None:
        self.world.now += timedelta(seconds=seconds)

    @rule(number=SOME_JOB)
    def the_provider_calls_once_more(self, number: int) -> None:
        made = list(self.world.provider.made.items())
        if made:
            task_id, (job_id, _) = made[number % len(made)]
            self.call(job_id, task_id.encode())

    @precondition(has_jobs)
    @rule(number=SOME_JOB, theirs=SOME_JOB)
    def a_forged_callback_arrives(self, number: int, theirs: int) -> None:
        before = self.world.jobs.by_id.copy()
        job_id = self.the_job(number).job_id
        with pytest.raises(SignatureRejected):
            self.world.accept_callback(a_call(job_id, b"invalid signature"))
        with pytest.raises(UnknownJob):
            with_wrong_token = replace(self.world.accept_callback, is_genuine=lambda *_: False)
            with_wrong_token(a_call(job_id, b"task_1"))
        self.call(job_id, b"unsigned task_%d" % theirs)
        assert self.world.jobs.by_id == before

    def call(self, job_id: JobId, body: bytes) -> None:
        with suppress(Crash, ServiceError):
            self.world.accept_callback(a_call(job_id, body))

    # Faults

    @precondition(lambda self: len(self.plan) < MAX_FAULTS)
    @rule(after=st.integers(1, 12), fault=st.sampled_from(ERRORS_AND_CRASHES))
    def a_fault_is_planned(self, after: int, fault: Fault) -> None:
        self.plan[len(self.world.effects.names) + after] = fault

    @rule()
    def the_file_host_goes_down(self) -> None:
        self.world.web.pages.clear()
        self.host_is_down = True

    # Invariants

    @invariant()
    def each_step_keeps_the_guarantees(self) -> None:
        type(self).steps += 1
        for job in self.jobs:
            was = self.seen.get(job.job_id)
            if was in ENDED and job.status is not was:
                assert job.status in NEXT[was]
            self.seen[job.job_id] = job.status
            assert paid_calls(self.world, job.job_id) <= 1
        listed, _ = list_page(self.find.jobs, {"limit": "99"}, client="studio")
        gone = {job.job_id for job in self.jobs if job.status in GONE}
        deleted = {job.job_id for job in self.jobs if job.status is JobStatus.DELETED}
        assert {job.job_id for job in listed} >= set(self.world.answered) - gone
        assert gone.isdisjoint(job.job_id for job in listed)
        for job_id in deleted:
            with pytest.raises(JobDeleted):
                self.find.one(job_id, client="studio")
        for job_id in set(self.world.answered) - deleted:
            assert self.find.one(job_id, client="studio").job_id == job_id
            with pytest.raises(UnknownJob):
                self.find.one(job_id, client="another")

    def teardown(self) -> None:
        self.run_until_idle()
        # The file host has its images again; resume every copy that gave up.
        for task_id in self.world.provider.made:
            self.world.provider.report(task_id)
        for job in self.jobs:
            if job.status is JobStatus.ARCHIVE_FAILED:
                assert self.host_is_down
                self.resume(job)
        self.each_step_keeps_the_guarantees()
        self.run_until_idle()
        assert JobStatus.ARCHIVE_FAILED not in {job.status for job in self.jobs}
        self.everything_is_deleted()

    def everything_is_deleted(self) -> None:
        """Whatever comes again afterwards finds nothing, and buys nothing."""
        world, bought = self.world, len(self.world.provider.made)
        for job in self.jobs:
            if job.status in FINAL:
                world.ask_to_delete(job)
        self.each_step_keeps_the_guarantees()
        self.run_until_idle()
        assert {job.status for job in self.jobs} <= {JobStatus.DELETED}
        before = world.jobs.by_id.copy()
        for posted in self.client.posted:
            if posted.key in self.client.answers:
                self.client.post(posted)
        for task_id, (job_id, _) in world.provider.made.items():
            self.call(job_id, task_id.encode())
            world.checks.add(Check(job_id=job_id, claimed_task=task_id), delay=0)
            world.archive(job_id, attempt=1)
            world.make_thumbnail(job_id, [1])
        self.run_until_idle()
        assert (world.jobs.by_id, len(world.provider.made)) == (before, bought)
        assert (world.bucket.objects, world.bucket.records) == ({}, {})

    def run_until_idle(self) -> None:
        world = self.world
        self.remove_pending_faults()
        for _ in range(2000):
            if not world.schedule:
                break
            world.run_event(heapq.heappop(world.schedule))
            self.each_step_keeps_the_guarantees()
        assert not world.schedule
        assert broken_guarantees(world) == []


def a_call(job_id: JobId, body: bytes) -> CallbackRequest:
    return CallbackRequest(provider="kie", job_id=job_id, token="t", headers={}, body=body)


@pytest.mark.exhaustive
def test_no_sequence_breaks_a_guarantee(
    record_property: Callable[[str, Any], None], *, full_size: bool
) -> None:
    runs = 2000 if full_size else 200
    bounds = settings(max_examples=runs, stateful_step_count=30, derandomize=True, deadline=None)
    JobMachine.steps = 0
    run_state_machine_as_test(JobMachine, settings=bounds)
    record_property("tried: steps of the life machine", JobMachine.steps)
