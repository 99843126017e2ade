import itertools
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from operator import itemgetter
from random import Random
from typing import Any

import pytest
from ringback.domain.accounts import Account, Pause
from ringback.domain.check_steps import (
    ANSWER_REDELIVERY,
    LAST_CALL,
    MAX_COPYING,
    MAX_INVISIBLE,
    MAX_UNANSWERED,
    MAX_UNCONFIGURED,
    MAX_WAIT,
    RECORDING_SECONDS,
)
from ringback.domain.checks import LAST_READ, Check, seconds_to_next_check
from ringback.domain.errors import (
    CredentialsRefused,
    NotConfigured,
    NotTold,
    ProviderUnavailable,
    RingbackError,
    TaskUnreadable,
)
from ringback.domain.job_ids import made_at
from ringback.domain.jobs import GONE, ErrorKind, Job, JobError, JobId, JobStatus, ProviderTaskId
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.check_jobs import MAX_SPLITS, READ_BUDGET, CheckJobs, HandedBack
from ringback.use_cases.open_account import OpenAccount
from ringback.use_cases.probe_account import ProbeAccount
from ringback.use_cases.record_verdict import RecordVerdict

from tests.support.checks import check_one
from tests.support.in_memory import (
    AllTold,
    InMemoryAccounts,
    InMemoryArchiveQueue,
    InMemoryCheckQueue,
    InMemoryJobs,
    InMemoryQueues,
    InMemorySubmitQueue,
    InMemoryTold,
    ScriptedProvider,
)
from tests.support.jobs import NOON, TASK, a_job, a_job_id, a_report, a_stored_image

DEADLINE = NOON + timedelta(minutes=15)
OUR_URL = f"https://hooks.example/kie/{a_job_id()}"
SUCCESS, FAILURE = a_report(), a_report(TaskState.FAILED, code="500", message="no luck")
STILL_RUNNING = a_report(TaskState.RUNNING)
DOWN = ProviderUnavailable("down")


@dataclass
class Checker:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    queues: InMemoryQueues = field(default_factory=InMemoryQueues)
    provider: ScriptedProvider = field(default_factory=ScriptedProvider)
    accounts: InMemoryAccounts = field(default_factory=InMemoryAccounts)
    told: InMemoryTold = field(default_factory=AllTold)

    def __call__(
        self, *, at: datetime = DEADLINE, claimed: str | None = None, contradicts: bool = False
    ) -> Job | None:
        task = ProviderTaskId(claimed) if claimed else None
        check = Check(job_id=a_job_id(), claimed_task=task, contradicts_failure=contradicts)
        return check_one(self.check_jobs(at=at), check)

    def follow(self, check: Check, *, start: datetime, until: datetime) -> list[datetime]:
        """Deliver the check and those that follow it; return when each task was read."""
        reads, sent = list[datetime](), self.queues.sent_checks
        pending = [(start, check)]
        while pending and (earliest := min(pending, key=itemgetter(0)))[0] < until:
            pending.remove(earliest)
            at, check = earliest
            before = len(self.provider.read)
            check_one(self.check_jobs(at=at), check)
            reads += [at] * (len(self.provider.read) - before)
            # SQS delays a message by 15 minutes at most.
            pending += [(at + timedelta(seconds=min(delay, 900)), each) for each, delay in sent]
            sent.clear()
        return reads

    def check_jobs(
        self, *, at: datetime = DEADLINE, now: Callable[[], datetime] | None = None
    ) -> CheckJobs:
        now = now or (lambda: at)
        checks, archive = InMemoryCheckQueue(self.queues), InMemoryArchiveQueue(self.queues)
        clients = {"kie": self.provider}
        return CheckJobs(
            jobs=self.jobs,
            accounts=self.accounts,
            probe=ProbeAccount(accounts=self.accounts, clients=clients, now=now),
            checks=checks,
            archive=archive,
            queue=InMemorySubmitQueue(self.queues),
            record=RecordVerdict(
                jobs=self.jobs,
                checks=checks,
                archive=archive,
                open_account=OpenAccount(
                    accounts=self.accounts, announce=lambda account: None, now=now
                ),
                now=now,
            ),
            told=self.told,
            providers={"kie": self.provider.facts},
            clients=clients,
            callback_urls=lambda job: [f"https://hooks.example/kie/{job.job_id}"],
            now=now,
        )

    def status(
        self, *, at: datetime = DEADLINE, claimed: str | None = None, contradicts: bool = False
    ) -> JobStatus:
        job = self(at=at, claimed=claimed, contradicts=contradicts)
        assert job is not None
        assert job == self.jobs.get(job.job_id)
        return job.status


def a_checker(
    status: JobStatus = JobStatus.RUNNING,
    tasks: Mapping[str, TaskReport | RingbackError | None] | None = None,
    **changes: Any,
) -> Checker:
    checker = Checker()
    checker.provider.tasks.update(tasks or {})
    started = {JobStatus.RUNNING, JobStatus.ARCHIVING}
    known: dict[str, Any] = {"task_id": TASK} if status in started else {}
    checker.jobs.create(a_job(status, **(known | changes)))
    return checker


@pytest.mark.parametrize(
    "status",
    [JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.CANCELLED],
)
def test_a_check_of_a_final_job_makes_no_call(status: JobStatus) -> None:
    checker = a_checker(status)
    assert checker.status() is status
    assert checker.provider.read == []
    assert checker.queues == InMemoryQueues()


@pytest.mark.parametrize("claimed", [None, TASK])
@pytest.mark.parametrize("status", sorted(GONE))
def test_a_check_of_a_deleted_job_does_nothing(
    status: JobStatus, claimed: ProviderTaskId | None
) -> None:
    checker = a_checker(status, {TASK: a_report()}, changes=7)
    check_jobs = replace(checker.check_jobs(), providers={}, clients={})
    check = Check(job_id=a_job_id(), claimed_task=claimed)
    assert check_jobs([check]) == [checker.jobs.get(a_job_id())]
    assert checker.queues == InMemoryQueues()


def test_a_final_job_of_a_provider_that_is_gone_is_left_alone() -> None:
    checker = a_checker(JobStatus.SUCCEEDED)
    check_jobs = replace(checker.check_jobs(), providers={}, clients={})
    assert check_jobs([Check(job_id=a_job_id())]) == [checker.jobs.get(a_job_id())]


def test_a_check_that_finds_no_job_is_sent_once_more_and_then_dropped() -> None:
    checker = Checker()
    assert checker() is None
    [(again, delay)] = checker.queues.sent_checks
    assert (again, delay) == (Check(job_id=a_job_id(), found_no_job=True), RECORDING_SECONDS)
    checker.queues.sent_checks.clear()
    assert check_one(checker.check_jobs(), again) is None
    assert checker.queues == InMemoryQueues(due=[(a_job_id(), RECORDING_SECONDS)])


