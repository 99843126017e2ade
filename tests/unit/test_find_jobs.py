from dataclasses import replace
from datetime import timedelta

import pytest
from ringback.domain.accounts import Account, Hold, HoldReason, Pause, PauseReason, Wait
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import JobStatus
from ringback.use_cases.find_jobs import FindJobs, FindWaits

from tests.support.in_memory import InMemoryAccounts, InMemoryJobs
from tests.support.jobs import NOON, a_job, a_job_id


@pytest.fixture
def find() -> FindJobs:
    jobs = InMemoryJobs()
    for number in range(5):
        jobs.create(a_job(number=number))
    jobs.create(a_job(number=9, client="another"))
    return FindJobs(jobs=jobs)


def test_a_client_finds_its_job(find: FindJobs) -> None:
    assert find.one(a_job_id(3), client="studio").job_id == a_job_id(3)


@pytest.mark.parametrize("job_id", [a_job_id(9), a_job_id(77), "job_", "idempotency#studio#00", ""])
def test_another_clients_job_is_an_unknown_job(find: FindJobs, job_id: str) -> None:
    with pytest.raises(UnknownJob):
        find.one(job_id, client="studio")


PAUSED = Account(
    provider="kie",
    pause=Pause(reason=PauseReason.NO_CREDITS, since=NOON, probe_at=NOON + timedelta(seconds=30)),
)
PAUSE = Wait(reason="no_credits", provider="kie", since=NOON)


def test_only_accepted_jobs_that_are_due_wait_for_the_account() -> None:
    accounts = InMemoryAccounts({"kie": PAUSED})
    other = replace(a_job().request, provider="chanjing")
    jobs = [
        a_job(number=1),
        a_job(number=2, due_at=NOON),
        a_job(number=3, due_at=NOON + timedelta(hours=20)),
        a_job(JobStatus.RUNNING, number=4),
        a_job(JobStatus.CANCELLED, number=5),
        a_job(number=6, request=other),
    ]
    found = FindWaits(accounts=accounts, now=lambda: NOON)(jobs)
    assert found == {jobs[0].job_id: PAUSE, jobs[1].job_id: PAUSE}


@pytest.mark.parametrize("reason", HoldReason)
def test_a_hold_says_until_when(reason: HoldReason) -> None:
    hold = Hold(reason=reason, since=NOON, until=NOON + timedelta(seconds=10))
    accounts = InMemoryAccounts({"kie": Account(provider="kie", hold=hold)})
    now = [NOON]
    find = FindWaits(accounts=accounts, now=lambda: now[0])
    assert find([a_job()])[a_job_id()] == Wait(
        reason=reason, provider="kie", since=NOON, until=hold.until
    )
    now[0] = hold.until
    assert find([a_job()]) == {}


def test_a_pause_counts_for_more_than_a_hold() -> None:
    hold = Hold(reason=HoldReason.RATE_LIMITED, since=NOON, until=NOON + timedelta(hours=1))
    accounts = InMemoryAccounts({"kie": replace(PAUSED, hold=hold)})
    assert FindWaits(accounts=accounts, now=lambda: NOON)([a_job()])[a_job_id()] == PAUSE


def test_an_account_is_read_once_for_a_page_and_not_at_all_without_need() -> None:
    read: list[str] = []

    class Accounts(InMemoryAccounts):
        def read(self, provider: str) -> Account:
            read.append(provider)
            return super().read(provider)

    find = FindWaits(accounts=Accounts(), now=lambda: NOON)
    find([a_job(JobStatus.SUCCEEDED)])
    assert read == []
    find([a_job(number=number) for number in range(50)])
    assert read == ["kie"]
