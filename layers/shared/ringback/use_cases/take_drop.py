"""Make jobs of what is dropped into S3, and say there what became of it."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any, Final

from ringback.domain.drops import Drop, DropFacts, DroppedJob, Kind, Progress, Row
from ringback.domain.errors import (
    FieldError,
    InvalidRequest,
    NotConfigured,
    RecipeMissing,
    RequestRefused,
    SheetRefused,
    UnknownJob,
)
from ringback.domain.estimates import Estimate
from ringback.domain.jobs import Job, JobRequest
from ringback.use_cases.ports import DropProgress, DropQueue, DropStore, SummaryQueue
from ringback.use_cases.submit_job import AcceptJob, as_before

# After so many rows or so long the rest is left to a new message: what a crash repeats is little,
# and other drops get their turn between.
MAX_ROWS: Final = 500
ENOUGH: Final = timedelta(seconds=12)
# Seconds until the first summary.
FIRST_SUMMARY: Final = 5
# A row's job is queued and not sent on the spot: rows are read faster than providers take them.
READ_AHEAD: Final = timedelta(seconds=2)
# Who drops a whole folder drops its photos before the recipe, which comes when they are all there.
LATE_RECIPE: Final = timedelta(minutes=15)
# Seconds until it is looked for again, at first.
SOON: Final = 10
LONG_AGO: Final = datetime.fromtimestamp(0, UTC)
GONE: Final = "the file was deleted while it was read"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDrop:
    """``client`` is who the jobs of dropped files belong to; ``spacing`` is each provider's pace.

    Every job has the id that its drop and row give it, so that any part of this can be repeated.
    """

    drops: DropStore
    book: DropProgress
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
        seen = self.book.progress(drop)
        if seen and seen.done:
            return seen
        try:
            facts = self.drops.describe(drop)
        except SheetRefused as refused:
            if seen:
                raise  # what could be read before may be readable again in a moment
            return self._give_up(drop, None, str(refused))
        if facts is None:
            return self._give_up(drop, seen, GONE) if seen else None
        if seen is None:
            if makes_jobs(drop):
                # As with a job's check: no crash leaves a drop that nobody sums up.
                self.summaries.add(drop, delay=FIRST_SUMMARY)
            seen = Progress(made_at=facts.made_at)
            if not self.book.advance(drop, seen=None, to=seen):
                return None  # the same event came twice, and the other one goes on
        return self._go_on(drop, facts, seen)

    def _go_on(self, drop: Drop, facts: DropFacts, seen: Progress) -> Progress | None:
        lines, progress, missing = self._read(drop, facts, seen)
        if missing:
            # Said where the person looks, and written over when it goes on.
            is_photo = isinstance(missing, RecipeMissing)
            lines += _line({"waits_for": drop.recipe_key if is_photo else str(missing)})
        self._tell(drop, lines, seen=seen, to=progress)
        if not self.book.advance(drop, seen=seen, to=progress):
            return None
        if isinstance(missing, NotConfigured):
            raise missing
        if missing:
            self.queue.go_on(drop, delay=seconds_to_look_again(self.now() - facts.made_at))
        elif not progress.done:
            self.queue.go_on(drop)
        return progress

    def _give_up(self, drop: Drop, seen: Progress | None, fault: str) -> Progress:
        """End a drop whose file cannot be read, or was deleted half-way."""
        if makes_jobs(drop) and seen is None:
            self.summaries.add(drop, delay=FIRST_SUMMARY)
        # Of what nobody may read nobody says when it was made: it is told of below all else.
        began = seen or Progress(made_at=LONG_AGO)
        lines, ended = self._end(drop, began, fault)
        self._tell(drop, lines, seen=began, to=ended)
        self.book.advance(drop, seen=seen, to=ended)
        return ended

    def _tell(self, drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        self.drops.put_receipts(drop, lines, seen=seen, to=to)
        if to.done and not makes_jobs(drop):
            self.drops.put_summary(drop, dry_summary(drop, to), made_at=to.made_at)

    def _end(self, drop: Drop, progress: Progress, fault: str) -> tuple[bytes, Progress]:
        """Tell of the jobs that a call made which died before it could, and why there are no more.

        A single file that has its job has no fault.
        """
        lines = list[bytes]()
        for row in range(progress.row, progress.row + (MAX_ROWS if drop.is_sheet else 1)):
            with suppress(UnknownJob):
                job = self.accept.jobs.get(drop.job_id(row, made_at=progress.made_at))
                lines.append(_line(_place_of(drop, row) | {"job_id": job.job_id}))
                progress = replace(progress, row=row + 1)
        if drop.is_sheet or not lines:
            lines.append(_line({"errors": [asdict(FieldError("", fault))]}))
            progress = replace(progress, fault=fault)
        return b"".join(lines), replace(progress, done=True)

    def _read(
        self, drop: Drop, facts: DropFacts, progress: Progress
    ) -> tuple[bytes, Progress, NotConfigured | RecipeMissing | None]:
        """Return what is to be said, how far it was read, and what has to come for the rest."""
        lines, enough = list[bytes](), self.now() + ENOUGH
        try:
            for row in self.rows(drop, facts, progress):
                receipt, progress = self._take(drop, row, progress)
                lines.append(_line(receipt))
                if len(lines) == MAX_ROWS or self.now() >= enough:
                    return b"".join(lines), progress, None
            if drop.is_sheet and progress.row == 1:
                raise SheetRefused("the sheet has no rows")
        except NotConfigured as missing:
            return b"".join(lines), progress, missing
        except SheetRefused as refused:
            is_early = self.now() < facts.made_at + LATE_RECIPE
            if isinstance(refused, RecipeMissing) and is_early:
                return b"".join(lines), progress, refused
            end, progress = self._end(drop, progress, str(refused))
            lines.append(end)
        return b"".join(lines), replace(progress, done=True), None

    def _take(self, drop: Drop, row: Row, progress: Progress) -> tuple[dict[str, Any], Progress]:
        """Return what is to be said of a row, and the progress after it."""
        progress = replace(progress, row=row.number + 1, offset=row.end)
        place = _place_of(drop, row.number)
        if row.ignored:
            place["ignored_metadata"] = list(row.ignored)
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
            if not row.faults:
                return self.read_request(row.request, drop)
            errors = list(row.faults)
            if row.request:
                told = {fault.field for fault in row.faults} - {""}
                try:
                    self.read_request(row.request, drop)
                except RequestRefused as refused:
                    errors += [error for error in _reasons(refused) if error.field not in told]
            raise InvalidRequest(errors)

        def earlier() -> Job:
            return self.accept.jobs.get(drop.job_id(row.number, made_at=progress.made_at))

        return as_before(read, earlier)

    def _place(self, drop: Drop, row: Row, provider: str, progress: Progress) -> DroppedJob:
        job_id = drop.job_id(row.number, made_at=progress.made_at)
        if not drop.is_sheet:
            return DroppedJob(job_id=job_id, source=drop.key)
        due_at = max(
            progress.made_at + row.number * self.spacing[provider], self.now() + READ_AHEAD
        )
        return DroppedJob(job_id=job_id, source=drop.key, row=row.number, due_at=due_at)


def _place_of(drop: Drop, row: int) -> dict[str, Any]:
    return {"row": row} if drop.is_sheet else {}


def makes_jobs(drop: Drop) -> bool:
    return not drop.is_dry_run and drop.kind not in (Kind.RECIPE, Kind.UNKNOWN)


def dry_summary(drop: Drop, progress: Progress) -> dict[str, Any]:
    """Sum up what would have been asked for, and nothing was."""
    summary: dict[str, Any] = {
        "source": drop.key,
        "version": drop.version,
        "state": "final",
        "dry_run": drop.is_dry_run,
        "rows": progress.row - 1,
        "bad_rows": progress.bad_rows,
        "fault": progress.fault or None,
    }
    if drop.is_dry_run:
        summary["estimate"] = {
            "is_estimate": True,
            "credits_low": float(progress.credits_low),
            "credits_high": float(progress.credits_high),
            "rows_without_price": progress.without_price,
        }
    return summary


def seconds_to_look_again(age: timedelta) -> int:
    return ceil(max(age.total_seconds() / 2, SOON))


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
