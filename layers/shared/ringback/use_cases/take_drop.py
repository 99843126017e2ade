"""Make jobs from files dropped into S3, and write their receipts."""

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from ringback.domain.clock import EPOCH
from ringback.domain.delays import Widening, whole_seconds
from ringback.domain.deletion import kept
from ringback.domain.drops import (
    Drop,
    DropFacts,
    DroppedJob,
    Kind,
    Progress,
    Row,
    makes_jobs,
    prompt_of,
)
from ringback.domain.errors import (
    FieldError,
    InvalidRequest,
    JobDeleted,
    RecipeMissing,
    RequestRefused,
    SheetRefused,
    reasons_of,
)
from ringback.domain.estimates import Estimate
from ringback.domain.jobs import JobId, JobRequest
from ringback.use_cases.accept_job import AcceptJob, NewJob
from ringback.use_cases.ports import (
    DropProgress,
    DropQueue,
    DropStore,
    JobReader,
    RowReader,
    SummaryQueue,
)
from ringback.use_cases.providers import Providers

# After this many rows, or this long, the rest is left to a new message: a crash then repeats little
# work, and other drops are read in between.
MAX_ROWS: Final = 500
TIME_PER_MESSAGE: Final = timedelta(seconds=12)
# Seconds before the first summary is written.
FIRST_SUMMARY: Final = 5
# Rows are read faster than providers accept jobs, so a row's job is due a little later.
READ_AHEAD: Final = timedelta(seconds=2)
# A row becomes a job at most so long before its turn, which is as long as SQS delays a message:
# otherwise the job's messages would be received, and paid for, again and again until then.
BEFORE_TURN: Final = timedelta(minutes=15)
# When a whole folder is uploaded, photos may arrive before the recipe.
LATE_RECIPE: Final = timedelta(minutes=15)
RECIPE_RETRY: Final = Widening(share=0.5, shortest=timedelta(seconds=10))
# An unreadable object has no LastModified; date it 1970 so that any other version outranks it.
UNKNOWN_TIME: Final = EPOCH
# Characters of a prompt in the receipt of a row that makes no job.
MAX_PROMPT: Final = 1_000
NOT_VERSIONED: Final = (
    "the bucket keeps no versions, so that a file could be replaced while it is read; enable the"
    " bucket's versioning and upload the file again"
)
DELETED: Final = "the file was deleted while it was being read"


