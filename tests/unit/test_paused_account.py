"""A paused account: its jobs wait, one probe asks, one job tries, and only a task opens it."""

import heapq
import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from ringback.domain.accounts import (
    AFTER_OTHERS,
    LONGEST,
    LOST_PROBE,
    MAX_UNANSWERED_PROBES,
    PROBE_TIME,
    RECHECK,
    TRIAL,
    Account,
    Balance,
    Hold,
    HoldReason,
    PauseReason,
    Probe,
    ProbeAnswer,
)
from ringback.domain.drops import DroppedJob
from ringback.domain.errors import (
    CredentialsRefused,
    NotConfigured,
    ProviderUnavailable,
    UnknownProvider,
)
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.domain.verdicts import (
    Answered,
    OutcomeUnknown,
    Submission,
    TaskRefused,
    TaskReport,
    TaskState,
)
from ringback.use_cases.accept_job import NewJob
from ringback.use_cases.resume_account import ResumeAccount
from ringback.use_cases.submit_job import MAX_ACCOUNT_REFUSALS, MAX_ATTEMPTS

from tests.support.harness import CREATED, Harness, answering
from tests.support.in_memory import InMemorySubmitQueue
from tests.support.jobs import MODEL, NOON, a_job_id, a_report, a_request

NO_CREDITS = TaskRefused(code="402", message="no", account=PauseReason.NO_CREDITS)
NO = TaskRefused(code="422", message="prompt not allowed")
BUSY = TaskRefused(code="429", message="slow down", retry_after=10, too_fast=True)
AWAY = TaskRefused(code="455", message="maintenance", retry_after=300, maintenance=True)
UNKNOWN = OutcomeUnknown(reason="ReadTimeout")
# "Credits insufficient" under code 500.
PERHAPS_NO_CREDITS = OutcomeUnknown(reason="500", account=PauseReason.NO_CREDITS)


@pytest.fixture
def harness() -> Harness:
    return Harness()


def paused(harness: Harness, *later: Submission) -> Job:
    """Post a job that the account is refused for."""
    return answering(harness, NO_CREDITS, *later).accept()


def half_open(harness: Harness, *later: Submission) -> Job:
    job = paused(harness, *later)
    assert harness.probe().is_half_open
    return job


def posted(harness: Harness) -> Job:
    """Post a job whose message has not been delivered yet."""
    return harness.acceptor(NewJob(request=a_request(), client="studio"))


def next_delay(harness: Harness, job: Job) -> timedelta:
    return timedelta(
        seconds=[delay for each, delay, _ in harness.queues.submit if each == job.job_id][-1]
    )


def test_a_refused_account_is_paused_and_the_job_waits(harness: Harness) -> None:
    job = paused(harness)
    assert (job.status, job.error) == (JobStatus.ACCEPTED, None)
    waiting, pause = harness.jobs.get(job.job_id), harness.account.pause
    assert (waiting.attempts, waiting.queued_at) == (0, NOON)
    assert pause is not None
    assert (pause.reason, pause.since, pause.refused_job) == ("no_credits", NOON, job.job_id)
    [(probe, delay)] = harness.queues.probes
    assert (probe.probe_id, delay) == (pause.probe_id, 30)
    assert pause.probe_at == NOON + timedelta(seconds=30)
    assert next_delay(harness, job) >= timedelta(seconds=30)


def test_a_likely_refusal_keeps_its_own_job_and_holds_back_all_others(harness: Harness) -> None:
    first = answering(harness, PERHAPS_NO_CREDITS, CREATED).accept()
    assert (first.status, first.error, first.attempts) == (JobStatus.SUBMITTING, None, 1)
    pause = harness.account.pause
    assert pause is not None
    assert (pause.reason, pause.since) == ("no_credits", NOON)
    assert len(harness.queues.probes) == 1
    others = [harness.accept() for _ in range(5)]
    assert {job.status for job in others} == {JobStatus.ACCEPTED}
    assert len(harness.provider.created) == 1
    harness.probe()
    assert harness.take_turn(first.job_id).status is JobStatus.SUBMITTING
    assert harness.take_turn(others[0].job_id).status is JobStatus.RUNNING
    assert harness.account.pause is None


def test_a_likely_refusal_of_the_trial_pauses_again(harness: Harness) -> None:
    job = half_open(harness, PERHAPS_NO_CREDITS, CREATED)
    assert harness.take_turn(job.job_id).status is JobStatus.SUBMITTING
    pause = harness.account.pause
    assert pause is not None
    assert pause.half_open_at is None


@pytest.mark.parametrize("later", [timedelta(0), timedelta(seconds=1)])
def test_a_likely_refusal_that_is_no_news_pauses_nothing(
    harness: Harness, later: timedelta
) -> None:
    """Its job has a task after all, or the account was opened since its call."""
    job = answering(harness, UNKNOWN).accept()
    if later:
        harness.now += later
        opener = half_open(harness, CREATED)
        harness.take_turn(opener.job_id)
    else:
        harness.jobs.move(
            job.job_id, expect=[JobStatus.SUBMITTING], to=JobStatus.RUNNING, at=harness.now
        )
    answer = PERHAPS_NO_CREDITS
    late = Answered(job_id=job.job_id, attempt_id=job.attempt_id or "", answer=answer)
    harness.submitter.record(late, seconds_left=harness.time_for())
    assert harness.account.pause is None


