"""The summary of a dropped file, while its jobs are running and when all are final."""

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from decimal import Decimal
from math import log
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from ringback.domain.drops import Drop, Progress
from ringback.domain.jobs import FINAL, ErrorKind, Job, JobError, JobId, JobStatus
from ringback.use_cases.receipt_table import COLUMNS, MAX_CELL, table_line, table_row, text_cell
from ringback.use_cases.report_drop import SETTLES, ReportDrop, dry_summary
from ringback.use_cases.summarize_drop import INTERVAL, SummarizeDrop

from tests.support.deletions import tombstone_of
from tests.support.drops import DropQueues, InMemoryDropProgress, InMemoryDrops
from tests.support.in_memory import InMemoryJobs
from tests.support.jobs import NOON, a_job, a_request, a_stored_image

DROP = Drop(bucket="drops", key="requests/kites.csv", version="v1")
READ = Progress(made_at=NOON, row=4, bad_rows=1, done=True)


@dataclass
class Summaries:
    jobs: InMemoryJobs = field(default_factory=InMemoryJobs)
    progress: InMemoryDropProgress = field(default_factory=InMemoryDropProgress)
    drops: InMemoryDrops = field(default_factory=InMemoryDrops)
    queues: DropQueues = field(default_factory=DropQueues)
    now: datetime = NOON

    @property
    def report(self) -> ReportDrop:
        return ReportDrop(
            jobs=self.jobs,
            drops=self.drops,
            image_links=lambda key: {"s3": f"s3://images/{key}"},
            now=lambda: self.now,
        )

    def __call__(self) -> tuple[bool, Any]:
        summarize = SummarizeDrop(
            progress=self.progress,
            jobs=self.jobs,
            drops=self.drops,
            queue=self.queues,
            report=self.report,
            client="drop",
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
        "jobs_without_credits": 1,
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


def test_a_deleted_job_is_told_in_words_and_makes_the_summary_final() -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.SUCCEEDED, credits=Decimal("3.5"))
    summaries.add(3, JobStatus.FAILED)
    job_id = DROP.job_id(3, made_at=NOON)
    left = tombstone_of(summaries.jobs.get(job_id), at=NOON)
    summaries.jobs.by_id[job_id] = left
    is_final, summary = summaries()
    assert (is_final, summary["jobs"]) == (True, {"succeeded": 1, "deleted": 1})
    result = {"row": 3, "job_id": job_id, "status": "deleted", "images": []}
    assert summary["results"][1] == result
    row = summaries.drops.tables[DROP.key].decode().splitlines()[-1]
    assert '"3","deleted"' in row
    assert "its job was deleted" in row


def test_a_job_that_is_being_deleted_has_ended_and_has_no_links() -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.SUCCEEDED)
    summaries.add(3, JobStatus.DELETING, images=(a_stored_image(),))
    is_final, summary = summaries()
    assert is_final
    assert summary["results"][1]["images"] == []


def test_the_end_of_a_drop_is_recorded_when_its_last_job_is_final() -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.SUCCEEDED, credits=Decimal("3.5"))
    summaries.add(3, JobStatus.RUNNING)
    summaries()
    assert summaries.progress.finished == {}
    summaries.now += timedelta(minutes=1)
    summaries.jobs.by_id.clear()
    summaries.add(1, JobStatus.SUCCEEDED, credits=Decimal("3.5"))
    summaries.add(3, JobStatus.FAILED)
    _, summary = summaries()
    finished = summaries.progress.finished[DROP]
    assert (finished.drop, finished.client, finished.at) == (DROP, "studio", summaries.now)
    # The results may be many: their place is the summary.
    assert finished.summary == {name: summary[name] for name in summary if name != "results"}
    assert finished.summary["jobs"] == {"failed": 1, "succeeded": 1}


def test_the_end_of_a_drop_without_jobs_is_told_to_the_drops_client() -> None:
    """It waits for its file all the same, and has to learn that no row was valid."""
    summaries = summaries_of(Progress(made_at=NOON, row=2, bad_rows=1, done=True))
    summaries()
    assert summaries.progress.finished[DROP].client == "drop"


