"""Keep the summary and the receipts of a dropped file up to date until its last job is final."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import log
from typing import Final

from ringback.domain.changes import FinishedDrop
from ringback.domain.delays import Widening, whole_seconds
from ringback.domain.drops import Drop, Progress, makes_jobs
from ringback.domain.jobs import ENDED
from ringback.use_cases.ports import DropProgress, DropStore, JobReader, SummaryQueue
from ringback.use_cases.report_drop import Report

# The older the drop, the less often it is reported: few changes cost as much as many. SQS delays a
# message for a quarter of an hour at most.
INTERVAL: Final = Widening(share=0.25, shortest=timedelta(seconds=5), longest=timedelta(minutes=15))
# A message arrives at most so long after it is due, as a rule.
LATE: Final = timedelta(minutes=1)
# If a drop has no progress by this age, its first message may be a dead letter.
MAX_UNREAD: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummarizeDrop:
    """``report`` writes the report of a drop and returns it.

    ``client`` owns drops that have no jobs, for instance because no row was valid.
    """

    progress: DropProgress
    jobs: JobReader
    drops: DropStore
    queue: SummaryQueue
    report: Callable[[Drop, Progress], Report]
    client: str
    now: Callable[[], datetime]

    def __call__(self, drop: Drop) -> bool:
        """Report the drop and return whether this is final, that is, no later report follows."""
        progress, at = self.progress.read(drop), self.now()
        known = progress or self.drops.describe(drop)
        if known is None or (progress is None and at > known.made_at + MAX_UNREAD):
            return True
        if progress and progress.done and self._is_held_up(drop, progress, at=at):
            self.queue.add(drop, delay=whole_seconds(INTERVAL.longest))
            return False
        report = self.report(drop, progress) if progress else None
        # This loop ends when the last job is final, or when the drop's progress is forgotten.
        if report is None or not report.is_final:
            last_due = report.last_due if progress and progress.done and report else None
            wait = until_next_report(began=known.made_at, last_due=last_due, at=at)
            self.queue.add(drop, delay=whole_seconds(wait))
            return False
        if makes_jobs(drop):
            self.progress.finish(self._finished(drop, report, at=at))
        return True

    def _is_held_up(self, drop: Drop, progress: Progress, *, at: datetime) -> bool:
        """Tell whether a job that stays open makes it too early to read all rows behind it again.

        No report is final before that job is, which one read tells.
        """
        if is_time_to_read(at - progress.made_at):
            return False
        first = drop.job_id(self.drops.settled(drop).row, made_at=progress.made_at)
        return any(
            job.status not in ENDED and not is_time_to_read(at - (job.due_at or job.created_at))
            for job in self.jobs.find([first])
        )

    def _finished(self, drop: Drop, report: Report, *, at: datetime) -> FinishedDrop:
        client = report.client or self.client
        return FinishedDrop(drop=drop, client=client, at=at, summary=report.summary)


def is_time_to_read(age: timedelta) -> bool:
    """Tell whether it has passed a step in the last quarter of an hour; each is a quarter longer.

    Within the first hour it always has.
    """
    before = age - INTERVAL.longest - LATE
    return before <= INTERVAL.shortest or _steps(before) < _steps(age)


def _steps(age: timedelta) -> int:
    return int(log(age / INTERVAL.shortest, 1 + INTERVAL.share))


def until_next_report(*, began: datetime, last_due: datetime | None, at: datetime) -> timedelta:
    """Return when to report next. The end is told soon if it comes soon after the last turn.

    ``last_due`` is the last turn of the open jobs, if all rows are jobs by now.
    """
    if last_due is None:
        return INTERVAL.after(at - began)
    if at < last_due:
        return min(INTERVAL.after(at - began), last_due - at + INTERVAL.shortest)
    return INTERVAL.after(at - last_due)