def test_the_probe_is_sent_before_the_pause_is_written(harness: Harness) -> None:
    sent: list[int] = []
    pause = harness.accounts.pause

    def note(probe: Probe, **rest: object) -> object:
        sent.append(len(harness.queues.probes))
        return pause(probe, **rest)  # type: ignore[arg-type]

    harness.accounts.pause = note  # type: ignore[method-assign, assignment]
    paused(harness)
    assert sent == [1]


def test_account_refusals_never_fail_a_job(harness: Harness) -> None:
    refused = 3 * MAX_ATTEMPTS
    job = answering(harness, *[NO_CREDITS] * refused, CREATED).accept()
    for _ in range(refused - 1):
        harness.probe()
        job = harness.take_turn(job.job_id)
    assert (job.status, job.attempts) == (JobStatus.ACCEPTED, 0)
    harness.probe()
    job = harness.take_turn(job.job_id)
    assert (job.status, job.attempts) == (JobStatus.RUNNING, 1)


def test_while_an_account_is_paused_no_job_is_sent(harness: Harness) -> None:
    first = paused(harness)
    others = [harness.accept() for _ in range(20)]
    assert harness.provider.created == [(first.job_id, harness.provider.created[0][1])]
    delays = {next_delay(harness, job) for job in others}
    assert len(delays) > 1
    assert min(delays) >= timedelta(seconds=30) + PROBE_TIME
    assert [(job.attempts, job.status) for job in others] == [(0, JobStatus.ACCEPTED)] * 20
    assert len(harness.queues.probes) == 1


def test_the_owner_is_told_once_of_a_pause_and_of_its_end(harness: Harness) -> None:
    job = half_open(harness, NO_CREDITS, CREATED)
    harness.accept()
    harness.take_turn(job.job_id)
    harness.probe()
    assert len(harness.announced) == 1
    harness.take_turn(job.job_id)
    assert [account.pause is None for account in harness.announced] == [False, True]


def test_a_probe_records_the_credits_that_are_left(harness: Harness) -> None:
    job = paused(harness, CREATED)
    assert harness.account.credits_left == 0  # nobody has asked, but the provider says so
    harness.provider.is_good, harness.provider.credits_left = False, Decimal("1.5")
    harness.probe()
    asked_at = harness.now
    assert harness.account.balance == Balance(Decimal("1.5"), asked_at)
    harness.take_turn(job.job_id)
    harness.provider.is_good, harness.provider.credits_left = True, None
    assert harness.probe().balance == Balance(Decimal("1.5"), asked_at)
    harness.take_turn(job.job_id)
    assert harness.account.pause is None
    assert harness.account.credits_left == Decimal("1.5")


def test_a_good_probe_records_the_credits_too(harness: Harness) -> None:
    paused(harness)
    harness.provider.credits_left = Decimal(100)
    assert harness.probe().credits_left == Decimal(100)


def test_a_probe_lets_one_job_try_and_its_task_opens_the_account(harness: Harness) -> None:
    job = paused(harness, CREATED, CREATED)
    other = harness.accept()
    harness.provider.is_good = False
    assert not harness.probe().is_half_open
    harness.provider.is_good = True
    other = harness.take_turn(other.job_id)  # it still waits, so it sends the next probe
    assert harness.probe().is_half_open
    job = harness.take_turn(job.job_id)
    assert job.status is JobStatus.RUNNING
    assert harness.account == Account(provider="kie", opened_at=harness.now)
    assert harness.take_turn(other.job_id).status is JobStatus.RUNNING


def test_while_one_job_tries_no_other_is_sent(harness: Harness) -> None:
    job = half_open(harness)
    other, seen = posted(harness), list[Job]()

    def meanwhile(job: Job, callback_url: str) -> Submission:
        seen.append(harness.take_turn(other.job_id))
        return CREATED

    harness.provider.create_task = meanwhile  # type: ignore[method-assign]
    assert harness.take_turn(job.job_id).status is JobStatus.RUNNING
    assert [each.status for each in seen] == [JobStatus.ACCEPTED]
    assert RECHECK <= next_delay(harness, other) < RECHECK + timedelta(seconds=16)


def test_of_two_jobs_that_see_a_half_open_account_one_tries(harness: Harness) -> None:
    job = half_open(harness, CREATED, CREATED)
    other = posted(harness)
    claim = harness.accounts.claim_trial

    def late(provider: str, job_id: JobId, **when: object) -> object:
        if job_id == other.job_id:
            claim(provider, job.job_id, **when)  # type: ignore[arg-type]
        return claim(provider, job_id, **when)  # type: ignore[arg-type]

    harness.accounts.claim_trial = late  # type: ignore[method-assign, assignment]
    assert harness.take_turn(other.job_id).status is JobStatus.ACCEPTED
    assert [sent for sent, _ in harness.provider.created] == [job.job_id]


