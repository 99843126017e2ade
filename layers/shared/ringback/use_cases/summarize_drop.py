"""Keep the summary of a dropped file up to date until its last job is final."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from ringback.domain.delays import Widening, whole_seconds
from ringback.domain.drops import Drop, Progress
from ringback.domain.jobs import FINAL, Job, JobStatus
from ringback.use_cases.ports import DropProgress, DropStore, JobReader, SummaryQueue

JOBS_PER_READ: Final = 100
# The older the drop, the less often its summary is rewritten.
INTERVAL: Final = Widening(share=0.1, shortest=timedelta(seconds=5), longest=timedelta(minutes=1))
# If a drop has no progress by this age, its first message may be a dead letter.
MAX_UNREAD: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class SummarizeDrop:
    """``image_links`` returns the links to an image by its key."""

    jobs: JobReader
    progress: DropProgress
    drops: DropStore
    queue: SummaryQueue
    image_links: Callable[[str], dict[str, str]]
    now: Callable[[], datetime]

    def __call__(self, drop: Drop) -> bool:
        """Write the summary and return whether it is final, that is, no later one follows."""
        progress, at = self.progress.read(drop), self.now()
        facts = None if progress else self.drops.describe(drop)
        if progress is None and (facts is None or at > facts.made_at + MAX_UNREAD):
            return True
        is_final = False
        if progress:
            summary = self._summary(drop, progress, at=at)
            is_final = summary["state"] == "final"
            self.drops.put_summary(drop, summary, made_at=progress.made_at)
        # This loop ends when the last job is final, or when the drop's progress is forgotten.
        if not is_final:
            began = progress.made_at if progress else at
            self.queue.add(drop, delay=whole_seconds(INTERVAL.after(at - began)))
        return is_final

    def _summary(self, drop: Drop, progress: Progress, *, at: datetime) -> dict[str, Any]:
        counts, credits, results = Counter[JobStatus](), Decimal(0), list[dict[str, Any]]()
        for job in self._jobs(drop, progress):
            counts[job.status] += 1
            credits += job.credits or 0
            results.append(self._result(job))
        is_final = progress.done and counts.keys() <= FINAL
        return {
            "source": drop.key,
            "version": drop.version,
            "state": "final" if is_final else "running" if progress.done else "reading",
            "updated_at": at.isoformat(),
            "rows": progress.row - 1,
            "bad_rows": progress.bad_rows,
            "fault": progress.fault or None,
            "jobs": dict(sorted(counts.items())),
            "credits": float(credits),
            "results": results,
        }

    def _jobs(self, drop: Drop, progress: Progress) -> Iterator[Job]:
        ids = [drop.job_id(row, made_at=progress.made_at) for row in range(1, progress.row)]
        for start in range(0, len(ids), JOBS_PER_READ):
            found = self.jobs.find(ids[start : start + JOBS_PER_READ])
            yield from sorted(found, key=lambda job: job.job_id)

    def _result(self, job: Job) -> dict[str, Any]:
        row = {"row": job.row} if job.row else {}
        images = [self.image_links(image.key) for image in job.images]
        error = {"error": job.error.message} if job.error else {}
        return {**row, "job_id": job.job_id, "status": job.status, **error, "images": images}
