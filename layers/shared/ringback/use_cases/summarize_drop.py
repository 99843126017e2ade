"""Keep the summary of a dropped file true until the last of its jobs has ended."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import ceil
from typing import Any, Final

from ringback.domain.drops import Drop, Progress
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.use_cases.ports import DropProgress, DropStore, JobReader, SummaryQueue

AT_ONCE: Final = 100
# Seconds between two summaries: the older the drop, the longer.
SOONEST: Final = 5
LATEST: Final = 60
WIDENING: Final = 0.1
# A drop of which nothing was ever noted: its first message is a dead letter, perhaps.
NEVER_READ: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummarizeDrop:
    """``image_links`` tells where an image can be looked at, by its key."""

    jobs: JobReader
    progress: DropProgress
    drops: DropStore
    queue: SummaryQueue
    image_links: Callable[[str], dict[str, str]]
    now: Callable[[], datetime]

    def __call__(self, drop: Drop) -> bool:
        """Write the summary; tell whether it was the last one."""
        progress, at = self.progress.read(drop), self.now()
        facts = None if progress else self.drops.describe(drop)
        if progress is None and (facts is None or at > facts.made_at + NEVER_READ):
            return True
        is_final = False
        if progress:
            summary = self._summary(drop, progress, at=at)
            is_final = summary["state"] == "final"
            self.drops.put_summary(drop, summary, made_at=progress.made_at)
        if not is_final:
            began = progress.made_at if progress else at
            self.queue.add(drop, delay=seconds_to_next(at - began))
        return is_final

    def _summary(self, drop: Drop, progress: Progress, *, at: datetime) -> dict[str, Any]:
        counts, credits, shown = Counter[JobStatus](), Decimal(0), list[dict[str, Any]]()
        for job in self._jobs(drop, progress):
            counts[job.status] += 1
            credits += job.credits or 0
            shown.append(self._line(job))
        has_ended = progress.done and counts.keys() <= FINAL
        return {
            "source": drop.key,
            "version": drop.version,
            "state": "final" if has_ended else "running" if progress.done else "reading",
            "updated_at": at.isoformat(),
            "rows": progress.row - 1,
            "bad_rows": progress.bad_rows,
            "fault": progress.fault or None,
            "jobs": dict(sorted(counts.items())),
            "credits": float(credits),
            "results": shown,
        }

    def _jobs(self, drop: Drop, progress: Progress) -> Iterator[Job]:
        ids = [drop.job_id(row, made_at=progress.made_at) for row in range(1, progress.row)]
        for start in range(0, len(ids), AT_ONCE):
            found = self.jobs.find(ids[start : start + AT_ONCE])
            yield from sorted(found, key=lambda job: job.job_id)

    def _line(self, job: Job) -> dict[str, Any]:
        place = {"row": job.row} if job.row else {}
        images = [self.image_links(image.key) for image in job.images]
        error = {"error": job.error.message} if job.error else {}
        return {**place, "job_id": job.job_id, "status": job.status, **error, "images": images}


def seconds_to_next(age: timedelta) -> int:
    return ceil(min(max(age.total_seconds() * WIDENING, SOONEST), LATEST))