def test_a_failed_trial_pauses_again_and_probes_get_rarer(harness: Harness) -> None:
    job = half_open(harness, *[NO_CREDITS] * 40)
    delays = [30]
    for _ in range(40):
        harness.take_turn(job.job_id)
        pause = harness.account.pause
        assert pause is not None
        assert (pause.since, pause.half_open_at) == (NOON, None)
        delays.append(harness.queues.probes[-1][1])
        harness.probe()
    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (30, LONGEST.total_seconds())


def test_an_opened_account_begins_with_short_waits_again(harness: Harness) -> None:
    job = half_open(harness, *[NO_CREDITS] * 20, CREATED, NO_CREDITS)
    for _ in range(20):
        harness.take_turn(job.job_id)
        harness.probe()
    assert harness.queues.probes[-1][1] > 30
    harness.take_turn(job.job_id)
    assert harness.account.pause is None
    harness.accept()
    assert harness.account.pause is not None
    assert (harness.queues.probes[-1][1], harness.account.pause.since) == (30, harness.now)


@pytest.mark.parametrize("answer", [NO, BUSY, AWAY])
def test_an_answer_about_the_job_leaves_the_trial_to_another(
    harness: Harness, answer: TaskRefused
) -> None:
    job = half_open(harness, answer, CREATED)
    harness.accept()
    assert harness.account.is_half_open
    assert harness.account.pause is not None
    assert harness.account.pause.trial is None
    harness.now += timedelta(minutes=5)
    assert harness.take_turn(job.job_id).status is JobStatus.RUNNING
    assert harness.account.pause is None


def test_after_an_unknown_outcome_the_next_job_tries_when_the_trial_is_over(
    harness: Harness,
) -> None:
    """The account may be the reason: were each job sent at once, each might be lost."""
    job = half_open(harness, UNKNOWN, CREATED)
    assert harness.take_turn(job.job_id).status is JobStatus.SUBMITTING
    other = harness.accept()
    assert other.status is JobStatus.ACCEPTED
    harness.now += TRIAL
    assert harness.take_turn(other.job_id).status is JobStatus.RUNNING
    assert harness.account.pause is None


REPORTS = [a_report(), a_report(TaskState.RUNNING), a_report(TaskState.FAILED)]


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.state)
@pytest.mark.parametrize("tried_since", [False, True])
def test_a_report_about_the_trial_whose_answer_is_lost_opens_the_account(
    harness: Harness, report: TaskReport, *, tried_since: bool
) -> None:
    """It may come when the trial is over and another job has tried."""
    job = half_open(harness, UNKNOWN, UNKNOWN, CREATED)
    harness.take_turn(job.job_id)
    harness.now += TRIAL
    if tried_since:
        assert harness.accept().status is JobStatus.SUBMITTING
    harness.report(job.job_id, report)
    assert harness.account == Account(provider="kie", opened_at=harness.now)
    harness.now += timedelta(seconds=1)
    harness.report(job.job_id, report)
    assert [account.pause is None for account in harness.announced] == [False, True]


def test_only_a_report_about_a_trial_of_this_pause_opens_the_account(harness: Harness) -> None:
    early = answering(harness, UNKNOWN).accept()
    harness.now += timedelta(seconds=1)
    trial = half_open(harness, UNKNOWN, NO_CREDITS)
    harness.take_turn(trial.job_id)
    harness.report(early.job_id, a_report())
    assert harness.account.is_half_open
    harness.now += TRIAL
    harness.accept()
    harness.report(trial.job_id, a_report())
    assert harness.account.pause is not None
    assert not harness.account.is_half_open
    harness.now += timedelta(minutes=1)
    harness.probe()
    harness.report(trial.job_id, a_report())
    assert harness.account.is_half_open


def test_a_usual_verdict_writes_nothing_about_the_account(harness: Harness) -> None:
    def fails(*_: object, **__: object) -> object:
        opened.append(True)
        raise OSError

    opened = list[bool]()
    harness.accounts.open = fails  # type: ignore[method-assign, assignment]
    job = answering(harness, CREATED).accept()
    assert harness.report(job.job_id, a_report()).status is JobStatus.ARCHIVING
    assert opened == []


def test_a_job_that_is_sent_again_is_no_longer_the_trial(harness: Harness) -> None:
    job = half_open(harness, BUSY, UNKNOWN)
    assert harness.take_turn(job.job_id).is_trial
    harness.accounts.open("kie", at=harness.now, began_at=harness.now)
    harness.now += timedelta(minutes=1)
    assert not harness.take_turn(job.job_id).is_trial


