"""The summary of a dropped file, while its jobs are under way and when they have ended."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from ringback.domain.drops import Drop, Progress
from ringback.domain.jobs import ErrorKind, Job, JobError, JobId, JobStatus
from ringback.use_cases.summarize_drop import SummarizeDrop

from tests.support.drops import DropQueues, InMemoryBook, InMemoryDrops
from tests.support.in_memory import InMemoryJobs
from tests.support.jobs import NOON, a_job, a_stored_image

DROP = Drop(bucket="drops", key="requests/kites.csv", version="v1")
READ = Progress(made_at=NOON, row=4, bad_rows=1, done=True)


@dataclass
class Office:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    book: InMemoryBook = field(default_factory=InMemoryBook)
    drops: InMemoryDrops = field(default_factory=InMemoryDrops)
    queues: DropQueues = field(default_factory=DropQueues)
    now: datetime = NOON

    def __call__(self) -> tuple[bool, Any]:
        summarize = SummarizeDrop(
            jobs=self.jobs,
            book=self.book,
            drops=self.drops,
            queue=self.queues,
            image_links=lambda key: {"s3": f"s3://images/{key}"},
            now=lambda: self.now,
        )
        return summarize(DROP), self.drops.summaries.get(DROP.key)

    def add(self, row: int, status: JobStatus, **changes: Any) -> None:
        job_id = DROP.job_id(row, made_at=NOON)
        self.jobs.create(a_job(status, job_id=job_id, row=row, source=DROP.key, **changes))


def an_office(progress: Progress | None = READ) -> Office:
    office = Office(book=InMemoryBook({DROP: progress} if progress else {}))
    office.drops.objects[DROP] = (b"", {})
    return office


def test_while_jobs_are_under_way_it_says_so_and_is_written_again() -> None:
    office = an_office()
    office.add(1, JobStatus.SUCCEEDED, credits=Decimal("3.5"), images=(a_stored_image(),))
    office.add(3, JobStatus.RUNNING)
    is_final, summary = office()
    assert not is_final
    assert office.queues.sums == [(DROP, 5)]
    assert summary == {
        "source": DROP.key,
        "version": "v1",
        "state": "running",
        "updated_at": NOON.isoformat(),
        "rows": 3,
        "bad_rows": 1,
        "fault": None,
        "jobs": {"running": 1, "succeeded": 1},
        "credits": 3.5,
        "results": [
            {
                "row": 1,
                "job_id": DROP.job_id(1, made_at=NOON),
                "status": "succeeded",
                "images": [{"s3": f"s3://images/{a_stored_image().key}"}],
            },
            {
                "row": 3,
                "job_id": DROP.job_id(3, made_at=NOON),
                "status": "running",
                "images": [],
            },
        ],
    }


def test_it_is_final_when_the_last_job_is() -> None:
    office = an_office()
    error = JobError(kind=ErrorKind.REFUSED, message="no luck")
    office.add(1, JobStatus.SUCCEEDED, credits=Decimal("3.5"))
    office.add(3, JobStatus.FAILED, error=error, credits=Decimal("0.25"))
    is_final, summary = office()
    assert is_final
    assert office.queues.sums == []
    assert (summary["state"], summary["credits"]) == ("final", 3.75)
    assert summary["results"][1]["error"] == "no luck"


@pytest.mark.parametrize("status", sorted(JobStatus))
def test_a_state_is_final_if_nothing_is_under_way_in_it(status: JobStatus) -> None:
    office = an_office(replace(READ, row=2, bad_rows=0))
    office.add(1, status)
    open_states = {"accepted", "submitting", "running", "archiving"}
    assert office()[0] is (status not in open_states)


def test_while_the_sheet_is_read_it_is_not_final() -> None:
    office = an_office(replace(READ, done=False))
    office.add(1, JobStatus.SUCCEEDED)
    is_final, summary = office()
    assert (is_final, summary["state"]) == (False, "reading")


def test_a_drop_of_which_nothing_was_read_yet_is_waited_for() -> None:
    office = an_office(progress=None)
    assert office() == (False, None)
    assert office.queues.sums == [(DROP, 5)]
    office.now += timedelta(days=1, seconds=1)
    assert office() == (True, None)


def test_a_drop_that_is_gone_before_it_was_read_is_not_waited_for() -> None:
    office = an_office(progress=None)
    office.drops.objects.clear()
    assert office() == (True, None)


def test_ten_thousand_rows_are_asked_for_a_hundred_at_a_time() -> None:
    office = an_office(replace(READ, row=451, bad_rows=0))
    for row in range(1, 451):
        office.add(row, JobStatus.SUCCEEDED)
    asked: list[int] = []
    find = office.jobs.find

    def counted(job_ids: Sequence[JobId]) -> Sequence[Job]:
        asked.append(len(job_ids))
        return find(job_ids)

    office.jobs.find = counted  # type: ignore[method-assign]
    _, summary = office()
    assert asked == [100, 100, 100, 100, 50]
    assert [line["row"] for line in summary["results"]] == list(range(1, 451))


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 5), (50, 5), (51, 6), (300, 30), (600, 60), (86_400, 60)]
)
def test_the_interval_widens_with_the_age_of_the_drop(age: int, seconds: int) -> None:
    office = an_office()
    office.add(1, JobStatus.RUNNING)
    office.now += timedelta(seconds=age)
    office()
    assert office.queues.sums == [(DROP, seconds)]