def test_a_job_that_is_recorded_late_keeps_its_check() -> None:
    """Without callbacks the check is due after 15 s; a slow write may take longer."""
    checker = Checker()
    checker.provider.calls_back = False
    assert checker(at=NOON + timedelta(seconds=15)) is None
    [(again, delay)] = checker.queues.sent_checks
    checker.jobs.create(a_job(JobStatus.ACCEPTED, queued_at=NOON))
    at = NOON + timedelta(seconds=15 + delay)
    assert check_one(checker.check_jobs(at=at), again) == checker.jobs.get(a_job_id())
    (later, _) = checker.queues.sent_checks[1]
    assert later == Check(job_id=a_job_id())


@pytest.mark.parametrize("status", [JobStatus.SUBMITTING, JobStatus.RUNNING])
def test_an_early_check_is_repeated_at_the_deadline(status: JobStatus) -> None:
    checker = a_checker(status)
    assert checker.status(at=DEADLINE - timedelta(seconds=40)) is status
    assert checker.queues.due == [(a_job_id(), 40)]
    assert checker.provider.read == []


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (SUCCESS, JobStatus.ARCHIVING),
        (FAILURE, JobStatus.FAILED),
        (STILL_RUNNING, JobStatus.RUNNING),
        (None, JobStatus.EXPIRED),
    ],
    ids=["success", "failure", "running", "not visible"],
)
def test_an_overdue_task_is_read_once(report: TaskReport | None, status: JobStatus) -> None:
    checker = a_checker(tasks={TASK: report})
    assert checker.status() is status
    assert checker.provider.read == [TASK]
    assert checker.queues.archive == ([(a_job_id(), 1, 0)] if report is SUCCESS else [])
    # A final job's last check is to see that its end was told.
    is_open = report in (SUCCESS, STILL_RUNNING)
    assert checker.queues.due == [(a_job_id(), 900 if is_open else 300)]


def test_a_task_that_is_still_generating_is_read_for_a_day() -> None:
    checker = a_checker(tasks={TASK: STILL_RUNNING}, submitted_at=NOON)
    reads = checker.follow(Check(job_id=a_job_id()), start=DEADLINE, until=NOON + 3 * LAST_READ)
    ages = [timedelta(minutes=15), timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)]
    assert reads == [NOON + age for age in ages]
    job = checker.jobs.get(a_job_id())
    assert (job.status, job.finished_at) == (JobStatus.EXPIRED, NOON + LAST_READ)


def test_without_callbacks_a_task_is_read_at_widening_intervals_for_a_day() -> None:
    checker = a_checker(tasks={TASK: STILL_RUNNING}, submitted_at=NOON)
    checker.provider.calls_back, checker.provider.max_batch_size = False, 50
    deadline = NOON + timedelta(minutes=30)
    checker.jobs.by_id[a_job_id()] = replace(checker.jobs.get(a_job_id()), deadline_at=deadline)
    reads = checker.follow(Check(job_id=a_job_id()), start=deadline, until=NOON + 3 * LAST_READ)
    gaps = [later - earlier for earlier, later in itertools.pairwise(reads)]
    assert (reads[0], reads[-1]) == (deadline, NOON + LAST_READ)
    assert gaps[:-1] == sorted(gaps[:-1])
    assert gaps[0] >= timedelta(minutes=15)
    assert len(reads) <= 12
    assert checker.jobs.get(a_job_id()).status is JobStatus.EXPIRED


@pytest.mark.parametrize("hours", [0.4, 0.9, 23.9])
def test_a_result_that_comes_hours_after_the_deadline_is_archived(hours: float) -> None:
    checker = a_checker(tasks={TASK: STILL_RUNNING}, submitted_at=NOON)
    check = Check(job_id=a_job_id())
    checker.follow(check, start=DEADLINE, until=NOON + timedelta(hours=hours))
    checker.provider.tasks[TASK] = SUCCESS
    checker.follow(check, start=NOON + timedelta(hours=hours), until=NOON + timedelta(days=1))
    assert checker.jobs.get(a_job_id()).status is JobStatus.ARCHIVING


def test_a_success_without_images_fails_and_may_be_charged() -> None:
    """Its answer and its task are kept, by which ``/archive`` reads it again."""
    checker = a_checker(tasks={TASK: a_report(image_urls=(), answer='{"pictures":7}')})
    job = checker()
    assert job is not None
    assert (job.answer, job.task_id) == ('{"pictures":7}', TASK)
    assert job.error is not None
    assert (job.status, job.error.kind, job.error.may_be_charged) == (
        JobStatus.FAILED,
        ErrorKind.NO_IMAGES,
        True,
    )


def test_an_ambiguous_submission_expires_and_may_be_charged() -> None:
    checker = a_checker(JobStatus.SUBMITTING)
    job = checker()
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error.kind, job.error.may_be_charged) == (
        JobStatus.EXPIRED,
        ErrorKind.NO_VERDICT,
        True,
    )
    assert (job.finished_at, checker.provider.created) == (DEADLINE, [])


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(hours=1)])
def test_a_check_that_was_held_up_leaves_time_to_record_the_answer(late: timedelta) -> None:
    """What held it up may have held up the answer to createTask as well."""
    checker = a_checker(JobStatus.SUBMITTING)
    assert checker.status(at=DEADLINE + late) is JobStatus.SUBMITTING
    [(check, delay)] = checker.queues.sent_checks
    assert delay == ANSWER_REDELIVERY.total_seconds()
    again = check_one(checker.check_jobs(at=DEADLINE + late + ANSWER_REDELIVERY), check)
    assert again is not None
    assert again.status is JobStatus.EXPIRED


def test_a_job_whose_client_was_told_that_it_is_not_queued_fails_uncharged() -> None:
    job = a_checker(JobStatus.ACCEPTED, not_queued_at=NOON)()
    assert job is not None
    assert job.error is not None
    assert (job.status, job.error.kind, job.error.may_be_charged) == (
        JobStatus.FAILED,
        ErrorKind.NOT_SUBMITTED,
        False,
    )


def test_an_accepted_job_without_a_mark_is_queued_again() -> None:
    """Its client may have been answered 202, and its message be lost (docs/decisions/0022)."""
    checker = a_checker(JobStatus.ACCEPTED)
    assert checker.status(at=DEADLINE - timedelta(seconds=1)) is JobStatus.ACCEPTED
    assert checker.queues.submit == []
    checker()
    job = checker.jobs.get(a_job_id())
    assert (job.status, job.queued_at) == (JobStatus.ACCEPTED, DEADLINE)
    assert checker.queues.submit == [(a_job_id(), 0, None)]
    assert len(checker.queues.due) == 2
    checker(at=DEADLINE + timedelta(minutes=15))
    assert len(checker.queues.submit) == 1


