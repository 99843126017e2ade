"""Write what became of a drop: its summary, and its receipts for people."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from ringback.domain.drops import Drop, Progress, Settled, makes_jobs
from ringback.domain.jobs import ENDED, FINAL, GONE, Job, JobStatus
from ringback.use_cases.ports import DropStore, JobReader
from ringback.use_cases.receipt_table import header_line, table_row

JOBS_PER_READ: Final = 100
# The state of a summary that no later one follows.
FINISHED: Final = "final"
# So long after its end, a late result of a job is not expected any more.
SETTLES: Final = timedelta(minutes=15)


def no_links(key: str) -> dict[str, str]:
    raise LookupError(key)


class Report(NamedTuple):
    """The summary as it was written, without the results.

    ``client`` owns the jobs, ``None`` if there are none. ``last_due`` is the last turn of the jobs
    that are open.
    """

    summary: Mapping[str, Any]
    client: str | None
    last_due: datetime | None

    @property
    def is_final(self) -> bool:
        """Tell whether the drop is read to its end, and no job is still open."""
        return bool(self.summary["state"] == FINISHED)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportDrop:
    """``image_links`` returns the links to an image by its key; drops without jobs need none."""

    jobs: JobReader
    drops: DropStore
    now: Callable[[], datetime]
    image_links: Callable[[str], dict[str, str]] = no_links

    def __call__(self, drop: Drop, progress: Progress) -> Report:
        """Write both. Rows that were settled before are copied, and their jobs not read again."""
        before = self.drops.settled(drop) if makes_jobs(drop) else Settled()
        tally = _Tally(before, at=self.now())
        # First the table: a crash after it writes the same again.
        table = self._table(drop, progress, tally)
        written: Any = {"made_at": progress.made_at, "before": before}
        self.drops.put_table(drop, table, settled=lambda: tally.settled, **written)
        if makes_jobs(drop):
            is_over = tally.jobs.keys() <= ENDED
            state = "reading" if not progress.done else FINISHED if is_over else "running"
            at = {"state": state, "updated_at": self.now().isoformat()}
            summary = _about(drop, progress, at) | {
                "jobs": dict(sorted(tally.jobs.items())),
                **tally.credits_known(),
            }
        else:
            summary = dry_summary(drop, progress)
        results = tally.results if makes_jobs(drop) else None
        self.drops.put_summary(drop, summary, results, settled=tally.settled, **written)
        return Report(summary, tally.client, tally.last_due)

    def _table(self, drop: Drop, progress: Progress, tally: "_Tally") -> Iterator[bytes]:
        first = tally.before.row
        if not tally.before.table_bytes:
            yield tally.begin(header_line())
        receipts = self.drops.receipts(drop, after=first - 1)
        only = None if drop.is_sheet else 1
        for rows in _in_parts(range(first, progress.row)):
            read = islice(receipts, len(rows))
            by_row = {receipt.get("row", only): receipt for receipt in read}
            jobs = self._jobs(drop, progress, rows) if makes_jobs(drop) else {}
            for row in rows:
                job, receipt = jobs.get(row), by_row.get(row, {})
                links = self._links(job)
                number = row if drop.is_sheet else None
                line = table_row(receipt, job, (link["s3"] for link in links), number=number)
                tally.add(line, receipt, job, links, number=number)
                yield line
        for receipt in receipts:
            # Why the rest cannot be read, or what the file waits for.
            if "row" not in receipt and receipt.keys() & {"errors", "waits_for"}:
                yield table_row(receipt, None, iter(()), number=None)

    def _jobs(self, drop: Drop, progress: Progress, rows: range) -> Mapping[int, Job]:
        ids = {drop.job_id(row, made_at=progress.made_at): row for row in rows}
        return {ids[job.job_id]: job for job in self.jobs.find(list(ids))}

    def _links(self, job: Job | None) -> list[dict[str, str]]:
        if job is None or job.status in GONE:
            return []
        return [self.image_links(image.key) for image in job.images]


@dataclass
class _Tally:
    """Counts the rows after those that were settled ``before``, and how many of them are by now."""

    before: Settled
    at: datetime
    settled: Settled = field(init=False)
    jobs: Counter[str] = field(init=False)
    results: list[bytes] = field(default_factory=list)
    last_due: datetime | None = None
    _is_settled: bool = True

    def __post_init__(self) -> None:
        self.settled, self.jobs = self.before, Counter(self.before.jobs)
        self.credits, self.with_credits = self.before.credits, self.before.with_credits
        self.client = self.before.client

    def begin(self, header: bytes) -> bytes:
        self.settled = replace(self.settled, table_bytes=len(header))
        return header

    def add(
        self,
        line: bytes,
        receipt: Mapping[str, Any],
        job: Job | None,
        links: list[dict[str, str]],
        *,
        number: int | None,
    ) -> None:
        result = b""
        if job:
            self._count(job)
            result = self._result(job, links, number)
            self.results.append(result)
        self._is_settled &= _is_settled(job, at=self.at) if job else "errors" in receipt
        if self._is_settled:
            self.settled = Settled(
                row=self.settled.row + 1,
                table_bytes=self.settled.table_bytes + len(line),
                results_bytes=self.settled.results_bytes + len(result),
                jobs=dict(self.jobs),
                credits=self.credits,
                with_credits=self.with_credits,
                client=self.client,
            )

    def _count(self, job: Job) -> None:
        self.client = job.client
        self.jobs[job.status] += 1
        if job.credits is not None:
            self.credits += job.credits
            self.with_credits += 1
        if job.due_at and job.status not in ENDED:
            self.last_due = max(job.due_at, self.last_due or job.due_at)

    def _result(self, job: Job, links: list[dict[str, str]], number: int | None) -> bytes:
        number = job.row or (number if job.status is JobStatus.DELETED else None)
        row = {"row": number} if number else {}
        error = {"error": job.error.message} if job.error else {}
        result = {"job_id": job.job_id, "status": job.status, **error, "images": links}
        text = json.dumps(row | result, ensure_ascii=False).encode("utf-8", "replace")
        is_first = self.before.results_bytes == 0 and not self.results
        return (b"\n  " if is_first else b",\n  ") + text

    def credits_known(self) -> dict[str, Any]:
        """Return the credits of the jobs that have them, ``None`` if no job does."""
        unknown = self.jobs.total() - self.with_credits
        known = float(self.credits) if self.with_credits or not unknown else None
        return {"credits": known, "jobs_without_credits": unknown}


def _is_settled(job: Job, *, at: datetime) -> bool:
    if job.status in (JobStatus.SUCCEEDED, JobStatus.DELETED):
        return True
    return job.status in FINAL and (job.finished_at or job.updated_at) + SETTLES <= at


def dry_summary(drop: Drop, progress: Progress) -> dict[str, Any]:
    """Summarize a drop that makes no jobs: a dry run, a recipe, an unknown file."""
    state = FINISHED if progress.done else "reading"
    summary = _about(drop, progress, {"state": state, "dry_run": drop.is_dry_run})
    if drop.is_dry_run:
        good = progress.row - 1 - progress.bad_rows
        is_known = good == 0 or progress.without_price < good
        summary["estimate"] = {
            "is_estimate": True,
            "credits_low": float(progress.credits_low) if is_known else None,
            "credits_high": float(progress.credits_high) if is_known else None,
            "rows_without_price": progress.without_price,
        }
    return summary


def _about(drop: Drop, progress: Progress, state: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "source": drop.key,
        "version": drop.version,
        **state,
        "rows": progress.row - 1,
        "bad_rows": progress.bad_rows,
        "fault": progress.fault or None,
    }


def _in_parts(rows: range) -> Iterator[range]:
    for start in range(0, len(rows), JOBS_PER_READ):
        yield rows[start : start + JOBS_PER_READ]
