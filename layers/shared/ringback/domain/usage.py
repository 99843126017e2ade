"""What was made, and what it took."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from ringback.domain.job_ids import made_at
from ringback.domain.jobs import Job, JobStatus

_IN_VAIN: Final = frozenset({JobStatus.FAILED, JobStatus.EXPIRED, JobStatus.ARCHIVE_FAILED})
CLIENT: Final = "client"
# What jobs are summed up by. A job's day is that of its id, in UTC.
GROUPS: Final[Mapping[str, Callable[[Job], str]]] = {
    "day": lambda job: made_at(job.job_id).date().isoformat(),
    "model": lambda job: job.request.model,
    CLIENT: lambda job: job.client,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """``images`` and ``bytes`` are those in the bucket, ``credits`` what providers reported.

    Jobs that neither ``succeeded`` nor ``failed`` are under way, or cancelled.
    """

    jobs: int = 0
    succeeded: int = 0
    failed: int = 0
    images: int = 0
    credits: Decimal = Decimal(0)
    bytes: int = 0

    def and_of(self, job: Job) -> "Usage":
        return Usage(
            jobs=self.jobs + 1,
            succeeded=self.succeeded + (job.status is JobStatus.SUCCEEDED),
            failed=self.failed + (job.status in _IN_VAIN),
            images=self.images + len(job.images),
            credits=self.credits + (job.credits or 0),
            bytes=self.bytes + sum(image.facts.bytes for image in job.images),
        )


class UsageSums:
    """The usage of jobs by one of ``GROUPS``."""

    def __init__(self, by: str) -> None:
        self._group_of = GROUPS[by]
        self.by_group: dict[str, Usage] = {}

    def add(self, job: Job) -> None:
        group = self._group_of(job)
        self.by_group[group] = self.by_group.get(group, Usage()).and_of(job)