def test_a_row_without_a_mark_is_queued_for_its_turn() -> None:
    checker = a_checker(JobStatus.ACCEPTED, due_at=DEADLINE + timedelta(hours=1))
    checker()
    assert checker.queues.submit == [(a_job_id(), 3600, None)]


def test_an_accepted_job_without_a_mark_is_not_queued_for_ever() -> None:
    checker = a_checker(JobStatus.ACCEPTED)
    assert checker.status(at=NOON + MAX_WAIT) is JobStatus.FAILED
    assert checker.queues.submit == []


@pytest.mark.parametrize("status", [JobStatus.ACCEPTED, JobStatus.CANCELLED])
def test_a_recognized_record_is_believed_of_a_job_that_was_refused(status: JobStatus) -> None:
    """It was sent once, and released; the provider's own record says that it has the task."""
    record = replace(SUCCESS, callback_url=OUR_URL)
    checker = a_checker(status, {TASK: record}, submitted_at=NOON)
    assert checker.status(claimed=TASK) is JobStatus.ARCHIVING
    never_sent = a_checker(status, {TASK: record})
    assert never_sent.status(claimed=TASK) is status
    assert never_sent.provider.read == []


@pytest.mark.parametrize(
    "report", [STILL_RUNNING, a_report(image_urls=())], ids=["generating", "without images"]
)
def test_a_task_id_of_a_recognized_record_is_kept(report: TaskReport) -> None:
    early = NOON + timedelta(minutes=1)
    theirs = replace(report, callback_url="https://hooks.example/kie/another")
    for found, kept in ((replace(report, callback_url=OUR_URL), TASK), (theirs, None)):
        checker = a_checker(JobStatus.SUBMITTING, {TASK: found}, submitted_at=NOON)
        checker(at=early, claimed=TASK)
        assert checker.jobs.get(a_job_id()).task_id == kept


def test_checks_for_which_there_is_no_time_are_handed_back() -> None:
    """The table hangs: each read of a job takes four seconds."""
    checker, clock = a_checker(task_id=TASK), [DEADLINE]

    def slow(job_id: JobId) -> Job:
        clock[0] += timedelta(seconds=4)
        return a_job(JobStatus.SUCCEEDED)

    checker.jobs.get = slow  # type: ignore[method-assign]
    outcomes = checker.check_jobs(now=lambda: clock[0])([Check(job_id=a_job_id())] * 50)
    done = [outcome for outcome in outcomes if isinstance(outcome, Job)]
    assert len(done) == 14
    assert all(isinstance(outcome, HandedBack) for outcome in outcomes[14:])
    assert clock[0] - DEADLINE < timedelta(seconds=60)


def test_a_queued_job_keeps_waiting() -> None:
    checker = a_checker(JobStatus.ACCEPTED, queued_at=NOON)
    assert checker.status() is JobStatus.ACCEPTED
    assert len(checker.queues.due) == 1


@pytest.mark.parametrize("seconds", [30, 900])
def test_a_queued_job_is_checked_within_its_deadline_length(seconds: int) -> None:
    deadline = NOON + timedelta(seconds=seconds)
    checker = a_checker(JobStatus.ACCEPTED, queued_at=NOON, deadline_at=deadline)
    checker(at=deadline + timedelta(hours=1))
    assert checker.queues.due == [(a_job_id(), seconds)]


def test_a_queued_job_fails_uncharged_after_two_days() -> None:
    checker = a_checker(JobStatus.ACCEPTED, queued_at=NOON)
    assert checker.status(at=NOON + MAX_WAIT - timedelta(seconds=1)) is JobStatus.ACCEPTED
    assert checker.status(at=NOON + MAX_WAIT) is JobStatus.FAILED
    error = checker.jobs.get(a_job_id()).error
    assert error is not None
    assert (error.kind, error.may_be_charged) == (ErrorKind.NOT_SUBMITTED, False)


def test_the_two_days_of_a_sheet_row_start_when_it_is_due() -> None:
    due_at = NOON + timedelta(days=4)
    checker = a_checker(JobStatus.ACCEPTED, queued_at=NOON, due_at=due_at)
    assert checker.status(at=due_at) is JobStatus.ACCEPTED
    assert checker.status(at=due_at + MAX_WAIT) is JobStatus.FAILED


def paused_since(at: datetime, *, probe_at: datetime) -> Account:
    pause = Pause(reason="no_credits", since=at, probe_at=probe_at, probe_id="p")
    return Account(provider="kie", pause=pause)


def test_a_job_outwaits_any_pause() -> None:
    checker = a_checker(JobStatus.ACCEPTED, queued_at=NOON)
    for days in (2, 30, 300):
        at = NOON + timedelta(days=days)
        checker.accounts.accounts["kie"] = paused_since(NOON, probe_at=at)
        checker.jobs.mark_queued(a_job_id(), at=at)
        assert checker.status(at=at) is JobStatus.ACCEPTED
    opened_at = NOON + timedelta(days=300)
    checker.accounts.accounts["kie"] = Account(provider="kie", opened_at=opened_at)
    almost = opened_at + MAX_WAIT - timedelta(seconds=1)
    assert checker.status(at=almost) is JobStatus.ACCEPTED
    assert checker.status(at=opened_at + MAX_WAIT) is JobStatus.FAILED


def test_an_account_that_was_opened_before_the_job_gives_it_no_more_time() -> None:
    checker = a_checker(JobStatus.ACCEPTED, queued_at=NOON)
    opened_at = NOON - timedelta(hours=1)
    checker.accounts.accounts["kie"] = Account(provider="kie", opened_at=opened_at)
    assert checker.status(at=NOON + MAX_WAIT) is JobStatus.FAILED


def test_a_job_that_is_about_to_be_forgotten_ends_although_its_account_is_paused() -> None:
    checker = a_checker(JobStatus.ACCEPTED)
    last = checker.jobs.get(a_job_id()).forget_at - LAST_CALL
    checker.jobs.mark_queued(a_job_id(), at=last)
    checker.accounts.accounts["kie"] = paused_since(NOON, probe_at=last)
    assert checker.status(at=last - timedelta(seconds=1)) is JobStatus.ACCEPTED
    assert checker.status(at=last) is JobStatus.FAILED


