"""Lists of jobs: pages, filters and cursors."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ringback.domain.errors import FieldError, InvalidRequest, WrongCursor
from ringback.domain.job_ids import new_job_id
from ringback.domain.jobs import Job, JobId, JobStatus
from ringback.use_cases import list_jobs
from ringback.use_cases.usage_queries import read_usage_query

from tests.support.in_memory import InMemoryJobs
from tests.support.job_lists import list_page
from tests.support.jobs import MODEL, NOON, a_job, a_job_id, a_tagged_request

OTHER_MODEL = "bytedance/seedream"
WRONG_CURSOR = "must be the `cursor` of the previous page of the same list"


@pytest.fixture
def jobs() -> InMemoryJobs:
    jobs = InMemoryJobs()
    for number in range(5):
        jobs.create(a_job(number=number))
    jobs.create(a_job(number=9, client="another"))
    return jobs


def listed(jobs: InMemoryJobs, *, client: str = "studio", **query: str) -> list[int]:
    """Return the numbers of the jobs of all pages."""
    ids, asked = list[JobId](), dict(query)
    for _ in range(40):
        page, cursor = list_page(jobs, asked, client=client)
        ids += [job.job_id for job in page]
        if cursor is None:
            break
        asked["cursor"] = cursor
    numbers = {job_id: number for number in range(40) for job_id in (a_job_id(number),)}
    return [numbers[job_id] for job_id in ids]


def errors_of(query: dict[str, str], jobs: InMemoryJobs | None = None) -> Sequence[FieldError]:
    with pytest.raises(InvalidRequest) as refused:
        list_page(jobs or InMemoryJobs(), query, client="studio")
    return refused.value.errors


def refusal_of(cursor: str, jobs: InMemoryJobs | None = None, **query: str) -> str:
    with pytest.raises(WrongCursor) as refused:
        list_page(jobs or InMemoryJobs(), {"cursor": cursor, **query}, client="studio")
    return str(refused.value)


def a_request_for(prompt: str, model: str = MODEL, *tags: str) -> Any:
    request = a_tagged_request(*tags)
    return replace(request, model=model, input={"prompt": prompt})


# Pages


def test_pages_are_newest_first_and_end(jobs: InMemoryJobs) -> None:
    assert listed(jobs, limit="2") == [4, 3, 2, 1, 0]


def test_a_full_last_page_has_no_cursor(jobs: InMemoryJobs) -> None:
    assert list_page(jobs, {"limit": "5"}, client="studio")[1] is None


def test_a_page_that_its_filter_fills_reads_no_further() -> None:
    asked: list[int] = []

    class Jobs(InMemoryJobs):
        def newest(self, client: str, *, limit: int, before: JobId | None) -> Sequence[Job]:
            asked.append(limit)
            return super().newest(client, limit=limit, before=before)

    jobs = Jobs()
    for number in range(30):
        jobs.create(a_job(JobStatus.FAILED if number == 15 else JobStatus.RUNNING, number=number))
    list_page(jobs, {"limit": "14"}, client="studio")
    assert asked == [15]
    asked.clear()
    # The 15th job does not pass, so that 14 of the first 15 do.
    page, cursor = list_page(jobs, {"limit": "14", "status": "running"}, client="studio")
    assert (len(page), bool(cursor), asked) == (14, True, [15])
    asked.clear()
    assert list_page(jobs, {"limit": "15", "status": "running"}, client="studio")[1]
    assert asked == [16]


@pytest.mark.parametrize("matching", [0, 1, 29])
def test_a_page_reads_a_stated_number_of_jobs_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, matching: int
) -> None:
    monkeypatch.setattr(list_jobs, "MAX_READ", 10)
    jobs = InMemoryJobs()
    for number in range(30):
        status = JobStatus.FAILED if number == matching else JobStatus.RUNNING
        jobs.create(a_job(status, number=number))
    query, pages = {"limit": "3", "status": "failed"}, []
    for _ in range(4):
        page, cursor = list_page(jobs, query, client="studio")
        pages.append([job.job_id for job in page])
        query |= {"cursor": cursor or ""}
        if cursor is None:
            break
    # The last one finds no more jobs.
    assert len(pages) == 4
    assert [job_id for page in pages for job_id in page] == [a_job_id(matching)]


# Filters


@pytest.fixture
def various() -> InMemoryJobs:
    jobs = InMemoryJobs()
    made = [
        (JobStatus.SUCCEEDED, a_request_for("A red Kite over the sea", MODEL, "spring")),
        (JobStatus.FAILED, a_request_for("A blue kite", OTHER_MODEL, "spring", "order 66")),
        (JobStatus.RUNNING, a_request_for("春の海", MODEL, "caf\u00e9")),
        (JobStatus.SUCCEEDED, replace(a_request_for("x"), input={"ref_prompt": "STRASSE"})),
        (JobStatus.SUCCEEDED, replace(a_request_for("x", MODEL, "e\u0301te"), input={})),
    ]
    for number, (status, request) in enumerate(made):
        jobs.create(a_job(status, number=number, request=request))
    return jobs


@pytest.mark.parametrize(
    ("query", "numbers"),
    [
        ({}, [4, 3, 2, 1, 0]),
        ({"status": "succeeded"}, [4, 3, 0]),
        ({"status": "failed,running"}, [2, 1]),
        ({"status": "expired"}, []),
        ({"model": OTHER_MODEL}, [1]),
        ({"model": "no/model"}, []),
        ({"tag": "spring"}, [1, 0]),
        ({"tag": "order 66, spring"}, [1]),
        ({"tag": "Spring"}, []),
        ({"tag": "cafe\u0301"}, [2]),
        ({"tag": "\u00e9te"}, [4]),
        ({"q": "kite"}, [1, 0]),
        ({"q": " KITE  a "}, [1, 0]),
        ({"q": "sea kite"}, [0]),
        ({"q": "海"}, [2]),
        ({"q": "straße"}, [3]),
        ({"q": "\uff4b\uff49te"}, [1, 0]),
        ({"status": "succeeded", "q": "kite", "tag": "spring", "model": MODEL}, [0]),
        ({"status": "failed", "model": MODEL}, []),
    ],
)
def test_jobs_are_filtered(
    various: InMemoryJobs, query: dict[str, str], numbers: list[int]
) -> None:
    assert listed(various, **query) == numbers


def test_a_job_that_is_being_deleted_is_listed_only_if_asked_for(
    jobs: InMemoryJobs,
) -> None:
    jobs.create(a_job(JobStatus.DELETING, number=5))
    jobs.create(a_job(JobStatus.DELETED, number=6))
    assert listed(jobs) == [4, 3, 2, 1, 0]
    assert listed(jobs, status="deleting,running") == [5]


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        ("", "", [23, 12, 11, 0, -1]),
        ("2026-09-21", "", [23, 12, 11, 0]),
        ("2026-09-21", "2026-09-22", [23, 12, 11, 0]),
        ("", "2026-09-21", [-1]),
        ("2026-09-21T11:00:00Z", "2026-09-21T12:00:00Z", [11]),
        ("2026-09-21T11:00", "2026-09-21T12:00:00.001Z", [12, 11]),
        ("2026-09-21T14:00:00+02:00", "", [23, 12]),
        ("2026-09-21T12:00:00.001Z", "", [23]),
        ("0001-01-01", "9999-12-31", [23, 12, 11, 0, -1]),
        ("9999-12-31", "", []),
        ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59.1234567-23:59", [23, 12, 11, 0, -1]),
        ("2026-09-21", "2026-09-21", []),
        ("2026-09-21T02:00+02:00", "2026-09-21T00:00Z", []),
    ],
)
def test_jobs_are_listed_from_a_moment_to_before_another(
    since: str, until: str, hours: list[int]
) -> None:
    jobs, midnight = InMemoryJobs(), NOON.replace(hour=0)
    ids = {}
    for hour in (-1, 0, 11, 12, 23):
        job_id = new_job_id(midnight + timedelta(hours=hour), b"\x00" * 10)
        ids[job_id] = hour
        jobs.create(replace(a_job(), job_id=job_id))
    query = {name: text for name, text in (("from", since), ("to", until)) if text}
    found, query = list[int](), query | {"limit": "2"}
    for _ in range(4):
        page, cursor = list_page(jobs, query, client="studio")
        found += [ids[job.job_id] for job in page]
        query["cursor"] = cursor or ""
        if cursor is None:
            break
    assert found == hours


def test_jobs_are_filtered_by_their_dropped_file() -> None:
    jobs = InMemoryJobs()
    for number in range(5):
        jobs.create(a_job(number=number, source="requests/a.csv" if number % 2 else None))
    jobs.create(a_job(number=9, source="requests/a.csv", client="another"))
    assert listed(jobs, source="requests/a.csv", limit="1") == [3, 1]
    assert listed(jobs, source="requests/a.csv", status="failed") == []
    assert listed(jobs, source="requests/b.csv") == []


def test_a_file_is_found_however_its_accents_are_written() -> None:
    for stored in ("requests/caf\u00e9.csv", "requests/cafe\u0301.csv"):
        jobs = InMemoryJobs()
        jobs.create(a_job(source=stored))
        for asked in ("requests/caf\u00e9.csv", "requests/cafe\u0301.csv"):
            assert listed(jobs, source=asked) == [0]


@pytest.mark.parametrize(
    "asked", ["s3://drops/requests/a.csv", "/requests/a.csv", "//requests/a.csv"]
)
def test_a_file_may_be_named_by_its_url(asked: str) -> None:
    jobs = InMemoryJobs()
    jobs.create(a_job(source="requests/a.csv"))
    assert listed(jobs, source=asked) == [0]


def test_half_a_surrogate_pair_is_not_looked_for() -> None:
    """DynamoDB refuses it."""
    asked: list[str] = []

    class Jobs(InMemoryJobs):
        def newest_of(self, source: str, **rest: Any) -> Sequence[Job]:
            asked.append(source)
            return super().newest_of(source, **rest)

    for source in ("\ud800", "requests/\udcff.csv"):
        assert listed(Jobs(), source=source) == []
    assert asked == []


def test_the_longest_key_can_be_asked_for(jobs: InMemoryJobs) -> None:
    assert listed(jobs, source="\u00fc" * 512) == []


# What is wrong


EVERYTHING_WRONG = {
    **{"limit": "0", "cursor": "x", "offset": "3", "source": "", "status": "done", "model": ""},
    **{"tag": ",", "from": "yesterday", "to": "2026-13-01", "q": " ", "fields": "jobid"},
}


def test_every_invalid_parameter_is_named() -> None:
    assert {error.field for error in errors_of(EVERYTHING_WRONG)} == EVERYTHING_WRONG.keys()


@pytest.mark.parametrize("limit", ["0", "100", "-1", "1.5", "ten", "", "٣", "0" * 9])
def test_a_limit_is_a_small_number(limit: str) -> None:
    assert errors_of({"limit": limit}) == (
        FieldError("limit", "must be a whole number from 1 to 99"),
    )


MOMENT = "must be a date or a date-time, such as 2026-11-27 or 2026-11-27T14:30:00Z"


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"Limit": "3"}, "unknown parameter; did you mean limit?"),
        ({"offset": "3"}, "unknown parameter"),
        ({"source": "x" * 1025}, "must be the key of a dropped file, such as requests/kites"),
        ({"source": "\u00fc" * 513}, "must be the key of a dropped file, such as requests/kites"),
        ({"source": "s3://drops/"}, "must be the key of a dropped file"),
        ({"status": "suceeded"}, "unknown state; did you mean succeeded?"),
        ({"status": "failed,"}, "unknown state; take some of accepted, submitting, "),
        ({"status": ""}, "unknown state; take some of accepted, submitting, "),
        ({"fields": "job_id,modell"}, "unknown field; did you mean model?"),
        ({"model": "x" * 201}, "must have 1 to 200 characters"),
        ({"q": "x" * 201}, "must have 1 to 200 characters"),
        ({"tag": ""}, "must be a tag, or several with commas between them"),
        ({"from": "2026-11-27T14"}, MOMENT),
        ({"from": "2026-W48-5"}, MOMENT),
        ({"from": "20261127"}, MOMENT),
        ({"from": "٢٠٢٦-11-27"}, MOMENT),
        ({"to": "2026-02-30"}, MOMENT),
    ],
)
def test_the_next_query_can_be_right(query: dict[str, str], message: str) -> None:
    [error] = errors_of(query)
    assert error.field in query
    assert error.message.startswith(message)


BACKWARDS = (
    FieldError("from", "must not be after `to`"),
    FieldError("to", "must not be before `from`"),
)


@pytest.mark.parametrize(
    ("since", "until"),
    [("2026-09-22", "2026-09-21"), ("2026-09-21T02:00:01+02:00", "2026-09-21T00:00:00Z")],
)
def test_no_time_ends_before_it_begins(since: str, until: str) -> None:
    """An empty list would look as if there were no jobs."""
    query = {"from": since, "to": until}
    assert errors_of(query) == BACKWARDS
    with pytest.raises(InvalidRequest) as refused:
        read_usage_query(query, client="studio", scopes=[])
    assert refused.value.errors == BACKWARDS


# Cursors


def cursor_of(jobs: InMemoryJobs, *, client: str = "studio", **query: str) -> str:
    cursor = list_page(jobs, {"limit": "1", **query}, client=client)[1]
    assert cursor
    return cursor


def test_a_cursor_goes_on_with_another_limit_and_other_fields(jobs: InMemoryJobs) -> None:
    cursor = cursor_of(jobs, fields="status")
    page, _ = list_page(jobs, {"cursor": cursor, "limit": "3", "fields": "model"}, client="studio")
    assert [job.job_id for job in page] == [a_job_id(number) for number in (3, 2, 1)]


def test_the_cursor_of_another_list_tells_nothing(jobs: InMemoryJobs) -> None:
    """Another client's, one of another filter, a job's id, the client's own or not."""
    jobs.create(a_job(number=8, client="another"))
    cursors = [
        cursor_of(jobs, client="another"),
        cursor_of(jobs, status="accepted"),
        *(a_job_id(number) for number in (1, 8, 30)),
    ]
    assert {refusal_of(cursor, jobs) for cursor in cursors} == {WRONG_CURSOR}
    own = cursor_of(jobs)
    assert refusal_of(own, jobs, q="kite") == WRONG_CURSOR
    assert "another" not in own


