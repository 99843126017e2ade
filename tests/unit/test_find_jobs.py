from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from ringback.domain.accounts import Account, Hold, HoldReason, Pause, PauseReason, Wait
from ringback.domain.errors import InvalidRequest, UnknownJob
from ringback.domain.jobs import Job, JobStatus
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


def test_pages_are_newest_first_and_end(find: FindJobs) -> None:
    seen, cursor = [], None
    for _ in range(3):
        query = {"limit": "2"} | ({"cursor": cursor} if cursor else {})
        jobs, cursor = find.page(query, client="studio")
        seen += [job.job_id for job in jobs]
    assert seen == [a_job_id(number) for number in (4, 3, 2, 1, 0)]
    assert cursor is None


def test_jobs_are_filtered_by_their_dropped_file() -> None:
    jobs = InMemoryJobs()
    for number in range(5):
        jobs.create(a_job(number=number, source="requests/a.csv" if number % 2 else None))
    jobs.create(a_job(number=9, source="requests/a.csv", client="another"))
    find = FindJobs(jobs=jobs)
    seen, cursor = find.page({"source": "requests/a.csv", "limit": "1"}, client="studio")
    assert [job.job_id for job in seen] == [a_job_id(3)]
    assert cursor == a_job_id(3)
    query = {"source": "requests/a.csv", "cursor": cursor}
    assert [job.job_id for job in find.page(query, client="studio")[0]] == [a_job_id(1)]
    assert find.page({"source": "requests/b.csv"}, client="studio") == ([], None)


def test_a_full_last_page_has_no_cursor(find: FindJobs) -> None:
    assert find.page({"limit": "5"}, client="studio")[1] is None


@pytest.mark.parametrize("limit", ["0", "100", "-1", "1.5", "ten", "", "٣", "0" * 9])
def test_every_invalid_parameter_is_named(find: FindJobs, limit: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find.page({"limit": limit, "cursor": "x", "offset": "3", "source": ""}, client="studio")
    assert {error.field for error in caught.value.errors} == {
        *("limit", "cursor", "offset", "source")
    }


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"Limit": "3"}, "unknown parameter; did you mean limit?"),
        ({"offset": "3"}, "unknown parameter"),
        ({"limit": "many"}, "must be a whole number from 1 to 99"),
        ({"cursor": "2"}, "must be the `cursor` of the previous page"),
        ({"source": "x" * 1025}, "must be the key of a dropped file, such as requests/kites"),
        (
            {"source": "\u00fc" * 513},
            "must be the key of a dropped file, such as requests/kites.csv",
        ),
    ],
)
def test_the_next_query_can_be_right(find: FindJobs, query: dict[str, str], message: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find.page(query, client="studio")
    [error] = caught.value.errors
    assert error.field in query
    assert error.message.startswith(message)


def test_a_file_is_found_however_its_accents_are_written() -> None:
    for stored in ("requests/caf\u00e9.csv", "requests/cafe\u0301.csv"):
        jobs = InMemoryJobs()
        jobs.create(a_job(source=stored))
        for asked in ("requests/caf\u00e9.csv", "requests/cafe\u0301.csv"):
            [job], cursor = FindJobs(jobs=jobs).page({"source": asked}, client="studio")
            assert (job.source, cursor) == (stored, None)


@pytest.mark.parametrize(
    "asked", ["s3://drops/requests/a.csv", "/requests/a.csv", "//requests/a.csv"]
)
def test_a_file_may_be_named_by_its_url(asked: str) -> None:
    jobs = InMemoryJobs()
    jobs.create(a_job(source="requests/a.csv"))
    found, _ = FindJobs(jobs=jobs).page({"source": asked}, client="studio")
    assert [job.source for job in found] == ["requests/a.csv"]


@pytest.mark.parametrize("asked", ["/", "s3://", "s3://drops", "s3://drops/"])
def test_a_bucket_is_no_file(find: FindJobs, asked: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        find.page({"source": asked}, client="studio")
    assert [error.field for error in caught.value.errors] == ["source"]


def test_half_a_surrogate_pair_is_not_looked_for() -> None:
    """DynamoDB refuses it."""
    asked: list[str] = []

    class Jobs(InMemoryJobs):
        def newest_of(self, source: str, **rest: Any) -> Sequence[Job]:
            asked.append(source)
            return super().newest_of(source, **rest)

    for source in ("\ud800", "requests/\udcff.csv"):
        assert FindJobs(jobs=Jobs()).page({"source": source}, client="studio") == ([], None)
    assert asked == []


def test_the_longest_key_can_be_asked_for(find: FindJobs) -> None:
    assert find.page({"source": "\u00fc" * 512}, client="studio") == ([], None)


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