def test_while_an_account_is_paused_its_jobs_are_checked_once_for_each_probe() -> None:
    at = NOON + timedelta(hours=3)
    checker = a_checker(JobStatus.ACCEPTED, queued_at=at, deadline_at=at)
    checker.provider.calls_back = False
    assert checker.status(at=at) is JobStatus.ACCEPTED
    paused = paused_since(NOON, probe_at=at + timedelta(minutes=14))
    checker.accounts.accounts["kie"] = paused
    assert checker.status(at=at) is JobStatus.ACCEPTED
    assert paused.pause is not None
    tried = replace(paused, pause=replace(paused.pause, half_open_at=at))
    checker.accounts.accounts["kie"] = tried
    assert checker.status(at=at) is JobStatus.ACCEPTED
    assert [delay for _, delay in checker.queues.due] == [60, 14 * 60 + 5, 60]


def test_a_paused_job_whose_message_is_lost_gets_another() -> None:
    checker = a_checker(JobStatus.ACCEPTED)
    checker.accounts.accounts["kie"] = paused_since(NOON, probe_at=DEADLINE)
    checker(at=NOON + 3 * MAX_WAIT)
    assert checker.jobs.get(a_job_id()).status is JobStatus.ACCEPTED
    assert checker.queues.submit == [(a_job_id(), 0, None)]


def test_an_archiving_job_gets_another_archive_message_and_another_check() -> None:
    checker = a_checker(JobStatus.ARCHIVING)
    assert checker.status() is JobStatus.ARCHIVING
    assert checker.queues.archive == [(a_job_id(), 1, 0)]
    assert checker.queues.due == [(a_job_id(), 900)]


def test_a_job_whose_images_are_never_copied_is_given_up_and_can_be_resumed() -> None:
    urls = ("https://cdn.example/1", "https://cdn.example/2")
    checker = a_checker(JobStatus.ARCHIVING, result_urls=urls, images=(a_stored_image(2),))
    checker.follow(Check(job_id=a_job_id()), start=DEADLINE, until=NOON + 2 * MAX_COPYING)
    job = checker.jobs.get(a_job_id())
    assert job.error is not None
    assert (job.status, job.error.kind) == (JobStatus.ARCHIVE_FAILED, ErrorKind.IMAGES_LOST)
    assert (job.error.missing, job.error.may_be_charged) == ((1,), True)
    assert 4 <= len(checker.queues.archive) <= 10


def test_a_check_while_copying_makes_progress_starts_anew() -> None:
    checker = a_checker(JobStatus.ARCHIVING, result_urls=("https://cdn.example/1",))
    idle = Check(job_id=a_job_id(), idle_until=NOON + timedelta(days=1), seen_at=NOON)
    check_one(checker.check_jobs(), idle)
    assert checker.queues.archive == []
    checker.jobs.add_images(a_job_id(), a_stored_image(), at=DEADLINE)
    check_one(checker.check_jobs(), idle)
    assert checker.queues.archive == [(a_job_id(), 1, 0)]


class Down:
    def add(self, job_id: JobId, **_: object) -> None:
        raise OSError("SQS is down")


@pytest.mark.parametrize("status", [JobStatus.ACCEPTED, JobStatus.ARCHIVING])
def test_a_message_that_cannot_be_sent_again_leaves_the_next_check(status: JobStatus) -> None:
    checker = a_checker(status, result_urls=("https://cdn.example/1",))
    check_jobs = replace(checker.check_jobs(), queue=Down(), archive=Down())
    [outcome] = check_jobs([Check(job_id=a_job_id())])
    assert isinstance(outcome, OSError)
    assert checker.queues.due == [(a_job_id(), 900)]
    assert checker.jobs.get(a_job_id()).queued_at is None


def changing_once_read(checker: Checker, change: Callable[[], object]) -> None:
    """Have something else happen to the job between the check's read and its write."""
    get = checker.jobs.get

    def get_then_change(job_id: JobId) -> Job:
        job = get(job_id)
        checker.jobs.get = get  # type: ignore[method-assign]
        change()
        return job

    checker.jobs.get = get_then_change  # type: ignore[method-assign]


def test_copying_that_makes_progress_meanwhile_is_not_given_up() -> None:
    checker = a_checker(JobStatus.ARCHIVING, result_urls=("https://cdn.example/1",))
    at = NOON + MAX_COPYING
    changing_once_read(
        checker, lambda: checker.jobs.add_images(a_job_id(), a_stored_image(), at=at)
    )
    job = checker(at=at)
    assert job is not None
    assert job.status is JobStatus.ARCHIVING


def test_another_write_meanwhile_does_not_keep_a_job_from_expiring() -> None:
    """Nothing else would end it: this was its check."""
    checker = a_checker(JobStatus.SUBMITTING)
    job = replace(checker.jobs.get(a_job_id()), updated_at=DEADLINE)
    changing_once_read(checker, lambda: checker.jobs.by_id.update({job.job_id: job}))
    expired = checker()
    assert expired is not None
    assert expired.status is JobStatus.EXPIRED


def test_an_unavailable_provider_is_asked_every_half_minute_for_ten_minutes_at_each_read() -> None:
    checker = a_checker(tasks={TASK: DOWN}, submitted_at=NOON)
    reads = checker.follow(Check(job_id=a_job_id()), start=DEADLINE, until=NOON + 3 * LAST_READ)
    assert reads[:MAX_UNANSWERED] == [
        DEADLINE + n * timedelta(seconds=30) for n in range(MAX_UNANSWERED)
    ]
    assert len(reads) == 4 * MAX_UNANSWERED
    job = checker.jobs.get(a_job_id())
    assert job.status is JobStatus.EXPIRED
    assert job.finished_at == reads[-1] > NOON + LAST_READ + timedelta(minutes=9)


def test_an_outage_of_hours_loses_no_result() -> None:
    checker = a_checker(tasks={TASK: DOWN}, submitted_at=NOON)
    check = Check(job_id=a_job_id())
    checker.follow(check, start=DEADLINE, until=NOON + timedelta(hours=20))
    assert checker.jobs.get(a_job_id()).status is JobStatus.RUNNING
    checker.provider.tasks[TASK] = SUCCESS
    checker.follow(check, start=NOON + timedelta(hours=20), until=NOON + timedelta(days=2))
    assert checker.jobs.get(a_job_id()).status is JobStatus.ARCHIVING


def test_a_check_that_comes_late_out_of_a_redrive_expires_no_job_at_one_hiccup() -> None:
    checker = a_checker(tasks={TASK: DOWN}, submitted_at=NOON)
    late = NOON + timedelta(days=3)
    check_one(checker.check_jobs(at=late), Check(job_id=a_job_id(), unanswered=3))
    assert checker.jobs.get(a_job_id()).status is JobStatus.RUNNING
    check_one(checker.check_jobs(at=late), Check(job_id=a_job_id(), unanswered=MAX_UNANSWERED - 1))
    assert checker.jobs.get(a_job_id()).status is JobStatus.EXPIRED