class TooEarly(Exception):
    """The turn of the next row is more than ``BEFORE_TURN`` away; read on after ``pause``."""

    def __init__(self, until_turn: timedelta) -> None:
        # Half of it, so that a late message delays no row; the other half is read at once.
        self.pause = min(until_turn - BEFORE_TURN / 2, BEFORE_TURN)


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDrop:
    """``client`` owns the jobs of dropped files.

    ``report`` writes the summary and the receipts for people. It is called for drops that make no
    jobs, and so don't change any more; those of many rows are left to ``SummarizeDrop``, which has
    more time. A job's id follows from its drop and row, so every step is safe to repeat.
    """

    drops: DropStore
    progress: DropProgress
    jobs: JobReader
    queue: DropQueue
    summaries: SummaryQueue
    rows: RowReader
    read_request: Callable[[bytes, Drop], JobRequest]
    report: Callable[[Drop, Progress], object]
    estimate: Callable[[JobRequest], Estimate | None]
    accept: AcceptJob
    providers: Providers
    client: str
    now: Callable[[], datetime]

    def __call__(self, drop: Drop) -> Progress | None:
        """Read on from where the drop's progress ends; ``None`` if there is nothing to do."""
        if drop.is_folder:
            return None
        if not drop.is_versioned:
            # Nothing is recorded: the next file of this name would be taken for the same drop.
            return self._write_end(drop, Progress(made_at=self.now()), NOT_VERSIONED)
        seen = self.progress.read(drop)
        if seen and seen.done:
            return seen
        try:
            facts = self.drops.describe(drop)
        except SheetRefused as refused:
            if seen:
                raise  # it was readable before, and may be again in a moment
            return self._give_up(drop, None, str(refused))
        if facts is None:
            return self._give_up(drop, seen, DELETED) if seen else None
        if seen is None:
            if makes_jobs(drop):
                # Sent before the drop is recorded, so that no crash leaves it without a summary.
                self.summaries.add(drop, delay=FIRST_SUMMARY)
            seen = Progress(made_at=facts.made_at, owner=self.client)
            if not self.progress.advance(drop, seen=None, to=seen, at=self.now()):
                return None  # a duplicate event: the other one is being processed
        return self._go_on(drop, facts, seen)

    def _go_on(self, drop: Drop, facts: DropFacts, seen: Progress) -> Progress | None:
        lines, progress, pause = self._read(drop, facts, seen)
        self._write(drop, lines, seen=seen, to=progress)
        if not self.progress.advance(drop, seen=seen, to=progress, at=self.now()):
            return None
        # This loop ends at LATE_RECIPE, or with the file: each message reads a row at least, or
        # waits for the next row's turn.
        if not progress.done:
            self.queue.go_on(drop, delay=whole_seconds(pause))
        return progress

    def _give_up(self, drop: Drop, seen: Progress | None, fault: str) -> Progress:
        """End a drop whose file cannot be read, or was deleted while it was being read."""
        if makes_jobs(drop) and seen is None:
            self.summaries.add(drop, delay=FIRST_SUMMARY)
        began = seen or Progress(made_at=UNKNOWN_TIME, owner=self.client)
        ended = self._write_end(drop, began, fault)
        self.progress.advance(drop, seen=seen, to=ended, at=self.now())
        return ended

    def _write_end(self, drop: Drop, began: Progress, fault: str) -> Progress:
        lines, ended = self._end(drop, began, fault)
        self._write(drop, lines, seen=began, to=ended)
        return ended

    def _write(self, drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        if lines or to.done:
            self.drops.put_receipts(drop, lines, seen=seen, to=to)
        if not to.done or makes_jobs(drop) or drop.kind is Kind.IMAGE:
            return
        if to.row > MAX_ROWS:
            # Sent before the end is recorded, so that no crash leaves the drop without a report.
            self.summaries.add(drop, delay=FIRST_SUMMARY)
        else:
            self.report(drop, to)

    def _end(self, drop: Drop, progress: Progress, fault: str) -> tuple[bytes, Progress]:
        """Return receipts of the jobs that a crashed call made, and of why there are no more.

        A single file whose job was made has no fault.
        """
        lines = list[bytes]()
        for row in range(progress.row, progress.row + (MAX_ROWS if drop.is_sheet else 1)):
            for job in self.jobs.find([drop.job_id(row, made_at=progress.made_at)]):
                lines.append(_line(_place_of(drop, row) | {"job_id": job.job_id}))
                progress = replace(progress, row=row + 1)
        if drop.is_sheet or not lines:
            lines.append(_line({"errors": [asdict(FieldError("", fault))]}))
            progress = replace(progress, fault=fault)
        return b"".join(lines), replace(progress, done=True)

    def _read(
        self, drop: Drop, facts: DropFacts, progress: Progress
    ) -> tuple[bytes, Progress, timedelta]:
        """Return the receipts, the progress, and the time until the rest is to be read."""
        lines, stop_at = list[bytes](), self.now() + TIME_PER_MESSAGE
        try:
            for checked in self.rows.check(drop, facts, progress):
                progress = checked
                if self.now() >= stop_at:
                    return b"", progress, timedelta()
            for row in self.rows(drop, facts, progress):
                receipt, progress = self._take(drop, row, progress)
                lines.append(_line(receipt))
                if len(lines) == MAX_ROWS or self.now() >= stop_at:
                    return b"".join(lines), progress, timedelta()
            if drop.is_sheet and progress.row == 1:
                raise SheetRefused("the sheet has no rows")
        except TooEarly as early:
            return b"".join(lines), progress, early.pause
        except SheetRefused as refused:
            age = self.now() - facts.made_at
            if isinstance(refused, RecipeMissing) and age < LATE_RECIPE:
                # Overwritten once the recipe is there.
                waits = _line({"waits_for": drop.recipe_key})
                return b"".join([*lines, waits]), progress, RECIPE_RETRY.after(age)
            end, progress = self._end(drop, progress, str(refused))
            lines.append(end)
        return b"".join(lines), replace(progress, done=True), timedelta()

    def _take(self, drop: Drop, row: Row, progress: Progress) -> tuple[dict[str, Any], Progress]:
        """Return the receipt of a row and the progress after it, accepting its job.

        Raises ``TooEarly``.
        """
        progress = replace(progress, row=row.number + 1, offset=row.end)
        place = _place_of(drop, row.number)
        if row.note:
            return place | {"note": row.note}, progress
        if row.ignored:
            place["ignored_metadata"] = list(row.ignored)
        job_id = drop.job_id(row.number, made_at=progress.made_at)
        try:
            request = self._request(drop, row, job_id)
        except JobDeleted:
            return place | {"job_id": job_id}, progress
        except RequestRefused as refused:
            place |= _shown(self.rows.prompt_in(row.request))
            errors = {"errors": [asdict(error) for error in reasons_of(refused)]}
            return place | errors, replace(progress, bad_rows=progress.bad_rows + 1)
        if not makes_jobs(drop):
            place |= _shown(prompt_of(request.input))
            return _estimated(place, self.estimate(request), progress)
        dropped = self._place(drop, row, request.provider, progress)
        # Its client may have deleted the job that an earlier call made: it is not made again.
        with suppress(JobDeleted):
            self.accept(NewJob(request=request, client=self.client, dropped=dropped))
        return place | {"job_id": job_id}, progress

    def _request(self, drop: Drop, row: Row, job_id: JobId) -> JobRequest:
        try:
            return self._checked(drop, row)
        except RequestRefused:
            # A repeated call returns the job it made, even if an input image is gone by now.
            for earlier in self.jobs.find([job_id]):
                return kept(earlier).request
            raise

    def _checked(self, drop: Drop, row: Row) -> JobRequest:
        if not row.faults:
            return self.read_request(row.request, drop)
        errors = list(row.faults)
        if row.request:
            named = {fault.field for fault in row.faults} - {""}
            try:
                self.read_request(row.request, drop)
            except RequestRefused as refused:
                errors += [error for error in reasons_of(refused) if error.field not in named]
        raise InvalidRequest(errors)

    def _place(self, drop: Drop, row: Row, provider: str, progress: Progress) -> DroppedJob:
        job_id = drop.job_id(row.number, made_at=progress.made_at)
        if not drop.is_sheet:
            return DroppedJob(job_id=job_id, source=drop.key)
        turn_at = progress.made_at + row.number * self.providers[provider].pace.of_rows
        at = self.now()
        if turn_at - at > BEFORE_TURN:
            raise TooEarly(turn_at - at)
        due_at = max(turn_at, at + READ_AHEAD)
        return DroppedJob(job_id=job_id, source=drop.key, row=row.number, due_at=due_at)


def _place_of(drop: Drop, row: int) -> dict[str, Any]:
    return {"row": row} if drop.is_sheet else {}


def _shown(prompt: str) -> dict[str, str]:
    """Tell people which row it is, where there is no job that has the prompt."""
    return {"prompt": prompt[:MAX_PROMPT]} if prompt.strip() else {}


def _estimated(
    place: dict[str, Any], estimate: Estimate | None, progress: Progress
) -> tuple[dict[str, Any], Progress]:
    if estimate is None:
        return place | {"estimate": None}, replace(
            progress, without_price=progress.without_price + 1
        )
    return place | {"estimate": estimate.as_json()}, replace(
        progress,
        credits_low=progress.credits_low + estimate.low,
        credits_high=progress.credits_high + estimate.high,
    )


def _line(receipt: Mapping[str, Any]) -> bytes:
    return json.dumps(receipt, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