@pytest.mark.parametrize("key", ["requests/a.dry-run.csv", "recipes/x/recipe.json"])
def test_a_drop_that_makes_no_jobs_has_no_such_end(key: str) -> None:
    drop, progress = replace(DROP, key=key), InMemoryDropProgress()
    progress.known[drop] = READ
    summaries = Summaries(progress=progress)
    report = ReportDrop(jobs=summaries.jobs, drops=summaries.drops, now=lambda: NOON)
    summarize = SummarizeDrop(
        progress=progress,
        jobs=summaries.jobs,
        drops=summaries.drops,
        queue=summaries.queues,
        report=report,
        client="drop",
        now=lambda: NOON,
    )
    assert summarize(drop)
    assert progress.finished == {}


@pytest.mark.parametrize(
    ("each", "credits", "without"),
    [
        ([], 0.0, 0),
        ([None, None], None, 2),
        ([Decimal("2.5"), None], 2.5, 1),
        ([Decimal(0), Decimal(0)], 0.0, 0),
    ],
)
def test_credits_that_are_not_known_are_not_zero(
    each: list[Decimal | None], credits: float | None, without: int
) -> None:
    """Chanjing tells no credits: field case 20."""
    summaries = summaries_of(replace(READ, row=len(each) + 1))
    for row, one in enumerate(each, start=1):
        summaries.add(row, JobStatus.SUCCEEDED, credits=one)
    _, summary = summaries()
    assert (summary["credits"], summary["jobs_without_credits"]) == (credits, without)


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
    ("age", "seconds"), [(0, 5), (20, 5), (21, 6), (300, 75), (3_600, 900), (86_400, 900)]
)
def test_the_interval_widens_with_the_age_of_the_drop(age: int, seconds: int) -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.RUNNING)
    summaries.now += timedelta(seconds=age)
    summaries()
    assert summaries.queues.summaries == [(DROP, seconds)]


@pytest.mark.parametrize(
    ("age", "last_turn", "seconds"),
    [
        # Not before the last turn is over, then soon.
        (1_000, 1_000 + 60, 65),
        (1_000, 1_000 + 500, 250),
        (10_000, 10_000, 5),
        (10_020, 10_000, 5),
        (10_100, 10_000, 25),
        (90_000, 10_000, 900),
    ],
)
def test_the_end_of_a_long_sheet_is_told_soon(age: int, last_turn: int, seconds: int) -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.ACCEPTED, due_at=NOON + timedelta(seconds=60))
    summaries.add(3, JobStatus.ACCEPTED, due_at=NOON + timedelta(seconds=last_turn))
    summaries.now += timedelta(seconds=age)
    summaries()
    assert summaries.queues.summaries == [(DROP, seconds)]


@pytest.mark.parametrize("hours", [1, 5, 20])
def test_a_job_that_stays_open_does_not_have_the_others_read_again_and_again(hours: int) -> None:
    """It is looked at every quarter of an hour, so that the end is told soon after its end."""
    summaries = summaries_of()
    summaries.add(1, JobStatus.RUNNING)
    summaries.add(3, JobStatus.SUCCEEDED)
    reported, ends_at = set[str](), NOON + timedelta(hours=hours)
    while True:
        is_final, summary = summaries()
        reported.add(summary["updated_at"])
        if is_final:
            break
        _, delay = summaries.queues.summaries.pop()
        assert delay <= 900
        summaries.now += timedelta(seconds=delay + 0.5)
        if summaries.now >= ends_at:
            summaries.jobs.by_id = {
                job_id: replace(job, status=JobStatus.SUCCEEDED)
                for job_id, job in summaries.jobs.by_id.items()
            }
    assert summaries.now < ends_at + timedelta(minutes=16)
    assert 25 < len(reported) < 31 + log(hours, 1 + INTERVAL.share)


# ------------------------------------------------------------------ what is settled

MINUTES = st.integers(0, 40)


