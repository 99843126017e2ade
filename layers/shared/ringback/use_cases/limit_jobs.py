"""Limit how many jobs a client posts in a minute."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ringback.domain.allowances import Allowance, allowance
from ringback.domain.errors import TooManyJobs
from ringback.domain.jobs import Job
from ringback.use_cases.accept_job import NewJob
from ringback.use_cases.ports import JobReader


class JobCounts(Protocol):
    """How many jobs each client has posted in the window of a time."""

    def count(self, client: str, *, most: int, at: datetime) -> bool:
        """Count one more; return false, and count none, if there are ``most`` already."""
        ...

    def counted(self, client: str, *, at: datetime) -> int: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitJobs:
    """Accepts at most ``most`` new jobs of a client in a window.

    A repeat of an accepted request is none, and neither is one that is refused for another reason.
    """

    accept: Callable[[NewJob], Job]
    jobs: JobReader
    counts: JobCounts
    most: int
    now: Callable[[], datetime]

    def __call__(self, new: NewJob) -> Job:
        """Return the accepted job.

        Raises ``TooManyJobs`` before anything is recorded, and what ``accept`` raises.
        """
        if not self._is_known(new):
            at = self.now()
            is_counted = self.counts.count(new.client, most=self.most, at=at)
            # The same request, sent twice at once, may have been the last that was counted.
            if not is_counted and not self._is_known(new):
                raise TooManyJobs(allowance(most=self.most, counted=self.most, at=at))
        return self.accept(new)

    def _is_known(self, new: NewJob) -> bool:
        return self.jobs.with_key(new.client, new.idempotency_key) is not None

    def allowance_of(self, client: str) -> Allowance:
        at = self.now()
        counted = self.counts.counted(client, at=at)
        return allowance(most=self.most, counted=counted, at=at)