def test_a_trial_that_dies_keeps_others_from_trying_for_two_minutes(harness: Harness) -> None:
    job = half_open(harness)
    other = posted(harness)

    def dies(job: Job, callback_url: str) -> Submission:
        raise KeyboardInterrupt

    create_task = harness.provider.create_task
    harness.provider.create_task = dies  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt):
        harness.take_turn(job.job_id)
    harness.provider.create_task = create_task  # type: ignore[method-assign]
    answering(harness, CREATED)
    harness.now += TRIAL - timedelta(seconds=1)
    assert harness.take_turn(other.job_id).status is JobStatus.ACCEPTED
    harness.now += timedelta(seconds=1)
    assert harness.take_turn(other.job_id).status is JobStatus.RUNNING
    assert harness.account.pause is None


def test_a_late_refusal_does_not_pause_an_account_that_was_opened_since(harness: Harness) -> None:
    """Its call began before the pause; the answer is recorded after the account was opened."""
    late = answering(harness, UNKNOWN).accept()
    harness.now += timedelta(seconds=1)
    job = half_open(harness, CREATED)
    harness.take_turn(job.job_id)
    harness.now += timedelta(minutes=1)
    answered = Answered(job_id=late.job_id, attempt_id=late.attempt_id or "", answer=NO_CREDITS)
    released = harness.submitter.record(answered, seconds_left=harness.time_for())
    assert released is not None
    assert (released.status, harness.account.pause) == (JobStatus.ACCEPTED, None)


def test_a_task_of_a_call_before_the_pause_opens_nothing(harness: Harness) -> None:
    early = answering(harness, UNKNOWN).accept()
    harness.now += timedelta(seconds=1)
    half_open(harness)
    answered = Answered(
        job_id=early.job_id, attempt_id=early.attempt_id or "", answer=CREATED, is_trial=True
    )
    harness.submitter.record(answered, seconds_left=harness.time_for())
    assert harness.account.is_half_open


def test_a_job_that_no_longer_waits_for_the_answer_pauses_nothing(harness: Harness) -> None:
    job = answering(harness, CREATED).accept()
    answered = Answered(job_id=job.job_id, attempt_id=job.attempt_id or "", answer=NO_CREDITS)
    assert harness.submitter.record(answered, seconds_left=harness.time_for()) == job
    assert harness.account.pause is None


def test_a_refused_job_leaves_the_next_trial_to_others(harness: Harness) -> None:
    """A refusal may be about the job after all, such as a model that the key may not use."""
    job = half_open(harness, *[NO_CREDITS] * 9)
    for age in (timedelta(0), timedelta(hours=1)):
        harness.now += age
        harness.take_turn(job.job_id)
        others = [next_delay(harness, harness.accept()) for _ in range(50)]
        assert max(others) < next_delay(harness, job)
        harness.probe()


def test_the_older_a_refused_job_the_later_it_tries_again(harness: Harness) -> None:
    """So that one which is refused while others are not pauses the account less and less often."""
    job = half_open(harness, CREATED, NO_CREDITS)
    other = posted(harness)
    harness.take_turn(other.job_id)
    assert harness.account.pause is None
    harness.now += timedelta(hours=1)
    harness.take_turn(job.job_id)
    assert harness.account.pause is not None
    assert next_delay(harness, job) == LONGEST


def reopened(harness: Harness) -> None:
    """Have another job open the account."""
    harness.probe()
    harness.now += timedelta(minutes=1)
    assert answering(harness, CREATED).accept().status is JobStatus.RUNNING
    assert harness.account.pause is None
    harness.now += timedelta(minutes=1)


def test_a_job_whose_account_is_good_for_others_each_time_is_refused_itself(
    harness: Harness,
) -> None:
    """Its model may be one that the key must not use: it would pause the account for ever."""
    job = paused(harness)
    for refusals in range(1, MAX_ACCOUNT_REFUSALS + 1):
        assert (job.status, job.attempts) == (JobStatus.ACCEPTED, 0)
        reopened(harness)
        answering(harness, NO_CREDITS)
        job = harness.take_turn(job.job_id)
        assert job.account_refusals == refusals or job.status is JobStatus.FAILED
    assert job.status is JobStatus.FAILED
    assert job.error == JobError(kind=ErrorKind.REFUSED, code="402", message="no")
    assert harness.account.pause is None


def test_refusals_in_trials_are_not_held_against_a_job(harness: Harness) -> None:
    job = paused(harness)
    for _ in range(2 * MAX_ACCOUNT_REFUSALS):
        harness.probe()
        answering(harness, NO_CREDITS)
        job = harness.take_turn(job.job_id)
    reopened(harness)
    answering(harness, NO_CREDITS)
    job = harness.take_turn(job.job_id)
    assert (job.status, job.account_refusals) == (JobStatus.ACCEPTED, 1)


def test_a_refusal_in_a_trial_proves_nothing_although_another_s_task_opened_the_account_before(
    harness: Harness,
) -> None:
    job = paused(harness)
    reopened(harness)
    answering(harness, NO_CREDITS).accept()
    harness.probe()
    answering(harness, NO_CREDITS)
    job = harness.take_turn(job.job_id)
    assert (job.status, job.account_refusals) == (JobStatus.ACCEPTED, 0)


