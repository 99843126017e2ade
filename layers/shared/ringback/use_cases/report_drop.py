"""Write what became of a drop: its summary, and its receipts for people."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, Final, NamedTuple

from ringback.domain.drops import Drop, Progress, makes_jobs
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.use_cases.ports import DropStore, JobReader
from ringback.use_cases.receipt_table import header_line, table_row

JOBS_PER_READ: Final = 100
# The state of a summary that no later one follows.
FINISHED: Final = "final"


def no_links(key: str) -> dict[str, str]:
    raise LookupError(key)


class Report(NamedTuple):
    """The summary as it was written; ``client`` owns the jobs, ``None`` if there are none."""

    summary: Mapping[str, Any]
    client: str | None

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
        """Write both. Memory is bounded by the summary, which has a line for each job."""
        tally = _Tally()
        # First the table: a crash after it writes the same again.
        self.drops.put_table(drop, self._table(drop, progress, tally), made_at=progress.made_at)
        if makes_jobs(drop):
            is_over = tally.jobs.keys() <= FINAL
            state = "reading" if not progress.done else FINISHED if is_over else "running"
            at = {"state": state, "updated_at": self.now().isoformat()}
            summary = _about(drop, progress, at) | {
                "jobs": dict(sorted(tally.jobs.items())),
                **tally.credits_known(),
                "results": tally.results,
            }
        else:
            summary = dry_summary(drop, progress)
        self.drops.put_summary(drop, summary, made_at=progress.made_at)
        return Report(summary, tally.client)

    def _table(self, drop: Drop, progress: Progress, tally: "_Tally") -> Iterator[bytes]:
        yield header_line()
        receipts = self.drops.receipts(drop)
        only = None if drop.is_sheet else 1
        for rows in _in_parts(range(1, progress.row)):
            read = islice(receipts, len(rows))
            by_row = {receipt.get("row", only): receipt for receipt in read}
            jobs = self._jobs(drop, progress, rows) if makes_jobs(drop) else {}
            for row in rows:
                job = jobs.get(row)
                links = self._links(job)
                if job:
                    tally.add(job, links)
                number = row if drop.is_sheet else None
                yield table_row(
                    by_row.get(row, {}), job, (link["s3"] for link in links), number=number
                )
        for receipt in receipts:
            # Why the rest cannot be read, or what the file waits for.
            if "row" not in receipt and receipt.keys() & {"errors", "waits_for"}:
                yield table_row(receipt, None, iter(()), number=None)

    def _jobs(self, drop: Drop, progress: Progress, rows: range) -> Mapping[int, Job]:
        ids = {drop.job_id(row, made_at=progress.made_at): row for row in rows}
        return {ids[job.job_id]: job for job in self.jobs.find(list(ids))}

    def _links(self, job: Job | None) -> list[dict[str, str]]:
        return [self.image_links(image.key) for image in job.images] if job else []


@dataclass
class _Tally:
    jobs: Counter[JobStatus] = field(default_factory=Counter)
    credits: Decimal = Decimal(0)
    with_credits: int = 0
    results: list[dict[str, Any]] = field(default_factory=list)
    client: str | None = None

    def add(self, job: Job, links: list[dict[str, str]]) -> None:
        self.client = job.client
        self.jobs[job.status] += 1
        if job.credits is not None:
            self.credits += job.credits
            self.with_credits += 1
        row = {"row": job.row} if job.row else {}
        error = {"error": job.error.message} if job.error else {}
        result = {"job_id": job.job_id, "status": job.status, **error, "images": links}
        self.results.append(row | result)

    def credits_known(self) -> dict[str, Any]:
        """Return the credits of the jobs that have them, ``None`` if no job does."""
        unknown = self.jobs.total() - self.with_credits
        known = float(self.credits) if self.with_credits or not unknown else None
        return {"credits": known, "jobs_without_credits": unknown}


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