def test_a_job_waits_two_days_for_its_provider_s_key() -> None:
    checker = a_checker(tasks={TASK: NotConfigured("no key")}, submitted_at=NOON)
    check = Check(job_id=a_job_id())
    reads = checker.follow(check, start=DEADLINE, until=NOON + timedelta(days=5))
    assert MAX_UNCONFIGURED <= len(reads) <= MAX_UNCONFIGURED + 1
    assert checker.jobs.get(a_job_id()).status is JobStatus.EXPIRED
    assert reads[MAX_UNCONFIGURED - 1] - DEADLINE > timedelta(days=1, hours=23)


def test_a_key_that_is_blank_for_an_hour_loses_nothing() -> None:
    checker = a_checker(tasks={TASK: NotConfigured("no key")}, submitted_at=NOON)
    now, check = DEADLINE, Check(job_id=a_job_id())
    while now < DEADLINE + timedelta(hours=1):
        check_one(checker.check_jobs(at=now), check)
        check, delay = checker.queues.sent_checks[-1]
        now += timedelta(seconds=delay)
    checker.provider.tasks[TASK] = DOWN
    check_one(checker.check_jobs(at=now), check)
    check, _ = checker.queues.sent_checks[-1]
    assert (check.unanswered, check.unconfigured) == (1, 0)
    checker.provider.tasks[TASK] = SUCCESS
    check_one(checker.check_jobs(at=now), check)
    assert checker.jobs.get(a_job_id()).status is JobStatus.ARCHIVING


def test_a_claim_reads_the_task_before_the_deadline() -> None:
    checker = a_checker(tasks={TASK: SUCCESS})
    assert checker.status(at=NOON, claimed=TASK) is JobStatus.ARCHIVING


def test_a_claim_about_a_running_task_queues_no_other_check() -> None:
    checker = a_checker(tasks={TASK: STILL_RUNNING})
    assert checker.status(at=NOON, claimed=TASK) is JobStatus.RUNNING
    assert checker.queues.due == []


def test_a_claim_is_repeated_while_the_provider_is_unavailable() -> None:
    checker = a_checker(tasks={TASK: DOWN})
    checker(at=NOON, claimed=TASK)
    assert checker.queues.claims == [(a_job_id(), TASK, 30)]


def test_a_claim_reads_the_recorded_task_if_there_is_one() -> None:
    checker = a_checker(tasks={TASK: STILL_RUNNING, "another": SUCCESS})
    assert checker.status(at=NOON, claimed="another") is JobStatus.RUNNING
    assert checker.provider.read == [TASK]


def test_a_claimed_task_with_our_url_is_accepted() -> None:
    checker = a_checker(JobStatus.SUBMITTING, {TASK: a_report(callback_url=OUR_URL)})
    assert checker.status(at=NOON, claimed=TASK) is JobStatus.ARCHIVING
    assert checker.jobs.get(a_job_id()).task_id == TASK


@pytest.mark.parametrize("echoed", ["", "https://hooks.example/kie/job_of_another"])
def test_a_claimed_task_with_another_url_is_ignored(echoed: str) -> None:
    checker = a_checker(JobStatus.SUBMITTING, {TASK: a_report(callback_url=echoed)})
    assert checker.status(at=NOON, claimed=TASK) is JobStatus.SUBMITTING
    assert checker.queues == InMemoryQueues()


def test_a_claim_waits_for_the_callback_secret() -> None:
    """A blank secret for an hour must not cost the claim."""
    checker = a_checker(JobStatus.SUBMITTING, {TASK: a_report(callback_url=OUR_URL)})

    def no_secret(job: Job) -> list[str]:
        raise NotConfigured("no callback secret")

    check = Check(job_id=a_job_id(), claimed_task=TASK)
    check_one(replace(checker.check_jobs(at=NOON), callback_urls=no_secret), check)
    [(again, delay)] = checker.queues.sent_checks
    assert (again, delay) == (replace(check, unconfigured=1), 30)


@pytest.mark.parametrize("status", [JobStatus.ACCEPTED, JobStatus.ARCHIVING])
def test_a_claim_about_a_job_without_an_open_task_is_ignored(status: JobStatus) -> None:
    checker = a_checker(status)
    assert checker.status(at=NOON, claimed=TASK) is status
    assert checker.queues == InMemoryQueues()


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (a_report(callback_url=OUR_URL), JobStatus.ARCHIVING),
        (a_report(TaskState.FAILED, callback_url=OUR_URL), JobStatus.FAILED),
        (a_report(TaskState.RUNNING, callback_url=OUR_URL), JobStatus.EXPIRED),
        (SUCCESS, JobStatus.EXPIRED),
        (None, JobStatus.EXPIRED),
    ],
    ids=["success", "failure", "running", "not ours", "not visible"],
)
def test_a_claim_about_an_expired_job_is_checked(
    report: TaskReport | None, status: JobStatus
) -> None:
    checker = a_checker(JobStatus.EXPIRED, {TASK: report})
    assert checker.status(claimed=TASK) is status
    assert checker.provider.read == [TASK]


def test_a_claimed_task_that_is_not_visible_yet_is_read_once_more() -> None:
    checker = a_checker(JobStatus.SUBMITTING, {TASK: None}, submitted_at=NOON)
    assert checker.status(at=NOON + timedelta(seconds=20), claimed=TASK) is JobStatus.SUBMITTING
    assert checker.queues.claims == [(a_job_id(), TASK, 70)]
    assert checker.status(at=NOON + MAX_INVISIBLE, claimed=TASK) is JobStatus.SUBMITTING
    assert len(checker.queues.claims) == 1


def test_a_recorded_task_that_is_not_visible_yet_is_left_to_its_own_check() -> None:
    checker = a_checker(tasks={TASK: None}, submitted_at=NOON)
    assert checker.status(at=NOON, claimed=TASK) is JobStatus.RUNNING
    assert checker.queues == InMemoryQueues()