def test_refusals_that_no_other_task_disproves_are_not_held_against_a_job(
    harness: Harness,
) -> None:
    """The pause could not be written, so the job is sent again at once."""
    job = paused(harness)
    reopened(harness)

    def fails(*_: object, **__: object) -> object:
        raise OSError

    harness.accounts.pause = fails  # type: ignore[method-assign, assignment]
    for _ in range(2 * MAX_ACCOUNT_REFUSALS):
        answering(harness, NO_CREDITS)
        job = harness.take_turn(job.job_id)
        harness.now += timedelta(minutes=1)
    assert (job.status, job.account_refusals) == (JobStatus.ACCEPTED, 1)


# What asks, and what does not


def test_nothing_is_asked_while_nothing_waits(harness: Harness) -> None:
    paused(harness)
    harness.provider.is_good = False
    harness.probe()
    assert (len(harness.queues.probes), harness.provider.probed) == (1, 1)


def test_of_many_jobs_that_wait_one_sends_the_next_probe(harness: Harness) -> None:
    jobs = [paused(harness), *(harness.accept() for _ in range(5))]
    harness.provider.is_good = False
    harness.probe()
    for job in jobs:
        harness.take_turn(job.job_id)
    assert len(harness.queues.probes) == 2
    pause = harness.account.pause
    assert pause is not None
    assert pause.probe_at == harness.now + timedelta(seconds=30)
    assert {next_delay(harness, job) >= timedelta(seconds=30) for job in jobs} == {True}


def test_a_lost_probe_is_sent_again(harness: Harness) -> None:
    job = paused(harness)
    harness.now += timedelta(seconds=30) + LOST_PROBE - timedelta(seconds=1)
    harness.take_turn(job.job_id)
    assert len(harness.queues.probes) == 1
    harness.now += timedelta(seconds=1)
    harness.take_turn(job.job_id)
    assert len(harness.queues.probes) == 2
    assert harness.probe().is_half_open


def test_a_half_open_account_lacks_no_probe(harness: Harness) -> None:
    half_open(harness)
    pause = harness.account.pause
    assert pause is not None
    assert not pause.lacks_probe(at=harness.now + timedelta(days=1))


def test_an_old_probe_asks_nothing(harness: Harness) -> None:
    job = paused(harness, CREATED)
    [(probe, _)] = harness.queues.probes
    harness.now += timedelta(minutes=10)
    harness.take_turn(job.job_id)
    before = harness.account
    assert harness.prober(probe) == before
    assert harness.prober(Probe(provider="chanjing", probe_id="x")).pause is None
    assert harness.provider.probed == 0


@pytest.mark.parametrize("error", [NotConfigured("no key"), ProviderUnavailable("down")])
def test_a_probe_without_an_answer_is_a_bad_one(harness: Harness, error: Exception) -> None:
    paused(harness)
    harness.provider.not_ready = error  # type: ignore[assignment]
    account = harness.probe()
    assert account.pause is not None
    assert (account.is_half_open, account.pause.probe_id) == (False, None)
    assert account.pause.probe_at == harness.now + timedelta(seconds=30)


def no_answer() -> ProbeAnswer:
    raise ProviderUnavailable("the credits' route answered 500")


def probed_until(harness: Harness, job: Job, until: timedelta) -> int:
    """Probe for so long or until a job may try; return how often."""
    start, probes = harness.now, 0
    while harness.now < start + until and not harness.account.is_half_open:
        harness.take_turn(job.job_id)
        harness.probe()
        probes += 1
    return probes


def test_an_account_about_which_nobody_answers_is_tried_all_the_same(harness: Harness) -> None:
    """kie.ai's route may answer 500 for good while its createTask works."""
    job = paused(harness, NO_CREDITS, CREATED)
    harness.provider.probe = no_answer  # type: ignore[method-assign]
    probed_until(harness, job, timedelta(days=1))
    hour = timedelta(hours=1)
    assert hour / 2 < harness.now - NOON < 2 * hour
    assert harness.take_turn(job.job_id).status is JobStatus.ACCEPTED
    assert probed_until(harness, job, timedelta(days=1)) == MAX_UNANSWERED_PROBES
    assert harness.take_turn(job.job_id).status is JobStatus.RUNNING
    assert harness.account == Account(provider="kie", opened_at=harness.now)


def test_in_an_outage_one_job_tries_at_the_widest_interval(harness: Harness) -> None:
    """Its answer may be lost as well: a job every two minutes would be too many."""
    job = paused(harness, UNKNOWN, CREATED)
    harness.provider.probe = no_answer  # type: ignore[method-assign]
    probed_until(harness, job, timedelta(days=1))
    assert harness.take_turn(job.job_id).status is JobStatus.SUBMITTING
    other = harness.accept()
    delays = [next_delay(harness, other)]
    harness.now += LONGEST - timedelta(seconds=1)
    assert harness.take_turn(other.job_id).status is JobStatus.ACCEPTED
    delays.append(next_delay(harness, other))
    assert timedelta(minutes=1) < delays[0] < LONGEST
    assert RECHECK <= delays[1] < RECHECK + timedelta(seconds=16)
    harness.now += timedelta(seconds=1)
    assert harness.take_turn(other.job_id).status is JobStatus.RUNNING


