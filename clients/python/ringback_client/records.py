"""What the API answers, as frozen records.

Fields that this version doesn't know are left out. Moments are aware, lengths in bytes, prices in
credits. A status that is not in ``FINAL`` counts as under way, also one that is new.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
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
class Used:
    """Has one of ``day``, in UTC, ``model`` and ``client``.

    Jobs that neither ``succeeded`` nor ``failed`` are under way, or cancelled.
    """

    day: date | None = None
    model: str | None = None
    client: str | None = None
    jobs: int
    succeeded: int
    failed: int
    images: int
    credits: float
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UsagePage:
    usage: tuple[Used, ...]
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
class PricePerImage:
    where: Mapping[str, Any]
    credits_low: float
    credits_high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    per_image: tuple[PricePerImage, ...]
    credits_per_more_input_image: float
    noted_on: date
    source: str
    is_estimate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """``input`` is JSON Schema."""

    id: str
    provider: str
    description: str
    documentation: str
    checked_on: date
    price: Price | None
    input: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Models:
    models: tuple[Model, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    credits_low: float
    credits_high: float
    images: int
    noted_on: date
    is_estimate: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DryRun:
    """The input as it would be sent; ``estimate`` is None if no price is known."""

    dry_run: bool
    provider: str
    model: str
    input: Mapping[str, Any]
    input_checked: bool
    estimate: Estimate | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiverState:
    host: str
    state: str
    reason: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    event_id: str
    type: str
    host: str
    attempt: int
    at: datetime
    milliseconds: int
    status: int | None
    answer: str
    error: str | None
    next_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliveries:
    job_id: str
    receiver: ReceiverState | None
    deliveries: tuple[Delivery, ...]


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


@dataclass(frozen=True, slots=True, kw_only=True)
class RetriedDrop:
    source: str
    status: str
    requested_at: datetime
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedUpload:
    """A form for the bucket, until ``expires_at``; without one the image is there already."""

    image: str
    uploaded: bool
    url: str | None
    fields: Mapping[str, str] | None = field(repr=False)
    expires_at: datetime | None
    kept_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """``image`` is the URL for an input; new jobs can use it until ``kept_until``."""

    image: str
    kept_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    provider: str
    state: str
    reason: str | None
    since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropEstimate:
    is_estimate: bool
    credits_low: float | None
    credits_high: float | None
    rows_without_price: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drop:
    """A dropped file; ``jobs`` counts its jobs by state, as of ``updated_at``."""

    file: str
    version: str
    dropped_at: datetime | None
    kind: str
    dry_run: bool
    state: str
    rows: int
    bad_rows: int
    fault: str | None
    jobs: Mapping[str, Any]
    credits: float | None
    jobs_without_credits: int | None
    estimate: DropEstimate | None
    updated_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DropPage:
    drops: tuple[Drop, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowError:
    field: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BadRow:
    """``row`` is None if it is about the whole file."""

    row: int | None
    prompt: str | None
    errors: tuple[RowError, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """The link expires."""

    key: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DropDetails(Drop):
    """``cursor`` is for more bad rows, None if there are none."""

    bad: tuple[BadRow, ...]
    cursor: str | None
    receipts: tuple[Receipt, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAccount:
    """``credits`` were left at ``credits_at``; None if nobody knows. ``name`` is ``provider``."""

    provider: str
    name: str
    state: str
    reason: str | None
    since: datetime | None
    until: datetime | None
    credits: float | None
    credits_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedReceiver:
    id: str
    url: str
    is_default: bool
    state: str
    reason: str | None
    since: datetime | None
    failing_since: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientAccount:
    client: str
    scopes: tuple[str, ...]
    providers: tuple[ProviderAccount, ...]
    receivers: tuple[ListedReceiver, ...]


# A change as the live line tells it, CloudEvents 1.0; `data` is the job without links.
Event = Mapping[str, Any]