@pytest.mark.parametrize("status", [JobStatus.EXPIRED, JobStatus.FAILED])
def test_a_claim_about_a_final_job_raises_while_the_provider_is_unavailable(
    status: JobStatus,
) -> None:
    """The claim is in this message only: it is sent again whole, and then kept by SQS."""
    checker = a_checker(status, {TASK: DOWN}, task_id=TASK)
    contradicts = status is JobStatus.FAILED
    check = Check(job_id=a_job_id(), claimed_task=TASK, contradicts_failure=contradicts)
    for tried in range(1, MAX_UNANSWERED):
        assert check_one(checker.check_jobs(), check) == checker.jobs.get(a_job_id())
        check, delay = checker.queues.sent_checks.pop()
        assert (check.claimed_task, check.contradicts_failure) == (TASK, contradicts)
        assert (check.unanswered, delay) == (tried, 30)
    checker.queues.claims.clear()
    with pytest.raises(ProviderUnavailable):
        check_one(checker.check_jobs(), check)
    assert checker.queues == InMemoryQueues()


def test_an_overdue_claim_is_repeated_while_the_provider_is_unavailable() -> None:
    checker = a_checker(JobStatus.SUBMITTING, {TASK: DOWN})
    assert checker.status(claimed=TASK) is JobStatus.SUBMITTING
    assert checker.queues.claims == [(a_job_id(), TASK, 30)]


@pytest.mark.parametrize(
    ("report", "status"),
    [
        (SUCCESS, JobStatus.ARCHIVING),
        (FAILURE, JobStatus.FAILED),
        (STILL_RUNNING, JobStatus.FAILED),
        (None, JobStatus.FAILED),
    ],
    ids=["success", "failure", "running", "not visible"],
)
def test_the_record_settles_a_success_that_contradicts_a_failure(
    report: TaskReport | None, status: JobStatus
) -> None:
    checker = a_checker(JobStatus.FAILED, {TASK: report}, task_id=TASK)
    assert checker.status(claimed=TASK, contradicts=True) is status
    assert checker.provider.read == [TASK]


def test_an_unproven_claim_does_not_reopen_a_failure() -> None:
    checker = a_checker(JobStatus.FAILED, {TASK: SUCCESS}, task_id=TASK)
    assert checker.status(claimed=TASK) is JobStatus.FAILED
    assert checker.provider.read == []


# ------------------------------------------------------------------ batches


def many_jobs(size: int, *, calls_back: bool = False) -> tuple[Checker, list[Check]]:
    """Return checks of running jobs with a task each, all due."""
    checker = Checker()
    checker.provider.calls_back = calls_back
    checker.provider.max_batch_size = 1 if calls_back else 50
    for number in range(size):
        task = ProviderTaskId(f"task_{number}")
        checker.provider.tasks[task] = a_report(TaskState.RUNNING, task_id=task)
        job = a_job(JobStatus.RUNNING, number=number, task_id=task, submitted_at=NOON)
        checker.jobs.create(job)
    return checker, [Check(job_id=a_job_id(number)) for number in range(size)]


def test_many_tasks_are_read_in_one_call() -> None:
    checker, checks = many_jobs(120)
    outcomes = checker.check_jobs(at=NOON + timedelta(minutes=1))(checks)
    assert [type(outcome) for outcome in outcomes] == [Job] * 120
    assert [len(call) for call in checker.provider.calls] == [50, 50, 20]
    assert len(checker.queues.due) == 120


def test_one_failed_check_does_not_fail_the_batch() -> None:
    checker, checks = many_jobs(3)
    checker.provider.tasks[ProviderTaskId("task_1")] = a_report(task_id=ProviderTaskId("other"))
    outcomes = checker.check_jobs(at=NOON + timedelta(minutes=1))(checks)
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [False, True, False]
    assert [job_id for job_id, _ in checker.queues.due] == [a_job_id(0), a_job_id(2)]


def test_an_unavailable_provider_is_skipped_for_the_rest_of_the_batch() -> None:
    checker, checks = many_jobs(3, calls_back=True)
    checker.provider.tasks[ProviderTaskId("task_0")] = DOWN
    checker.check_jobs(at=DEADLINE)(checks)
    assert checker.provider.read == ["task_0"]
    assert checker.queues.due == [(a_job_id(number), 30) for number in range(3)]
    # Only a question that was put counts.
    assert [check.unanswered for check, _ in checker.queues.sent_checks] == [1, 0, 0]


def test_what_the_provider_itself_answered_is_about_that_task_only() -> None:
    checker, checks = many_jobs(4, calls_back=True)
    for number in range(4):
        task = ProviderTaskId(f"task_{number}")
        checker.provider.tasks[task] = a_report(task_id=task)
    checker.provider.tasks[ProviderTaskId("task_0")] = TaskUnreadable("500")
    checker.check_jobs(at=DEADLINE)(checks)
    assert checker.provider.read == [f"task_{number}" for number in range(4)]
    ends = [checker.jobs.get(a_job_id(number)).status for number in range(4)]
    assert ends == [JobStatus.RUNNING, *[JobStatus.ARCHIVING] * 3]
    unanswered = [check.unanswered for check, _ in checker.queues.sent_checks]
    assert sorted(unanswered) == [0, 0, 0, 1]


@pytest.mark.parametrize("bad", [(0,), (49,), (17, 40)])
def test_a_task_that_spoils_its_page_is_found(bad: tuple[int, ...]) -> None:
    checker, checks = many_jobs(50, calls_back=False)
    checker.provider.max_batch_size = 50
    for number in range(50):
        task = ProviderTaskId(f"task_{number}")
        checker.provider.tasks[task] = a_report(task_id=task)
    for number in bad:
        checker.provider.tasks[ProviderTaskId(f"task_{number}")] = TaskUnreadable("50000")
    checker.check_jobs(at=NOON + timedelta(minutes=30))(checks)
    ends = [checker.jobs.get(a_job_id(number)).status for number in range(50)]
    assert [n for n in range(50) if ends[n] is not JobStatus.ARCHIVING] == list(bad)
    assert len(checker.provider.calls) <= 1 + 2 * MAX_SPLITS


def test_a_provider_that_can_read_nothing_is_asked_a_bounded_number_of_times() -> None:
    checker, checks = many_jobs(50, calls_back=False)
    checker.provider.max_batch_size = 50
    for number in range(50):
        checker.provider.tasks[ProviderTaskId(f"task_{number}")] = TaskUnreadable("50000")
    checker.check_jobs(at=NOON + timedelta(minutes=30))(checks)
    assert len(checker.provider.calls) == 1 + 2 * MAX_SPLITS
    assert len(checker.queues.due) == 50


def test_a_refused_key_is_asked_with_once() -> None:
    checker, checks = many_jobs(3, calls_back=True)
    checker.provider.tasks[ProviderTaskId("task_0")] = CredentialsRefused("401")
    checker.check_jobs(at=DEADLINE)(checks)
    assert checker.provider.read == ["task_0"]
    assert [check.unconfigured for check, _ in checker.queues.sent_checks] == [1, 1, 1]