@pytest.mark.parametrize("answer", ["bad", "not configured", "sometimes", "no token"])
def test_an_account_about_which_there_is_an_answer_is_not_tried(
    harness: Harness, answer: str
) -> None:
    job = paused(harness)
    answers = itertools.cycle([True, True, True, False] if answer == "sometimes" else [True])

    def probe() -> ProbeAnswer:
        if answer == "not configured":
            raise NotConfigured("no key")
        if answer != "bad" and next(answers):
            no_answer()
        return ProbeAnswer(is_good=False)

    def no_token() -> None:
        raise ProviderUnavailable("no token")

    harness.provider.probe = probe  # type: ignore[method-assign]
    if answer == "no token":
        harness.provider.prepare = no_token  # type: ignore[method-assign]
    probed_until(harness, job, timedelta(days=2))
    assert not harness.account.is_half_open


def test_every_wait_fits_into_one_message(harness: Harness) -> None:
    """SQS delays by 900 s at most; a longer wait would begin with its remainder."""
    job = half_open(harness, *[NO_CREDITS] * 99)
    jobs = [job, *(harness.accept() for _ in range(60))]
    for days in range(3):
        harness.now += timedelta(days=days)
        for each in jobs:
            harness.take_turn(each.job_id)
        harness.probe()
    assert max(delay for _, delay, _ in harness.queues.submit) <= 900
    assert max(delay for _, delay in harness.queues.probes) <= 900


# Faults on the way


@pytest.mark.parametrize("method", ["read", "pause"])
def test_an_account_that_cannot_be_written_costs_no_job(harness: Harness, method: str) -> None:
    job = harness.acceptor(NewJob(request=a_request(), client="studio"))
    answering(harness, NO_CREDITS, CREATED)
    usual, calls = getattr(harness.accounts, method), list[str]()

    def fails(*given: object, **named: object) -> object:
        calls.append(method)
        if method == "read" and len(calls) == 1:
            return usual(*given, **named)
        raise OSError

    setattr(harness.accounts, method, fails)
    assert harness.take_turn(job.job_id).status is JobStatus.ACCEPTED
    assert next_delay(harness, job) == timedelta(seconds=30) + AFTER_OTHERS
    setattr(harness.accounts, method, usual)
    assert harness.take_turn(job.job_id).status is JobStatus.RUNNING


def test_an_opening_that_fails_costs_no_job(harness: Harness) -> None:
    job = half_open(harness, CREATED)

    def fails(*_: object, **__: object) -> object:
        raise OSError

    harness.accounts.open = fails  # type: ignore[method-assign, assignment]
    assert harness.take_turn(job.job_id).status is JobStatus.RUNNING


def break_account_store(harness: Harness, method: str) -> None:
    def fails(*_: object, **__: object) -> object:
        raise OSError

    setattr(harness.accounts, method, fails)


@pytest.mark.parametrize(
    ("method", "answer", "status"),
    [
        ("hold", BUSY, JobStatus.ACCEPTED),
        ("hold", AWAY, JobStatus.ACCEPTED),
        ("end_trial", NO, JobStatus.FAILED),
    ],
)
def test_what_is_noted_beside_an_answer_may_fail(
    harness: Harness, method: str, answer: TaskRefused, status: JobStatus
) -> None:
    job = half_open(harness, answer)
    break_account_store(harness, method)
    assert harness.take_turn(job.job_id).status is status


def test_a_probe_that_cannot_be_noted_costs_no_job(harness: Harness) -> None:
    job = paused(harness)
    harness.provider.is_good = False
    harness.probe()
    break_account_store(harness, "send_probe")
    assert harness.take_turn(job.job_id).status is JobStatus.ACCEPTED


# No key


def without_a_key(harness: Harness, error: NotConfigured | None = None) -> Job:
    harness.provider.not_ready = error or NotConfigured("no key")
    return harness.acceptor(NewJob(request=a_request(), client="studio"))


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (NotConfigured("no key"), PauseReason.NOT_CONFIGURED),
        (CredentialsRefused("wrong key"), PauseReason.KEY_REFUSED),
    ],
)
def test_a_job_waits_for_its_provider_s_key(
    harness: Harness, error: NotConfigured, reason: PauseReason
) -> None:
    job = without_a_key(answering(harness, CREATED), error)
    assert harness.take_turn(job.job_id).status is JobStatus.ACCEPTED
    pause = harness.account.pause
    assert pause is not None
    assert (pause.reason, pause.since) == (reason, NOON)
    assert (harness.window.next_slot, harness.provider.created, job.attempts) == (0, [], 0)
    assert not harness.probe().is_half_open
    harness.provider.not_ready = None
    harness.take_turn(job.job_id)
    assert harness.probe().is_half_open
    assert harness.take_turn(job.job_id).status is JobStatus.RUNNING
    assert harness.account.pause is None


