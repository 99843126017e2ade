"""Make jobs of what is dropped into S3, and say there what became of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ringback.domain.drops import Drop, DropFacts, DroppedJob, Kind, Progress, Row
from ringback.domain.errors import (
    FieldError,
    InvalidRequest,
    NotConfigured,
    RequestRefused,
    SheetRefused,
)
from ringback.domain.estimates import Estimate
from ringback.domain.jobs import JobRequest
from ringback.use_cases.ports import DropBook, DropQueue, DropStore, SummaryQueue
from ringback.use_cases.submit_job import AcceptJob, as_before

# After so many rows or so long the rest is left to a new message: what a crash repeats is little,
# and other drops get their turn between.
MOST_ROWS: Final = 500
ENOUGH: Final = timedelta(seconds=12)
# Seconds until the first summary.
FIRST_SUMMARY: Final = 5
# A row's job is queued and not sent on the spot: rows are read faster than providers take them.
READ_AHEAD: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDrop:
    """``client`` is who the jobs of dropped files belong to; ``spacing`` is each provider's pace.

    Every job has the id that its drop and row give it, so that any part of this can be repeated.
    """

    drops: DropStore
    book: DropBook
    queue: DropQueue
    summaries: SummaryQueue
    rows: Callable[[Drop, DropFacts, Progress], Iterator[Row]]
    read_request: Callable[[bytes, Drop], JobRequest]
    estimate: Callable[[JobRequest], Estimate | None]
    accept: AcceptJob
    spacing: Mapping[str, timedelta]
    client: str
    now: Callable[[], datetime]

    def __call__(self, drop: Drop) -> Progress | None:
        """Read the drop from where its book says on; ``None`` if there is nothing to do here."""
        if drop.is_folder:
            return None
        seen, facts = self.book.progress(drop), self.drops.describe(drop)
        if seen and seen.done:
            return seen
        if facts is None:
            return self._give_up(drop, seen)
        if seen is None:
            if makes_jobs(drop):
                # As with a job's check: no crash leaves a drop that nobody sums up.
                self.summaries.add(drop, delay=FIRST_SUMMARY)
            seen = Progress(made_at=facts.made_at)
            if not self.book.advance(drop, seen=None, to=seen):
                return None  # the same event came twice, and the other one goes on
        return self._go_on(drop, facts, seen)

    def _go_on(self, drop: Drop, facts: DropFacts, seen: Progress) -> Progress | None:
        try:
            lines, progress = self._read(drop, facts, seen)
        except NotConfigured as missing:
            # Said where the person looks, and written over once the key is in place.
            self.drops.put_receipts(drop, _line({"waits_for": str(missing)}), seen=seen, to=seen)
            raise
        progress = replace(progress, receipt_bytes=seen.receipt_bytes + len(lines))
        self.drops.put_receipts(drop, lines, seen=seen, to=progress)
        if progress.done and not makes_jobs(drop):
            self.drops.put_summary(drop, dry_summary(drop, progress), made_at=seen.made_at)
        if not self.book.advance(drop, seen=seen, to=progress):
            return None
        if not progress.done:
            self.queue.go_on(drop)
        return progress

    def _give_up(self, drop: Drop, seen: Progress | None) -> Progress | None:
        """End a drop whose file was deleted before it was read, or half-way."""
        if seen is None:
            return None
        fault = "the file was deleted while it was read"
        line = _line({"errors": [asdict(FieldError("", fault))]})
        ended = replace(seen, done=True, fault=fault, receipt_bytes=seen.receipt_bytes + len(line))
        self.drops.put_receipts(drop, line, seen=seen, to=ended)
        self.book.advance(drop, seen=seen, to=ended)
        return ended

    def _read(self, drop: Drop, facts: DropFacts, progress: Progress) -> tuple[bytes, Progress]:
        lines, enough = list[bytes](), self.now() + ENOUGH
        try:
            for row in self.rows(drop, facts, progress):
                receipt, progress = self._take(drop, row, progress)
                lines.append(_line(receipt))
                if len(lines) == MOST_ROWS or self.now() >= enough:
                    return b"".join(lines), progress
            if drop.is_sheet and progress.row == 1:
                raise SheetRefused("the sheet has no rows")
        except SheetRefused as refused:
            fault = str(refused)
            lines.append(_line({"errors": [asdict(FieldError("", fault))]}))
            progress = replace(progress, fault=fault)
        return b"".join(lines), replace(progress, done=True)

    def _take(self, drop: Drop, row: Row, progress: Progress) -> tuple[dict[str, Any], Progress]:
        """Return what is to be said of a row, and the progress after it."""
        progress = replace(progress, row=row.number + 1, offset=row.end)
        place = {"row": row.number} if drop.is_sheet else {}
        try:
            request = self._request(drop, row, progress)
        except RequestRefused as refused:
            told = {"errors": [asdict(error) for error in _reasons(refused)]}
            return place | told, replace(progress, bad_rows=progress.bad_rows + 1)
        if not makes_jobs(drop):
            return _estimated(place, self.estimate(request), progress)
        dropped = self._place(drop, row, request.provider, progress)
        job = self.accept(request, client=self.client, idempotency_key=None, dropped=dropped)
        return place | {"job_id": job.job_id}, progress

    def _request(self, drop: Drop, row: Row, progress: Progress) -> JobRequest:
        def read() -> JobRequest:
            if row.faults:
                raise InvalidRequest(row.faults)
            return self.read_request(row.request, drop)

        job_id = drop.job_id(row.number, made_at=progress.made_at)
        return as_before(read, lambda: self.accept.jobs.get(job_id))

    def _place(self, drop: Drop, row: Row, provider: str, progress: Progress) -> DroppedJob:
        job_id = drop.job_id(row.number, made_at=progress.made_at)
        if not drop.is_sheet:
            return DroppedJob(job_id=job_id, source=drop.key)
        due_at = max(
            progress.made_at + row.number * self.spacing[provider], self.now() + READ_AHEAD
        )
        return DroppedJob(job_id=job_id, source=drop.key, row=row.number, due_at=due_at)


def makes_jobs(drop: Drop) -> bool:
    return not drop.is_dry_run and drop.kind not in (Kind.RECIPE, Kind.UNKNOWN)


def dry_summary(drop: Drop, progress: Progress) -> dict[str, Any]:
    """Sum up what would have been asked for, and nothing was."""
    rows = progress.row - 1
    return {
        "source": drop.key,
        "version": drop.version,
        "state": "final",
        "dry_run": True,
        "rows": rows,
        "bad_rows": progress.bad_rows,
        "fault": progress.fault or None,
        "estimate": {
            "is_estimate": True,
            "credits_low": float(progress.credits_low),
            "credits_high": float(progress.credits_high),
            "rows_without_price": progress.without_price,
        },
    }


def _estimated(
    place: dict[str, Any], estimate: Estimate | None, progress: Progress
) -> tuple[dict[str, Any], Progress]:
    if estimate is None:
        return place | {"estimate": None}, replace(
            progress, without_price=progress.without_price + 1
        )
    return place | {"estimate": estimate.as_told()}, replace(
        progress,
        credits_low=progress.credits_low + estimate.low,
        credits_high=progress.credits_high + estimate.high,
    )


def _line(receipt: Mapping[str, Any]) -> bytes:
    return json.dumps(receipt, ensure_ascii=False).encode("utf-8", "replace") + b"\n"


def _reasons(error: RequestRefused) -> tuple[FieldError, ...]:
    return error.errors if isinstance(error, InvalidRequest) else (FieldError("", str(error)),)
