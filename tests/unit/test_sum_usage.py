"""Usage: each job counts once, as it is now."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain import canary
from ringback.domain.client_keys import Scope
from ringback.domain.errors import FieldError, InvalidRequest, MissingScope, WrongCursor
from ringback.domain.job_ids import new_job_id
from ringback.domain.jobs import Job, JobStatus
from ringback.domain.usage import Usage
from ringback.use_cases import find_jobs, sum_usage
from ringback.use_cases.sum_usage import SumUsage
from ringback.use_cases.usage_queries import read_usage_query

from tests.support.in_memory import InMemoryJobKeys, InMemoryJobs
from tests.support.jobs import MODEL, NOON, a_job, a_request, a_stored_image

ALL = {"from": "2026-01-01"}
OTHER_MODEL = "bytedance/seedream"


def usage_of(
    jobs: InMemoryJobs,
    *,
    client: str = "studio",
    scopes: str = "admin",
    **query: Any,
) -> dict[str, Usage]:
    """Return the sums of all pages."""
    asked = ALL | {name.removesuffix("_"): text for name, text in query.items()}
    sums: dict[str, Usage] = {}
    for _ in range(50):
        read = read_usage_query(asked, client=client, scopes=scopes.split())
        page = SumUsage(jobs=jobs, keys=InMemoryJobKeys(jobs))(read)
        for group, used in page.usage.items():
            sums[group] = added(sums.get(group, Usage()), used)
        if page.end is None:
            return sums
        asked["cursor"] = read.cursors.after(page.end)
    raise AssertionError("no end")


def added(one: Usage, other: Usage) -> Usage:
    return Usage(
        **{
            name: getattr(one, name) + getattr(other, name)
            for name in ("jobs", "succeeded", "failed", "images", "credits", "bytes")
        }
    )


def made(
    number: int, status: JobStatus = JobStatus.RUNNING, *, hours: float = 0, **more: Any
) -> Job:
    job_id = new_job_id(NOON + timedelta(hours=hours), number.to_bytes(10))
    return replace(a_job(status, **more), job_id=job_id)


def store_of(*jobs: Job) -> InMemoryJobs:
    store = InMemoryJobs()
    for job in jobs:
        store.create(job)
    return store


@pytest.fixture
def jobs() -> InMemoryJobs:
    images = (a_stored_image(1), a_stored_image(2))
    other = replace(a_request(), model=OTHER_MODEL)
    return store_of(
        made(1, JobStatus.SUCCEEDED, images=images, credits=Decimal("3.5")),
        made(2, JobStatus.ARCHIVE_FAILED, images=images[:1], credits=Decimal("0.1"), request=other),
        # The lowest id of midnight.
        made(0, JobStatus.FAILED, hours=12),
        made(4, JobStatus.EXPIRED, hours=11.99),
        made(5, JobStatus.CANCELLED, hours=13),
        made(6, JobStatus.RUNNING, hours=13),
        made(7, JobStatus.SUCCEEDED, client="shop", credits=Decimal(7)),
        made(8, JobStatus.SUCCEEDED, client=canary.CLIENT),
    )


BYTES = a_stored_image(1).facts.bytes


def test_usage_by_day(jobs: InMemoryJobs) -> None:
    assert usage_of(jobs) == {
        "2026-09-21": Usage(
            jobs=3, succeeded=1, failed=2, images=3, credits=Decimal("3.6"), bytes=3 * BYTES
        ),
        "2026-09-22": Usage(jobs=3, failed=1),
    }


def test_usage_by_model(jobs: InMemoryJobs) -> None:
    found = usage_of(jobs, by="model")
    assert {model: used.jobs for model, used in found.items()} == {MODEL: 5, OTHER_MODEL: 1}
    assert found[OTHER_MODEL].credits == Decimal("0.1")


def test_usage_by_client_is_that_of_all_but_the_canary(jobs: InMemoryJobs) -> None:
    found = usage_of(jobs, by="client")
    assert {client: used.jobs for client, used in found.items()} == {"studio": 6, "shop": 1}
    assert found["shop"].credits == Decimal(7)


@pytest.mark.parametrize("by", ["day", "model", "client"])
@pytest.mark.parametrize(
    ("since", "until", "numbers"),
    [
        ("2026-09-22", "", 3),
        ("2026-09-21", "2026-09-22", 3),
        ("2026-09-22", "2026-09-22T00:00:00.001Z", 1),
        ("2026-09-23", "", 0),
    ],
)
def test_usage_is_of_jobs_from_a_moment_to_before_another(
    jobs: InMemoryJobs, by: str, since: str, until: str, numbers: int
) -> None:
    found = usage_of(jobs, by=by, from_=since, **({"to": until} if until else {}))
    found.pop("shop", None)
    assert sum(used.jobs for used in found.values()) == numbers


@pytest.mark.parametrize("by", ["day", "client"])
def test_an_answer_reads_a_stated_number_of_jobs(monkeypatch: pytest.MonkeyPatch, by: str) -> None:
    monkeypatch.setattr(sum_usage, "MAX_READ", 3)
    jobs = store_of(*map(made, range(7)))
    query = read_usage_query({**ALL, "by": by}, client="studio", scopes=[Scope.ADMIN])
    page = SumUsage(jobs=jobs, keys=InMemoryJobKeys(jobs))(query)
    assert [used.jobs for used in page.usage.values()] == [3]
    assert page.end


def test_an_answer_looks_at_a_stated_number_of_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sum_usage, "MAX_KEYS", 4)
    jobs = store_of(*map(made, range(7)))
    asked = {"from": "2027-01-01", "by": "client"}
    query = read_usage_query(asked, client="studio", scopes=[Scope.ADMIN])
    page = SumUsage(jobs=jobs, keys=InMemoryJobKeys(jobs))(query)
    assert (page.usage, page.end) == ({}, ("studio", made(3).job_id))


def test_a_job_that_ends_late_counts_as_it_ended() -> None:
    jobs = store_of(made(1, JobStatus.EXPIRED))
    assert usage_of(jobs) == {"2026-09-21": Usage(jobs=1, failed=1)}
    job = made(1, JobStatus.SUCCEEDED, images=(a_stored_image(),), credits=Decimal(2))
    jobs.by_id[job.job_id] = job
    used = Usage(jobs=1, succeeded=1, images=1, credits=Decimal(2), bytes=BYTES)
    assert usage_of(jobs) == {"2026-09-21": used}


@pytest.mark.parametrize("scopes", ["jobs:read jobs:write jobs:delete", ""])
def test_the_usage_of_all_clients_needs_a_scope(jobs: InMemoryJobs, scopes: str) -> None:
    assert usage_of(jobs, scopes=scopes)
    with pytest.raises(MissingScope, match="`admin`"):
        usage_of(jobs, scopes=scopes, by="client")


def test_every_invalid_parameter_is_named() -> None:
    wrong = {"from": "x", "to": "y", "by": "week", "cursor": "z", "tag": "a"}
    with pytest.raises(InvalidRequest) as refused:
        read_usage_query(wrong, client="studio", scopes=[Scope.ADMIN])
    assert {error.field for error in refused.value.errors} == wrong.keys()
    with pytest.raises(InvalidRequest) as refused:
        read_usage_query({}, client="studio", scopes=[])
    assert [error.field for error in refused.value.errors] == ["from"]
    with pytest.raises(InvalidRequest) as refused:
        read_usage_query({**ALL, "by": "days"}, client="studio", scopes=[])
    assert refused.value.errors == (FieldError("by", "must be day, model or client"),)


def test_the_cursor_of_another_usage_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sum_usage, "MAX_READ", 1)
    jobs = store_of(made(1), made(2))
    query = read_usage_query(ALL, client="studio", scopes=[])
    end = SumUsage(jobs=jobs, keys=InMemoryJobKeys(jobs))(query).end
    assert end
    cursor = query.cursors.after(end)
    for more, client in (({"by": "model"}, "studio"), ({}, "shop"), ({"cursor": "x"}, "studio")):
        with pytest.raises(WrongCursor):
            read_usage_query({**ALL, "cursor": cursor, **more}, client=client, scopes=[])


MADE = st.tuples(
    st.sampled_from(["studio", "shop", "mill"]), st.integers(-40, 40), st.sampled_from(JobStatus)
)


@given(
    made_jobs=st.lists(MADE, max_size=25),
    by=st.sampled_from(["day", "model", "client"]),
    reads=st.integers(1, 9),
    keys=st.integers(1, 9),
)
def test_the_pages_together_count_each_job_once(
    made_jobs: list[tuple[str, int, JobStatus]], by: str, reads: int, keys: int
) -> None:
    stored = [
        made(number, status, hours=hours, client=client, credits=Decimal(number))
        for number, (client, hours, status) in enumerate(made_jobs)
    ]
    bounds: Mapping[str, str] = {"from_": "2026-09-21", "to": "2026-09-22"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("MAX_READ", reads), ("MAX_KEYS", keys), ("MAX_FOUND", 2)):
            patch.setattr(sum_usage, name, value)
        patch.setattr(find_jobs, "MAX_FOUND", 2)
        found = usage_of(store_of(*stored), by=by, **bounds)
    due = [
        job
        for job, (client, hours, _) in zip(stored, made_jobs, strict=True)
        if -12 <= hours < 12 and (by == "client" or client == "studio")
    ]
    assert sum(used.jobs for used in found.values()) == len(due)
    assert sum(used.credits for used in found.values()) == sum(job.credits or 0 for job in due)
    if by == "client":
        assert {name: used.jobs for name, used in found.items()} == {
            name: count
            for name in ("studio", "shop", "mill")
            if (count := sum(job.client == name for job in due))
        }
