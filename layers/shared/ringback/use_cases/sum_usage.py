"""Sum up what clients have used, from their jobs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Final, Protocol

from ringback.domain import canary
from ringback.domain.jobs import JobId
from ringback.domain.usage import Usage, UsageSums
from ringback.use_cases.find_jobs import newest_jobs
from ringback.use_cases.ports import MAX_FOUND, JobReader
from ringback.use_cases.usage_queries import UsageQuery

# For one answer: the jobs that are read, and the keys of jobs of all clients that are looked at.
MAX_READ: Final = 5_000
MAX_KEYS: Final = 20_000

# A client's name and the id of its job.
JobKey = tuple[str, JobId]


class JobKeys(Protocol):
    def after(self, key: JobKey | None) -> Sequence[JobKey]:
        """Return keys of jobs of all clients, in an order of the store's own; none at the end."""
        ...


@dataclass(frozen=True, slots=True)
class UsagePage:
    """``end`` is the position that the next page goes on after, ``None`` on the last page."""

    usage: Mapping[str, Usage]
    end: Sequence[str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SumUsage:
    """Each job counts as it is now: nothing is counted as it changes (docs/decisions/0064)."""

    jobs: JobReader
    keys: JobKeys

    def __call__(self, query: UsageQuery) -> UsagePage:
        """Sum up some of the jobs; the sums of all pages together are the usage."""
        return self._of_all(query) if query.all_clients else self._of_one(query)

    def _of_one(self, query: UsageQuery) -> UsagePage:
        sums, last, read = UsageSums(query.by), "", 0
        before = JobId(query.position[0]) if query.position else query.end
        newest = newest_jobs(self.jobs, query.client, before=before)
        wanted = takewhile(lambda job: job.job_id >= query.first, newest)
        for job in islice(wanted, MAX_READ):
            sums.add(job)
            last, read = job.job_id, read + 1
        return UsagePage(sums.by_group, [last] if read == MAX_READ else None)

    def _of_all(self, query: UsageQuery) -> UsagePage:
        sums, wanted, end = UsageSums(query.by), list[JobId](), None
        for number, key in enumerate(self._keys(query), start=1):
            if key[0] != canary.CLIENT and query.covers(key[1]):
                wanted.append(key[1])
            if number == MAX_KEYS or len(wanted) == MAX_READ:
                end = key
                break
        for start in range(0, len(wanted), MAX_FOUND):
            for job in self.jobs.find(wanted[start : start + MAX_FOUND]):
                sums.add(job)
        return UsagePage(sums.by_group, end)

    def _keys(self, query: UsageQuery) -> Iterator[JobKey]:
        key: JobKey | None = None
        if query.position:
            key = (query.position[0], JobId(query.position[1]))
        while keys := self.keys.after(key):
            yield from keys
            key = keys[-1]