@pytest.mark.parametrize("reason", ["unavailable", "no time"])
def test_a_job_whose_task_was_not_read_does_not_expire(reason: str) -> None:
    checker, checks = many_jobs(20, calls_back=True)
    for number in range(20):
        task = ProviderTaskId(f"task_{number}")
        checker.provider.tasks[task] = a_report(task_id=task)
    late = NOON + LAST_READ + timedelta(minutes=1)
    if reason == "unavailable":
        checker.provider.tasks[ProviderTaskId("task_0")] = DOWN
        checks[0] = replace(checks[0], unanswered=MAX_UNANSWERED - 1)
        checker.check_jobs(at=late)(checks)
    else:
        times = itertools.chain([late], itertools.repeat(late + READ_BUDGET))
        checker.check_jobs(now=lambda: next(times))(checks)
    ends = [checker.jobs.get(a_job_id(number)).status for number in range(20)]
    first = JobStatus.EXPIRED if reason == "unavailable" else JobStatus.ARCHIVING
    assert ends == [first, *[JobStatus.RUNNING] * 19]
    archived = [(a_job_id(0), 300 if reason == "unavailable" else 900)]
    assert checker.queues.due == archived + [(a_job_id(number), 30) for number in range(1, 20)]


def test_an_error_of_ours_does_not_skip_the_provider() -> None:
    checker, checks = many_jobs(3, calls_back=True)
    checker.provider.tasks[ProviderTaskId("task_0")] = RingbackError("a bug")
    outcomes = checker.check_jobs(at=DEADLINE)(checks)
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [True, False, False]
    assert checker.provider.read == ["task_0", "task_1", "task_2"]


