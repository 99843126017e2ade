"""The summary of a dropped file, while its jobs are running and when all are final."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from ringback.domain.drops import Drop, Progress
from ringback.domain.jobs import FINAL, ErrorKind, Job, JobError, JobId, JobStatus
from ringback.use_cases.summarize_drop import SummarizeDrop

from tests.support.drops import DropQueues, InMemoryDropProgress, InMemoryDrops
from tests.support.in_memory import InMemoryJobs
from tests.support.jobs import NOON, a_job, a_stored_image

DROP = Drop(bucket="drops", key="requests/kites.csv", version="v1")
READ = Progress(made_at=NOON, row=4, bad_rows=1, done=True)


@dataclass
class Summaries:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    progress: InMemoryDropProgress = field(default_factory=InMemoryDropProgress)
    drops: InMemoryDrops = field(default_factory=InMemoryDrops)
    queues: DropQueues = field(default_factory=DropQueues)
    now: datetime = NOON

    def __call__(self) -> tuple[bool, Any]:
        summarize = SummarizeDrop(
            jobs=self.jobs,
            progress=self.progress,
            drops=self.drops,
            queue=self.queues,
            image_links=lambda key: {"s3": f"s3://images/{key}"},
            now=lambda: self.now,
        )
        return summarize(DROP), self.drops.summaries.get(DROP.key)

    def add(self, row: int, status: JobStatus, **changes: Any) -> None:
        job_id = DROP.job_id(row, made_at=NOON)
        self.jobs.create(a_job(status, job_id=job_id, row=row, source=DROP.key, **changes))


def summaries_of(progress: Progress | None = READ) -> Summaries:
    summaries = Summaries(progress=InMemoryDropProgress({DROP: progress} if progress else {}))
    summaries.drops.objects[DROP] = (b"", {})
    return summaries


def test_a_summary_of_running_jobs_is_written_again() -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.SUCCEEDED, credits=Decimal("3.5"), images=(a_stored_image(),))
    summaries.add(3, JobStatus.RUNNING)
    is_final, summary = summaries()
    assert not is_final
    assert summaries.queues.summaries == [(DROP, 5)]
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


def test_a_summary_is_final_when_the_last_job_is() -> None:
    summaries = summaries_of()
    error = JobError(kind=ErrorKind.REFUSED, message="no luck")
    summaries.add(1, JobStatus.SUCCEEDED, credits=Decimal("3.5"))
    summaries.add(3, JobStatus.FAILED, error=error, credits=Decimal("0.25"))
    is_final, summary = summaries()
    assert is_final
    assert summaries.queues.summaries == []
    assert (summary["state"], summary["credits"]) == ("final", 3.75)
    assert summary["results"][1]["error"] == "no luck"


@pytest.mark.parametrize("status", sorted(JobStatus))
def test_a_summary_is_final_only_if_the_state_of_each_job_is(status: JobStatus) -> None:
    summaries = summaries_of(replace(READ, row=2, bad_rows=0))
    summaries.add(1, status)
    open_states = {"accepted", "submitting", "running", "archiving"}
    assert summaries()[0] is (status not in open_states)


def test_a_summary_is_final_with_a_job_in_each_final_state() -> None:
    summaries = summaries_of(replace(READ, row=len(FINAL) + 1, bad_rows=0))
    for row, status in enumerate(sorted(FINAL), start=1):
        summaries.add(row, status)
    assert summaries()[0]


def test_the_job_of_a_single_request_has_no_row() -> None:
    summaries = summaries_of(replace(READ, row=2, bad_rows=0))
    job_id = DROP.job_id(1, made_at=NOON)
    summaries.jobs.create(a_job(job_id=job_id, source=DROP.key))
    [result] = summaries()[1]["results"]
    assert result == {"job_id": job_id, "status": "accepted", "images": []}


def test_a_summary_is_not_final_while_the_sheet_is_read() -> None:
    summaries = summaries_of(replace(READ, done=False))
    summaries.add(1, JobStatus.SUCCEEDED)
    is_final, summary = summaries()
    assert (is_final, summary["state"]) == (False, "reading")


def test_an_unread_drop_is_waited_for_up_to_a_day() -> None:
    summaries = summaries_of(progress=None)
    assert summaries() == (False, None)
    assert summaries.queues.summaries == [(DROP, 5)]
    summaries.now += timedelta(days=1, seconds=1)
    assert summaries() == (True, None)


def test_a_drop_deleted_before_it_was_read_is_not_waited_for() -> None:
    summaries = summaries_of(progress=None)
    summaries.drops.objects.clear()
    assert summaries() == (True, None)


def test_jobs_are_read_a_hundred_at_a_time() -> None:
    summaries = summaries_of(replace(READ, row=451, bad_rows=0))
    for row in range(1, 451):
        summaries.add(row, JobStatus.SUCCEEDED)
    asked: list[int] = []
    find = summaries.jobs.find

    def counted(job_ids: Sequence[JobId]) -> Sequence[Job]:
        asked.append(len(job_ids))
        return find(job_ids)

    summaries.jobs.find = counted  # type: ignore[method-assign]
    _, summary = summaries()
    assert asked == [100, 100, 100, 100, 50]
    assert [line["row"] for line in summary["results"]] == list(range(1, 451))


@pytest.mark.parametrize(
    ("age", "seconds"), [(0, 5), (50, 5), (51, 6), (300, 30), (600, 60), (86_400, 60)]
)
def test_the_interval_widens_with_the_age_of_the_drop(age: int, seconds: int) -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.RUNNING)
    summaries.now += timedelta(seconds=age)
    summaries()
    assert summaries.queues.summaries == [(DROP, seconds)]