@given(st.text(max_size=90) | st.binary(max_size=60).map(lambda made: made.hex()))
def test_no_forged_cursor_is_taken(cursor: str) -> None:
    assert refusal_of(cursor) == WRONG_CURSOR


@given(at=st.integers(0, 200), letter=st.sampled_from("A0_-!=é"))
def test_a_cursor_that_was_changed_is_not_taken(at: int, letter: str) -> None:
    jobs = InMemoryJobs()
    for number in range(2):
        jobs.create(a_job(number=number))
    cursor = cursor_of(jobs)
    place = at % len(cursor)
    for rest in (cursor[place:], cursor[place + 1 :]):
        if (changed := cursor[:place] + letter + rest) != cursor:
            assert refusal_of(changed, jobs) == WRONG_CURSOR


KINDS = st.tuples(
    st.sampled_from([JobStatus.SUCCEEDED, JobStatus.FAILED]), st.sampled_from(["a", "b"])
)


@given(
    before=st.lists(KINDS, max_size=30),
    added=st.lists(st.lists(KINDS, max_size=2), max_size=40),
    limit=st.integers(1, 5),
    query=st.sampled_from([{}, {"status": "failed"}, {"tag": "a", "status": "succeeded"}]),
)
def test_a_walk_finds_each_job_once_while_jobs_are_added(
    before: list[tuple[JobStatus, str]],
    added: list[list[tuple[JobStatus, str]]],
    limit: int,
    query: dict[str, str],
) -> None:
    jobs, read = InMemoryJobs(), list[int]()
    number = iter(range(200))

    def add(kinds: list[tuple[JobStatus, str]]) -> None:
        for status, tag in kinds:
            jobs.create(a_job(status, number=next(number), request=a_tagged_request(tag)))

    def matching() -> list[JobId]:
        return [
            job.job_id
            for job in jobs.newest("studio", limit=500, before=None)
            if query.get("status", job.status) == job.status
            and query.get("tag") in (None, *job.request.tags)
        ]

    add(before)
    due, seen, cursor = matching(), list[JobId](), dict[str, str]()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(list_jobs, "MAX_READ", 7)
        for more in [*added, *[[]] * 60]:
            page, found = list_page(jobs, {**query, "limit": str(limit), **cursor}, client="studio")
            assert len(page) <= limit
            seen += [job.job_id for job in page]
            read.append(len(page))
            if found is None:
                break
            cursor = {"cursor": found}
            add(more)
    assert seen == due