def test_without_a_callback_secret_a_good_probe_pays_nothing(harness: Harness) -> None:
    def no_secret(provider: str, job_id: JobId) -> str:
        raise NotConfigured("the callback secret is empty")

    job = harness.acceptor(NewJob(request=a_request(), client="studio"))
    submit = replace(harness.submitter, callback_url=no_secret)
    for _ in range(3):
        assert submit(job.job_id, slot=None, seconds_left=harness.time_for()).attempts == 0
        assert harness.account.pause is not None
        assert not harness.account.is_half_open
        harness.probe()
    assert (harness.provider.created, len(harness.announced)) == ([], 1)


# The owner


def resume(harness: Harness) -> ResumeAccount:
    return ResumeAccount(
        accounts=harness.accounts,
        queue=InMemorySubmitQueue(harness.queues),
        providers=["kie"],
        now=lambda: harness.now,
    )


def test_the_owner_lets_one_job_try_at_once(harness: Harness) -> None:
    job = paused(harness, CREATED)
    for _ in range(2):
        assert resume(harness)("kie").is_half_open
    assert harness.queues.nudges == [job.job_id] * 2
    assert harness.take_turn(job.job_id, is_nudge=True).status is JobStatus.RUNNING
    assert resume(harness)("kie").pause is None
    assert len(harness.queues.nudges) == 2


def test_an_unknown_provider_is_not_resumed(harness: Harness) -> None:
    with pytest.raises(UnknownProvider):
        resume(harness)("nobody")


def test_a_resumed_account_without_credits_is_paused_again_for_free(harness: Harness) -> None:
    job = paused(harness, NO_CREDITS)
    resume(harness)("kie")
    assert harness.take_turn(job.job_id, is_nudge=True).status is JobStatus.ACCEPTED
    pause = harness.account.pause
    assert pause is not None
    assert (pause.since, pause.half_open_at) == (NOON, None)


def test_a_job_that_is_refused_twice_in_a_row_is_not_the_one_that_tries_next(
    harness: Harness,
) -> None:
    """It may be the job that is refused, and resuming would only lengthen the pause."""
    poison = paused(harness, NO_CREDITS, CREATED)
    good = posted(harness)
    resume(harness)("kie")
    harness.take_turn(harness.queues.nudges.pop(), is_nudge=True)
    assert resume(harness)("kie").is_half_open
    assert harness.queues.nudges == []
    assert harness.take_turn(good.job_id).status is JobStatus.RUNNING
    assert harness.account.pause is None
    assert harness.jobs.get(poison.job_id).status is JobStatus.ACCEPTED


def test_a_job_that_waits_alone_is_woken_every_other_time(harness: Harness) -> None:
    job = paused(harness, *[NO_CREDITS] * 4)
    woken = list[bool]()
    for _ in range(4):
        harness.now += timedelta(minutes=1)
        resume(harness)("kie")
        woken.append(harness.queues.nudges == [job.job_id])
        harness.queues.nudges.clear()
        harness.take_turn(job.job_id)
    assert woken == [True, False, True, False]


def test_the_probe_of_a_resumed_account_asks_nothing(harness: Harness) -> None:
    paused(harness)
    resume(harness)("kie")
    assert harness.probe().is_half_open
    assert harness.provider.probed == 0


def test_a_nudge_that_comes_too_early_leaves_the_job_its_own_message(harness: Harness) -> None:
    job = paused(harness)
    sent = list(harness.queues.submit)
    assert harness.take_turn(job.job_id, is_nudge=True).status is JobStatus.ACCEPTED
    assert harness.queues.submit == sent


@pytest.mark.parametrize("answer", [NO_CREDITS, BUSY])
def test_a_nudge_that_is_refused_leaves_the_job_one_message(
    harness: Harness, answer: TaskRefused
) -> None:
    job = paused(harness, *[answer] * 20)
    sent = list(harness.queues.submit)
    for _ in range(20):
        harness.now += timedelta(minutes=3)
        resume(harness)("kie")
        harness.take_turn(job.job_id, is_nudge=True)
    assert len(harness.provider.created) == 21
    assert harness.queues.submit == sent


def test_a_job_whose_own_message_came_during_a_refused_nudge_has_no_mark(
    harness: Harness,
) -> None:
    """So that its check sends another."""
    waiting = paused(harness)
    resume(harness)("kie")

    def meanwhile(job: Job, callback_url: str) -> Submission:
        assert harness.take_turn(waiting.job_id).status is JobStatus.SUBMITTING
        return NO_CREDITS

    harness.provider.create_task = meanwhile  # type: ignore[method-assign]
    assert harness.take_turn(waiting.job_id, is_nudge=True).status is JobStatus.ACCEPTED
    assert harness.jobs.get(waiting.job_id).queued_at is None


# Waits that are no pause


@pytest.mark.parametrize(
    ("answer", "reason", "seconds"),
    [(BUSY, HoldReason.RATE_LIMITED, 10), (AWAY, HoldReason.MAINTENANCE, 300)],
)
def test_a_provider_that_refuses_for_now_is_noted_until_then(
    harness: Harness, answer: TaskRefused, reason: HoldReason, seconds: int
) -> None:
    answering(harness, answer).accept()
    until = NOON + timedelta(seconds=seconds)
    hold = Hold(reason=reason, since=NOON, until=until, model=MODEL)
    assert harness.account == Account(provider="kie", hold=hold)


