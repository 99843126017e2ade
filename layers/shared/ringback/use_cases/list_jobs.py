"""List a client's jobs, newest first."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ringback.domain.jobs import Job, JobId
from ringback.use_cases.dropped_files import jobs_of_file
from ringback.use_cases.list_queries import ListQuery
from ringback.use_cases.ports import MAX_FOUND, JobReader

# Jobs that are read for a page; those that do not pass its filter count as well.
MAX_READ: Final = 1_000


@dataclass(frozen=True, slots=True)
class JobPage:
    """``end`` is the job that the next page goes on after, ``None`` on the last page."""

    jobs: Sequence[Job]
    end: JobId | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListJobs:
    """There is no index for filters: jobs are read, then filtered (docs/decisions/0063)."""

    jobs: JobReader

    def __call__(self, query: ListQuery) -> JobPage:
        """Return up to ``query.limit`` jobs, or fewer once ``MAX_READ`` have been read."""
        passed, end, source = list[Job](), query.before, query.source
        # Most pages have no filter, or one that most jobs pass.
        left, size = MAX_READ, query.limit + 1
        while True:
            source, chunk = self._chunk(query.client, source, limit=size, before=end)
            for job in chunk:
                if query.first and job.job_id < query.first:
                    return JobPage(passed, None)
                if len(passed) == query.limit:
                    return JobPage(passed, end)
                if query.filter.passes(job):
                    passed.append(job)
                end = job.job_id
            left -= len(chunk)
            if len(chunk) < size:
                return JobPage(passed, None)
            if not left or len(passed) == query.limit:
                return JobPage(passed, end)
            size = min(left, MAX_FOUND)

    def _chunk(
        self, client: str, source: str, *, limit: int, before: JobId | None
    ) -> tuple[str, Sequence[Job]]:
        """Return jobs, and the key of their dropped file as it is spelled there."""
        if not source:
            return "", self.jobs.newest(client, limit=limit, before=before)
        return jobs_of_file(self.jobs, source, client=client, limit=limit, before=before)