@dataclass
class Rows:
    """The jobs of a sheet that change, with what is written of them."""

    bad: tuple[int, ...]
    rows: int
    summaries: Summaries = field(default_factory=Summaries)
    read: list[JobId] = field(default_factory=list)

    def __post_init__(self) -> None:
        drops = self.summaries.drops
        errors = {"errors": [{"field": "", "message": "no"}]}
        numbers = range(1, self.rows + 1)
        lines = [{"row": row} | (errors if row in self.bad else {}) for row in numbers]
        receipted(self.summaries, *lines)
        drops.objects[DROP] = (b"", {})
        for row in set(range(1, self.rows + 1)) - set(self.bad):
            self.summaries.add(row, JobStatus.ACCEPTED)
        find = self.summaries.jobs.find

        def noted(job_ids: Sequence[JobId]) -> Sequence[Job]:
            self.read += job_ids
            return find(job_ids)

        self.summaries.jobs.find = noted  # type: ignore[method-assign]

    def move(self, row: int, to: JobStatus) -> None:
        """Change a job, unless it is settled or has no such change."""
        job_id = DROP.job_id(row, made_at=NOON)
        job = self.summaries.jobs.by_id.get(job_id)
        if job is None or job.status in (JobStatus.SUCCEEDED, JobStatus.DELETED):
            return
        if job.finished_at and self.summaries.now - job.finished_at >= SETTLES:
            return
        is_end = to in FINAL
        self.summaries.jobs.by_id[job_id] = replace(
            job,
            status=to,
            finished_at=self.summaries.now if is_end else None,
            updated_at=self.summaries.now,
            credits=Decimal(row) / 2 if to is JobStatus.SUCCEEDED else None,
            images=(a_stored_image(),) if to is JobStatus.SUCCEEDED else (),
        )

    def written(self, read: int, *, anew: bool = False) -> tuple[bytes, Any]:
        """Report up to a row, as before or from the first row on."""
        drops = self.summaries.drops
        if anew:
            drops.reported.clear()
        is_all = read == self.rows
        bad = sum(row <= read for row in self.bad)
        progress = replace(READ, row=read + 1, bad_rows=bad, done=is_all)
        self.read.clear()
        self.summaries.report(DROP, progress)
        return drops.tables[DROP.key], drops.summaries[DROP.key]


@given(
    bad=st.lists(st.integers(1, 8), max_size=3, unique=True).map(tuple),
    steps=st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(1, 8), st.sampled_from(JobStatus)), max_size=6),
            MINUTES,
            st.integers(0, 8),
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_what_is_settled_is_written_as_if_all_jobs_were_read_again(
    bad: tuple[int, ...], steps: list[tuple[list[tuple[int, JobStatus]], int, int]]
) -> None:
    rows, read = Rows(bad=bad, rows=8), 0
    for changes, minutes, more in steps:
        for row, to in changes:
            rows.move(row, to)
        rows.summaries.now += timedelta(minutes=minutes)
        read = min(8, read + more)
        settled = rows.summaries.drops.settled(DROP)
        as_before = rows.written(read)
        before = {DROP.job_id(row, made_at=NOON) for row in range(1, settled.row)}
        assert before.isdisjoint(rows.read)
        kept = dict(rows.summaries.drops.reported)
        assert rows.written(read, anew=True) == as_before
        rows.summaries.drops.reported = kept


def test_only_open_jobs_and_those_behind_them_are_read_again() -> None:
    rows = Rows(bad=(2,), rows=8)
    for row in (1, 3, 4):
        rows.move(row, JobStatus.SUCCEEDED)
    rows.move(5, JobStatus.FAILED)
    rows.move(7, JobStatus.SUCCEEDED)
    rows.written(8)
    assert rows.summaries.drops.settled(DROP).row == 5
    rows.written(8)
    assert rows.read == [DROP.job_id(row, made_at=NOON) for row in (5, 6, 7, 8)]
    # A late result may still come for a job that has failed.
    rows.summaries.now += SETTLES
    rows.written(8)
    assert rows.summaries.drops.settled(DROP).row == 6


# ------------------------------------------------------------------ receipts for people


def table_of(summaries: Summaries) -> list[dict[str, str]]:
    summaries()
    content = summaries.drops.tables[DROP.key]
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def receipted(summaries: Summaries, *receipts: dict[str, Any], version: str = "v1") -> None:
    summaries.drops.written[DROP.key] = b"".join(
        json.dumps(each).encode() + b"\n" for each in receipts
    )
    summaries.drops.covered[DROP.key] = version, len(receipts)


