"""A job and the states it goes through."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NewType

from ringback.domain.delays import whole_seconds
from ringback.domain.images import StoredImage

JobId = NewType("JobId", str)
ProviderTaskId = NewType("ProviderTaskId", str)
# Opaque to us. A limit, because an id goes into URLs, headers and the table.
_TASK_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")


def as_task_id(value: object) -> ProviderTaskId | None:
    """Return the value as a task id if it is 1 to 200 printable ASCII characters."""
    is_id = isinstance(value, str) and _TASK_ID.fullmatch(value)
    return ProviderTaskId(str(value)) if is_id else None


class JobStatus(StrEnum):
    ACCEPTED = "accepted"
    SUBMITTING = "submitting"
    RUNNING = "running"
    ARCHIVING = "archiving"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    ARCHIVE_FAILED = "archive_failed"
    CANCELLED = "cancelled"


# A callback may overtake the answer to createTask, so SUBMITTING may go straight to a verdict.
# ACCEPTED goes to FAILED only when a check finds a job that nothing is going to submit.
NEXT: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.ACCEPTED: frozenset({JobStatus.SUBMITTING, JobStatus.FAILED, JobStatus.CANCELLED}),
    JobStatus.SUBMITTING: frozenset(
        {
            JobStatus.RUNNING,
            JobStatus.ACCEPTED,
            JobStatus.ARCHIVING,
            JobStatus.FAILED,
            JobStatus.EXPIRED,
        }
    ),
    JobStatus.RUNNING: frozenset({JobStatus.ARCHIVING, JobStatus.FAILED, JobStatus.EXPIRED}),
    JobStatus.ARCHIVING: frozenset({JobStatus.SUCCEEDED, JobStatus.ARCHIVE_FAILED}),
    JobStatus.EXPIRED: frozenset({JobStatus.ARCHIVING, JobStatus.FAILED}),
    JobStatus.ARCHIVE_FAILED: frozenset({JobStatus.ARCHIVING}),
    JobStatus.SUCCEEDED: frozenset(),
    JobStatus.FAILED: frozenset({JobStatus.ARCHIVING}),
    JobStatus.CANCELLED: frozenset(),
}

# Nothing of ours is under way in these; what a provider says late may still move three of them
# (docs/decisions/0011), a redrive one.
FINAL: Final = frozenset(
    {
        JobStatus.SUCCEEDED,
        JobStatus.FAILED,
        JobStatus.EXPIRED,
        JobStatus.ARCHIVE_FAILED,
        JobStatus.CANCELLED,
    }
)


def may_precede(following: JobStatus) -> frozenset[JobStatus]:
    """Return the states from which a job may become ``following``."""
    return frozenset(status for status, nexts in NEXT.items() if following in nexts)


class ErrorKind(StrEnum):
    """Why a job ended badly; ``code`` and ``message`` beside it are the provider's own."""

    REFUSED = "refused"  # the provider would not take the job
    GENERATION_FAILED = "generation_failed"  # it took the job and could not do it
    NO_IMAGES = "no_images"  # it reports success and no image
    NOT_SUBMITTED = "not_submitted"  # nothing was sent, nothing was charged
    NO_VERDICT = "no_verdict"  # the deadline passed and the provider had said nothing final
    IMAGES_LOST = "images_lost"  # the images were made and could not be copied


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """``missing`` are the numbers of images that were made and could not be copied.

    ``kept_until`` is how long the provider has them, if it says so: until then copying can be
    resumed.
    """

    kind: ErrorKind
    message: str
    code: str = ""
    may_be_charged: bool = False
    missing: tuple[int, ...] = ()
    kept_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A job as a client asks for it, once it has passed its model's limits.

    ``sent`` is the body as the client wrote it; ``input`` has the model's defaults filled in.
    Of a model that is not in the catalogue the input is as it was sent, and not ``checked``.
    ``input_images`` has the version of each s3 URL in the input.
    """

    model: str
    provider: str
    input: Mapping[str, Any]
    sent: Mapping[str, Any]
    checked: bool = True
    input_images: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """At ``deadline_at`` a job without a verdict is looked at; ``forget_at`` ends its retention.

    ``source`` is the key of the file that it was dropped as, ``row`` its row there if that is a
    sheet. Such a job is not sent before ``due_at``, and has low priority then.
    """

    job_id: JobId
    client: str
    request: JobRequest
    status: JobStatus
    created_at: datetime
    updated_at: datetime
    deadline_at: datetime
    forget_at: datetime
    idempotency_key: str | None = None
    retry_of: JobId | None = None
    queued_at: datetime | None = None
    submitted_at: datetime | None = None
    finished_at: datetime | None = None
    attempts: int = 0
    task_id: ProviderTaskId | None = None
    credits: Decimal | None = None
    error: JobError | None = None
    result_urls: tuple[str, ...] = ()
    images: tuple[StoredImage, ...] = ()
    source: str | None = None
    row: int | None = None
    due_at: datetime | None = None

    @property
    def missing_images(self) -> list[int]:
        """Return the numbers, from 1, of the images that are made and not stored."""
        stored = {image.number for image in self.images}
        return [n for n in range(1, len(self.result_urls) + 1) if n not in stored]


# SQS may deliver a message a moment early.
_ABOUT_NOW: Final = timedelta(seconds=1)


def seconds_until_due(job: Job, *, at: datetime) -> int:
    """Return for how long the job is held back, 0 if it may be sent."""
    early = (job.due_at or at) - at
    return whole_seconds(early) if early > _ABOUT_NOW else 0