def test_a_hold_that_goes_on_began_with_the_first_refusal(harness: Harness) -> None:
    job = answering(harness, AWAY, AWAY, CREATED, AWAY).accept()
    harness.now += timedelta(seconds=310)
    harness.take_turn(job.job_id)
    hold = harness.account.hold
    assert hold is not None
    assert (hold.since, hold.until) == (NOON, harness.now + timedelta(seconds=300))
    harness.now += timedelta(hours=1)
    harness.take_turn(job.job_id)
    harness.accept()
    assert harness.account.hold is not None
    assert harness.account.hold.since == harness.now


def test_maintenance_keeps_jobs_of_its_model_back(harness: Harness) -> None:
    first = answering(harness, AWAY, CREATED).accept()
    others = [harness.accept() for _ in range(20)]
    assert {job.status for job in others} == {JobStatus.ACCEPTED}
    assert len(harness.provider.created) == 1
    assert all(300 <= next_delay(harness, job).total_seconds() <= 316 for job in others)
    assert next_delay(harness, first).total_seconds() == 300
    harness.now += timedelta(seconds=300)
    assert harness.take_turn(others[0].job_id).status is JobStatus.RUNNING


def test_maintenance_keeps_no_job_of_another_model_back(harness: Harness) -> None:
    """It may be of one model only."""
    answering(harness, AWAY, CREATED).accept()
    other = replace(a_request(), model="bytedance/seedream")
    assert (
        harness.deliver(harness.acceptor(NewJob(request=other, client="studio"))).status
        is JobStatus.RUNNING
    )


def test_a_rate_limit_keeps_no_other_job_back(harness: Harness) -> None:
    answering(harness, BUSY, CREATED).accept()
    harness.now += timedelta(seconds=1)
    assert harness.account.maintenance_of(MODEL, at=harness.now) == timedelta(0)


def test_maintenance_never_fails_a_job(harness: Harness) -> None:
    refused = 2 * MAX_ATTEMPTS
    job = answering(harness, *[AWAY] * refused, CREATED).accept()
    for _ in range(refused):
        assert (job.status, job.attempts) == (JobStatus.ACCEPTED, 0)
        harness.now += timedelta(seconds=300)
        job = harness.take_turn(job.job_id)
    assert (job.status, job.attempts) == (JobStatus.RUNNING, 1)


def test_maintenance_is_not_the_last_of_too_many_refusals(harness: Harness) -> None:
    busy = MAX_ATTEMPTS - 1
    job = answering(harness, *[BUSY] * busy, AWAY, CREATED).accept()
    for _ in range(busy):
        harness.now += timedelta(seconds=11)
        job = harness.take_turn(job.job_id)
    assert (job.status, job.attempts) == (JobStatus.ACCEPTED, busy)


# A sheet in the middle of it


def a_sheet(harness: Harness, rows: int) -> list[Job]:
    def new(row: int) -> NewJob:
        due = NOON + timedelta(seconds=row)
        dropped = DroppedJob(job_id=a_job_id(row), source="requests/a.csv", row=row, due_at=due)
        return NewJob(request=a_request(), client="drop", dropped=dropped)

    return [harness.acceptor(new(row)) for row in range(1, rows + 1)]


def test_a_sheet_goes_on_where_it_was(harness: Harness) -> None:
    rows, made = 60, list[JobId]()
    jobs, has_credits = a_sheet(harness, rows), iter([True] * 25 + [False] * 3 + [True] * 99)

    def create_task(job: Job, callback_url: str) -> Submission:
        if not next(has_credits):
            return NO_CREDITS
        made.append(job.job_id)
        return replace(CREATED, task_id=f"task_{len(made)}")  # type: ignore[arg-type]

    harness.provider.create_task = create_task  # type: ignore[method-assign]
    run_all(harness)
    assert sorted(made) == [job.job_id for job in jobs]
    assert {harness.jobs.get(job.job_id).status for job in jobs} == {JobStatus.RUNNING}
    assert harness.provider.probed < 6


def run_all(harness: Harness) -> None:
    """Deliver all messages in the order in which they come due."""
    queues, order = harness.queues, itertools.count()
    due = list[tuple[datetime, int, JobId | Probe]]()
    while True:
        sent: list[tuple[int, JobId | Probe]] = [(n, job_id) for job_id, n, _ in queues.submit]
        for delay, about in [*sent, *((delay, probe) for probe, delay in queues.probes)]:
            heapq.heappush(due, (harness.now + timedelta(seconds=delay), next(order), about))
        queues.submit.clear()
        queues.probes.clear()
        if not due:
            return
        at, _, about = heapq.heappop(due)
        harness.now = max(harness.now, at)
        if isinstance(about, Probe):
            harness.prober(about)
        else:
            harness.take_turn(about)