FAULT = {"errors": [{"field": "", "message": "row 4: a quote is not closed"}]}
ROW_2 = {
    "row": 2,
    "prompt": "=1+1",
    "errors": [
        {"field": "input.seed", "message": "must be a whole number"},
        {"field": "", "message": "has 9 cells"},
    ],
}


def test_every_row_has_a_line_for_people() -> None:
    summaries = summaries_of()
    prompt = 'A "red" kite,\nüber der See; 2 \N{KITE}'
    request = replace(a_request(), input={"prompt": prompt})
    image, second = a_stored_image(), replace(a_stored_image(), number=2, key="images/2.png")
    summaries.add(
        1,
        JobStatus.SUCCEEDED,
        credits=Decimal("3.50"),
        images=(image, second),
        request=request,
    )
    error = JobError(kind=ErrorKind.NO_VERDICT, message="no luck", may_be_charged=True)
    summaries.add(3, JobStatus.EXPIRED, error=error, request=request)
    jobs = [DROP.job_id(row, made_at=NOON) for row in (1, 3)]
    receipted(summaries, {"row": 1, "job_id": jobs[0]}, ROW_2, {"row": 3, "job_id": jobs[1]}, FAULT)
    empty = dict.fromkeys(COLUMNS, "")
    told = {"model": request.model, "prompt": prompt}
    assert table_of(summaries) == [
        empty
        | told
        | {
            "row": "1",
            "state": "succeeded",
            "credits": "3.5",
            "job_id": jobs[0],
            "images": f"s3://images/{image.key}\ns3://images/images/2.png",
        },
        empty
        | {
            "row": "2",
            "state": "refused",
            "prompt": "'=1+1",
            "errors": "input.seed: must be a whole number\nhas 9 cells",
        },
        empty
        | told
        | {
            "row": "3",
            "state": "expired",
            "errors": "no luck (may have been charged)",
            "job_id": jobs[1],
        },
        empty | {"state": "refused", "errors": "row 4: a quote is not closed"},
    ]


def test_without_receipts_of_this_version_the_jobs_are_there() -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.RUNNING)
    receipted(summaries, ROW_2, version="v2")
    rows = table_of(summaries)
    assert [(row["row"], row["state"]) for row in rows] == [
        ("1", "running"),
        ("2", "unknown"),
        ("3", "unknown"),
    ]


def test_receipts_that_their_owner_replaced_cost_nothing_else() -> None:
    summaries = summaries_of()
    summaries.add(1, JobStatus.RUNNING)
    receipted(summaries, {}, {}, {}, {})
    assert [row["state"] for row in table_of(summaries)] == ["running", "unknown", "unknown"]


def test_a_large_sheet_s_table_is_written_as_it_is_read() -> None:
    rows = 5_000
    summaries = summaries_of(replace(READ, row=rows + 1))
    receipted(summaries, *({**ROW_2, "row": row} for row in range(1, rows + 1)))
    pieces: list[int] = []

    def put_table(drop: Drop, content: Iterable[bytes], **_: Any) -> None:
        pieces.extend(map(len, content))

    summaries.drops.put_table = put_table  # type: ignore[method-assign]
    summaries()
    assert len(pieces) == rows + 1
    assert max(pieces) < 200


BEGINNINGS = "=+-@\uff1d\uff0b\uff0d\uff20"
BETWEEN = "\t\r\n \xa0\u200b\ufeff\u3000;,'\"|\0"
hostile_text = st.text(st.sampled_from(BEGINNINGS + BETWEEN + "a1ü"), max_size=12)
FORMULA = re.compile(f"[{re.escape(BEGINNINGS)}]")


