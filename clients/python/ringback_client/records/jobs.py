"""Jobs: their images, errors, outcomes, steps and events."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from ringback_client.errors import ApiError, api_error

# A late result can still complete a job that is `expired` or `failed`.
FINAL: Final = frozenset({"succeeded", "failed", "expired", "archive_failed", "cancelled"})
# In events only: of such a job there is no more to be had.
DELETED: Final = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    kind: str
    message: str
    code: str
    may_be_charged: bool
    missing: tuple[int, ...] = ()
    kept_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image in the bucket. The links expire; ``jobs.get`` has new ones."""

    key: str
    content_type: str
    extension: str
    width: int
    height: int
    bytes: int
    sha256: str
    thumbnail_key: str | None
    trailing_bytes: int = 0
    damaged: bool = False
    damage: str | None = None
    marks: Mapping[str, Any] | None = None
    url: str | None = None
    thumbnail_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Quarantined:
    key: str
    bytes: int
    sha256: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingImage:
    number: int
    source_url: str | None
    reason: str | None
    quarantined: tuple[Quarantined, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Why an accepted job is not sent."""

    reason: str
    provider: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    job_id: str
    status: str
    changes: int
    retry_of: str | None
    source: str | None
    row: int | None
    tags: tuple[str, ...]
    provider: str
    model: str
    input: Mapping[str, Any]
    input_checked: bool
    created_at: datetime
    updated_at: datetime
    submitted_at: datetime | None
    finished_at: datetime | None
    attempts: int
    task_id: str | None
    credits: float | None
    error: JobError | None
    images: tuple[Image, ...]
    missing_images: tuple[MissingImage, ...]
    waiting_for: Wait | None = None

    @property
    def is_final(self) -> bool:
        return self.status in FINAL


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPage:
    jobs: tuple[Job, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one job of several: its status is what ``POST /jobs`` would have answered."""

    status: int
    job: Job | None
    problem: Mapping[str, Any] | None

    @property
    def error(self) -> ApiError | None:
        return None if self.problem is None else api_error(self.status, self.problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcomes:
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A step of a job; which fields it has depends on ``step``."""

    step: str
    at: datetime
    retry_of: str | None = None
    source: str | None = None
    row: int | None = None
    attempts: int | None = None
    task_id: str | None = None
    reason: str | None = None
    provider: str | None = None
    until: datetime | None = None
    by: str | None = None
    number: int | None = None
    key: str | None = None
    kind: str | None = None
    code: str | None = None
    event_id: str | None = None
    host: str | None = None
    attempt: int | None = None
    milliseconds: int | None = None
    status: int | None = None
    error: str | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    job_id: str
    status: str
    steps: tuple[Step, ...]


# A change as the live line tells it, CloudEvents 1.0; `data` is the job without links.
Event = Mapping[str, Any]