def test_an_hour_s_delay_and_one_hiccup_expire_no_job(
    record_property: Callable[[str, object], None],
) -> None:
    """Every tenth read is answered 429; the provider has every result."""
    checker, checks = many_jobs(200, calls_back=True)
    reads = itertools.count(1)

    def busy(task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        if next(reads) % 10 == 0:
            raise ProviderUnavailable("recordInfo answered 429")
        return {task_id: a_report(task_id=task_id) for task_id in task_ids}

    checker.provider.read_tasks = busy  # type: ignore[method-assign]
    late = DEADLINE + timedelta(hours=1)
    for start in range(0, 200, 9):
        checker.check_jobs(at=late)(checks[start : start + 9])
    for check in checks:
        checker.check_jobs(at=late)([check])
    ends = Counter(job.status for job in checker.jobs.by_id.values())
    record_property("tried: checks that came an hour late", 200)
    assert ends[JobStatus.EXPIRED] == 0, ends


def test_two_checks_of_one_job_read_its_task_once() -> None:
    checker, checks = many_jobs(1)
    first, second = checker.check_jobs(at=NOON + timedelta(minutes=1))(checks * 2)
    assert first == second == checker.jobs.get(a_job_id())
    assert checker.provider.read == ["task_0"]


def test_a_failed_read_of_one_job_does_not_fail_the_batch() -> None:
    checker, checks = many_jobs(3)
    get = checker.jobs.get

    def throttled(job_id: JobId) -> Job:
        if job_id == a_job_id(1):
            raise OSError("throttled")
        return get(job_id)

    checker.jobs.get = throttled  # type: ignore[method-assign]
    outcomes = checker.check_jobs(at=NOON + timedelta(minutes=1))(checks)
    assert [type(outcome) for outcome in outcomes] == [Job, OSError, Job]


def test_batch_capable_providers_are_read_first() -> None:
    """The other provider takes all the time there is; its first read comes after theirs."""
    checker, checks = many_jobs(3)
    now = DEADLINE
    slow, reads = ScriptedProvider(), list[tuple[str, int]]()
    job = a_job(JobStatus.RUNNING, number=3, task_id=TASK)
    checker.jobs.create(replace(job, request=replace(job.request, provider="slow")))
    checker.provider.max_batch_size = 2
    read_batch = checker.provider.read_tasks

    def read_fast(task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        reads.append(("fast", len(task_ids)))
        return read_batch(task_ids)

    def read_slowly(task_ids: Sequence[ProviderTaskId]) -> Mapping[ProviderTaskId, TaskReport]:
        nonlocal now
        now += READ_BUDGET
        reads.append(("slow", len(task_ids)))
        return {}

    checker.provider.read_tasks = read_fast  # type: ignore[method-assign]
    slow.read_tasks = read_slowly  # type: ignore[method-assign]
    check_jobs = checker.check_jobs(now=lambda: now)
    check_jobs = replace(
        check_jobs,
        providers={"slow": slow.facts, **check_jobs.providers},
        clients={"slow": slow, **check_jobs.clients},
    )
    check_jobs([Check(job_id=a_job_id(3)), *checks])
    assert reads == [("fast", 2), ("fast", 1), ("slow", 1)]


@pytest.mark.parametrize("claimed", [None, TASK])
def test_a_success_without_images_is_checked_again_until_the_deadline(claimed: str | None) -> None:
    checker = a_checker(tasks={TASK: a_report(image_urls=())}, submitted_at=NOON)
    checker.provider.calls_back = False
    assert checker.status(at=NOON + timedelta(minutes=1), claimed=claimed) is JobStatus.RUNNING
    assert len(checker.queues.due) == (0 if claimed else 1)


def test_when_time_runs_out_the_rest_is_left_to_a_later_check() -> None:
    checker, checks = many_jobs(3, calls_back=True)
    times = itertools.chain([DEADLINE] * 4, itertools.repeat(DEADLINE + READ_BUDGET))
    checker.check_jobs(now=lambda: next(times))(checks)
    assert 0 < len(checker.provider.read) < 3
    asked = len(checker.provider.read)
    delays = [900] * asked + [30] * (3 - asked)
    assert checker.queues.due == [(a_job_id(n), delay) for n, delay in enumerate(delays)]


def test_without_callbacks_no_task_is_read_too_early_or_without_an_id() -> None:
    checker, checks = many_jobs(1)
    checker.check_jobs(at=NOON + timedelta(seconds=14))(checks)
    checker.jobs.by_id[a_job_id()] = a_job(JobStatus.SUBMITTING, submitted_at=NOON)
    checker.check_jobs(at=NOON + timedelta(minutes=5))(checks)
    assert checker.provider.calls == []
    assert len(checker.queues.due) == 2


def test_batching_saves_four_fifths_of_the_calls(
    record_property: Callable[[str, object], None],
) -> None:
    """200 jobs, checked as Lambda reads the queue: two pollers share what came in two seconds."""
    random = Random(66)  # noqa: S311
    checker, _ = many_jobs(0)
    checker.provider.max_batch_size, checker.provider.calls_back = 50, False
    ends: dict[ProviderTaskId, datetime] = {}
    due_checks: list[tuple[datetime, Check]] = []
    for number in range(200):
        task = ProviderTaskId(f"task_{number}")
        began = NOON + timedelta(seconds=number * 1.05)
        ends[task] = began + timedelta(seconds=random.uniform(10, 240))
        job = a_job(JobStatus.RUNNING, number=number, task_id=task, submitted_at=began)
        job = replace(job, deadline_at=began + timedelta(minutes=30))
        checker.jobs.create(job)
        delay = seconds_to_next_check(job, at=began, calls_back=False)
        due_checks.append((began + timedelta(seconds=delay), Check(job_id=job.job_id)))
    while due_checks:
        now = min(due for due, _ in due_checks) + timedelta(seconds=2)
        batch = [check for due, check in due_checks if due <= now]
        due_checks = [(due, check) for due, check in due_checks if due > now]
        for task, end in ends.items():
            state = TaskState.SUCCEEDED if end <= now else TaskState.RUNNING
            checker.provider.tasks[task] = a_report(state, task_id=task)
        for share in (batch[::2], batch[1::2]):
            for start in range(0, len(share), 50):
                checker.check_jobs(at=now)(share[start : start + 50])
        due_checks += [
            (now + timedelta(seconds=delay), Check(job_id=job_id))
            for job_id, delay in checker.queues.due
            if checker.jobs.get(job_id).status is JobStatus.RUNNING
        ]
        checker.queues.due.clear()
    assert {job.status for job in checker.jobs.by_id.values()} == {JobStatus.ARCHIVING}
    calls, questions = len(checker.provider.calls), len(checker.provider.read)
    record_property("tried: calls for 200 waiting jobs", calls)
    record_property("tried: questions in them", questions)
    assert calls * 5 <= questions


def test_a_shape_that_can_be_read_at_last_saves_the_images() -> None:
    """``/archive`` of a job without images: its record is read again (``ResumeArchive``)."""
    unread = JobError(kind=ErrorKind.NO_IMAGES, message="no image", may_be_charged=True)
    for report, status in (
        (SUCCESS, JobStatus.ARCHIVING),
        (replace(SUCCESS, image_urls=()), JobStatus.FAILED),
    ):
        checker = a_checker(JobStatus.FAILED, {TASK: report}, task_id=TASK, error=unread)
        assert checker.status(claimed=TASK, contradicts=True) is status


LONG_AFTER = DEADLINE + timedelta(hours=1)


def test_jobs_that_were_told_are_found_together() -> None:
    """The usual case: neither is read by itself."""
    job, asked = a_job(JobStatus.SUCCEEDED, number=1), list[list[JobId]]()

    def told_jobs(job_ids: Collection[JobId]) -> Mapping[JobId, Job]:
        asked.append([*job_ids])
        return {job.job_id: job}

    checker = a_checker(JobStatus.RUNNING, task_id=TASK)
    check_jobs = replace(checker.check_jobs(at=LONG_AFTER), told_jobs=told_jobs)
    checks = [Check(job_id=a_job_id(number)) for number in (0, 1)]
    of_a_claim = Check(job_id=a_job_id(2), claimed_task=TASK)
    open_job, told, _ = check_jobs([*checks, of_a_claim])
    assert (told, open_job) == (job, checker.jobs.get(a_job_id()))
    assert asked == [[a_job_id(0), a_job_id(1)]]


def test_a_young_job_is_looked_at_by_itself() -> None:
    checker = a_checker(JobStatus.RUNNING, task_id=TASK)
    check_jobs = checker.check_jobs(at=made_at(a_job_id()) + timedelta(minutes=4))
    check_jobs = replace(check_jobs, told_jobs=lambda job_ids: pytest.fail())
    assert check_one(check_jobs, Check(job_id=a_job_id())) == checker.jobs.get(a_job_id())


def test_jobs_that_cannot_be_read_together_are_read_by_themselves() -> None:
    def throttled(job_ids: Collection[JobId]) -> Mapping[JobId, Job]:
        raise OSError

    checker = a_final_job(told=3)
    check_jobs = replace(checker.check_jobs(at=LONG_AFTER), told_jobs=throttled)
    assert check_one(check_jobs, Check(job_id=a_job_id())) == checker.jobs.get(a_job_id())


def a_final_job(*, told: int | None) -> Checker:
    checker = Checker(told=InMemoryTold())
    job = a_job(JobStatus.FAILED, changes=3, updated_at=DEADLINE)
    checker.jobs.create(job)
    if told is not None:
        checker.told.add([replace(job, changes=told)])
    return checker


@pytest.mark.parametrize("told", [3, 4])
def test_a_job_whose_end_was_told_needs_no_further_check(told: int) -> None:
    checker = a_final_job(told=told)
    assert checker.status(at=LONG_AFTER) is JobStatus.FAILED
    assert checker.queues.due == []
    assert checker.jobs.get(a_job_id()).tell_again_at is None


@pytest.mark.parametrize("told", [None, 1])
def test_an_end_that_was_not_told_is_told_again(told: int | None) -> None:
    """SQS delivers the check again until the end was told."""
    checker = a_final_job(told=told)
    for at in (LONG_AFTER, LONG_AFTER + timedelta(minutes=11)):
        with pytest.raises(NotTold):
            checker(at=at)
        assert checker.jobs.get(a_job_id()).tell_again_at == at
    checker.told.add([checker.jobs.get(a_job_id())])
    assert checker.status(at=LONG_AFTER + timedelta(minutes=22)) is JobStatus.FAILED
    assert checker.queues.due == []


def test_an_end_may_be_under_way_for_five_minutes() -> None:
    checker = a_final_job(told=None)
    assert checker.status(at=DEADLINE + timedelta(minutes=1)) is JobStatus.FAILED
    assert checker.queues.due == [(a_job_id(), 240)]
    assert checker.jobs.get(a_job_id()).tell_again_at is None
    with pytest.raises(NotTold):
        checker(at=DEADLINE + timedelta(minutes=5))


def test_a_job_that_ended_before_changes_were_counted_is_not_told_again() -> None:
    checker = Checker(told=InMemoryTold())
    checker.jobs.create(a_job(JobStatus.SUCCEEDED))
    assert checker.status(at=LONG_AFTER) is JobStatus.SUCCEEDED
    assert checker.queues.due == []


def test_a_claim_about_a_final_job_leaves_the_telling_to_its_own_check() -> None:
    checker = a_final_job(told=None)
    assert checker.status(at=LONG_AFTER, claimed=TASK) is JobStatus.FAILED
    assert checker.queues.due == []