@given(hostile_text, hostile_text)
@example("=1+1", "-2")
@example("a;=1", 'a"\n@b')
def test_no_cell_runs_in_a_spreadsheet(one: str, other: str) -> None:
    line = table_line([text_cell(one), text_cell(other)]).decode()
    (cells,) = csv.reader(io.StringIO(line, newline=""))
    assert len(cells) == 2
    for cell, text in zip(cells, (one, other), strict=True):
        assert cell.replace("'", "") == text.replace("\0", "").replace("'", "")
        assert cell[:1] not in ("\t", "\r", "\n")
    # Nor where semicolons or tabs separate cells, whatever a quote means there.
    for piece in re.split("[;\t\r\n]|\\A", line) + cells:
        assert not FORMULA.match(piece.lstrip(' \xa0\u200b\ufeff\u3000"')), line


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_other_text_is_in_the_table_as_it_is(text: str) -> None:
    plain = FORMULA.sub("", text.replace("\0", "")).lstrip("\t\r\n;")
    (cells,) = csv.reader(io.StringIO(table_line([text_cell(plain)]).decode(), newline=""))
    assert cells == [plain]


def test_a_cell_is_no_longer_than_excel_shows() -> None:
    cell = text_cell("-" + "x" * 40_000)
    assert (len(cell), cell[:3], cell[-6:]) == (MAX_CELL, "'-x", " [...]")
    assert len(text_cell("\n;" * 20_000 + "=")) == MAX_CELL


def row_of(receipt: dict[str, Any], job: Job | None = None) -> dict[str, str]:
    line = table_row(receipt, job, iter(()), number=1).decode()
    return next(csv.DictReader(io.StringIO(line, newline=""), fieldnames=COLUMNS))


@pytest.mark.parametrize(
    ("receipt", "state", "estimate"),
    [
        ({"waits_for": "the key of kie"}, "waits for the key of kie", ""),
        ({"estimate": {"credits_low": 5.0, "credits_high": 5.0}}, "valid", "5"),
        ({"estimate": {"credits_low": 5.0, "credits_high": 6.5}}, "valid", "5 to 6.5"),
        ({"estimate": None}, "valid", ""),
        ({"errors": []}, "refused", ""),
        ({}, "unknown", ""),
    ],
)
def test_a_row_without_a_job_says_why(receipt: dict[str, Any], state: str, estimate: str) -> None:
    shown = row_of(receipt)
    assert (shown["state"], shown["estimate"]) == (state, estimate)


@pytest.mark.parametrize(
    ("may_be_charged", "words"), [(True, "cut off (may have been charged)"), (False, "cut off")]
)
def test_a_row_says_whether_its_failed_job_may_have_been_charged(
    words: str, *, may_be_charged: bool
) -> None:
    error = JobError(kind=ErrorKind.IMAGES_LOST, message="cut off", may_be_charged=may_be_charged)
    job = replace(a_job(JobStatus.ARCHIVE_FAILED), error=error)
    shown = row_of({}, job)
    assert (shown["state"], shown["errors"]) == ("archive_failed", words)
    assert (shown["model"], shown["job_id"]) == (job.request.model, job.job_id)


@pytest.mark.parametrize(
    ("without_price", "credits"), [(0, (10.0, 13.0)), (1, (10.0, 13.0)), (2, (None, None))]
)
def test_an_estimate_is_known_if_one_good_row_has_a_price(
    without_price: int, credits: tuple[float | None, float | None]
) -> None:
    """Two of three rows are good."""
    progress = replace(
        READ, credits_low=Decimal(10), credits_high=Decimal(13), without_price=without_price
    )
    estimate = dry_summary(replace(DROP, key="requests/kites.dry-run.csv"), progress)["estimate"]
    assert (estimate["credits_low"], estimate["credits_high"]) == credits


def test_a_photo_s_line_has_no_number() -> None:
    photo = Drop(bucket="drops", key="recipes/fox/kite.jpg", version="v1")
    drops = InMemoryDrops(
        written={photo.key: json.dumps(FAULT).encode() + b"\n"}, covered={photo.key: ("v1", 1)}
    )
    report = ReportDrop(
        jobs=InMemoryJobs(), drops=drops, image_links=lambda key: {}, now=lambda: NOON
    )
    report(photo, replace(READ, row=2))
    [line] = csv.DictReader(io.StringIO(drops.tables[photo.key].decode("utf-8-sig"), newline=""))
    assert (line["row"], line["state"]) == ("", "refused")
    assert line["errors"] == FAULT["errors"][0]["message"]
