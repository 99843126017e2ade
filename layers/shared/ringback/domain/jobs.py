"""A job and the states it goes through."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, NewType

from ringback.domain.delays import whole_seconds
from ringback.domain.images import Quarantined, StoredImage
from ringback.domain.tags import TAGS

JobId = NewType("JobId", str)
ProviderTaskId = NewType("ProviderTaskId", str)
# Opaque to us. A limit, because an id goes into URLs, headers and the table.
_TASK_ID: Final = re.compile(r"[\x21-\x7e]{1,200}")


def as_task_id(value: object) -> ProviderTaskId | None:
    """Return the value as a task id if it is 1 to 200 printable ASCII characters."""
    is_id = isinstance(value, str) and _TASK_ID.fullmatch(value)
    return ProviderTaskId(str(value)) if is_id else None


# The form in which clients of Ringback's own API are told: the event, signed by
# https://www.standardwebhooks.com. The others are named after the providers.
RINGBACK: Final = "ringback"


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
    DELETING = "deleting"
    DELETED = "deleted"


# A callback may overtake the answer to createTask, so SUBMITTING may go straight to a verdict.
# ACCEPTED goes to FAILED if the submit message could not be sent, or a check finds it lost.
# A job that was never sent, as far as we know, is with the provider all the same if a signed
# callback or a recognized record says so: then ACCEPTED goes to RUNNING, ARCHIVING or FAILED and
# CANCELLED to ARCHIVING, and the job is not bought again (docs/decisions/0022).
# A job that has ended may be deleted. Nothing leads back: a late report about it changes nothing.
NEXT: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.ACCEPTED: frozenset(
        {
            JobStatus.SUBMITTING,
            JobStatus.RUNNING,
            JobStatus.ARCHIVING,
            JobStatus.FAILED,
            JobStatus.CANCELLED,
        }
    ),
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
    JobStatus.EXPIRED: frozenset({JobStatus.ARCHIVING, JobStatus.FAILED, JobStatus.DELETING}),
    JobStatus.ARCHIVE_FAILED: frozenset({JobStatus.ARCHIVING, JobStatus.DELETING}),
    JobStatus.SUCCEEDED: frozenset({JobStatus.DELETING}),
    JobStatus.FAILED: frozenset({JobStatus.ARCHIVING, JobStatus.DELETING}),
    JobStatus.CANCELLED: frozenset({JobStatus.ARCHIVING, JobStatus.DELETING}),
    JobStatus.DELETING: frozenset({JobStatus.DELETED}),
    JobStatus.DELETED: frozenset(),
}

# A job with a task id never becomes one of these: it would be bought again.
BEFORE_THE_TASK: Final = frozenset({JobStatus.ACCEPTED, JobStatus.SUBMITTING})

# In these states Ringback takes no further step by itself. A late report from the provider may
# still change four of them (docs/decisions/0011 and 0022), and resuming the copy changes one.
FINAL: Final = frozenset(
    {
        JobStatus.SUCCEEDED,
        JobStatus.FAILED,
        JobStatus.EXPIRED,
        JobStatus.ARCHIVE_FAILED,
        JobStatus.CANCELLED,
    }
)

# Of a deleted job a tombstone is left: its id, its owner, and that there is no more (ADR 0065).
GONE: Final = frozenset({JobStatus.DELETING, JobStatus.DELETED})
ENDED: Final = FINAL | GONE

# A cancelled job has no error; this is why it has no images.
CANCELLED: Final = "cancelled before it was sent; nothing was charged"


def may_precede(following: JobStatus) -> frozenset[JobStatus]:
    """Return the states that may change to ``following``."""
    return frozenset(status for status, nexts in NEXT.items() if following in nexts)


class ErrorKind(StrEnum):
    """Why a job did not succeed; ``JobError`` adds the provider's own code and message."""

    REFUSED = "refused"  # the provider refused the job
    GENERATION_FAILED = "generation_failed"  # the provider accepted the job, then failed
    NO_IMAGES = "no_images"  # the provider reports success without an image
    NOT_SUBMITTED = "not_submitted"  # nothing was sent or charged
    NO_VERDICT = "no_verdict"  # the provider reported no result by the deadline
    IMAGES_LOST = "images_lost"  # images were made but could not be copied


@dataclass(frozen=True, slots=True, kw_only=True)
class JobError:
    """``missing``: the numbers, from 1, of the images that were made but could not be copied.

    ``reasons`` has the reason for each of them, if copying was tried to its end. ``kept_until`` is
    when the provider deletes them, if known: until then copying can be resumed.
    """

    kind: ErrorKind
    message: str
    code: str = ""
    may_be_charged: bool = False
    missing: tuple[int, ...] = ()
    reasons: tuple[str, ...] = ()
    kept_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRequest:
    """A client's request, checked against its model's limits.

    ``sent`` is the body as the client wrote it; ``input`` has the model's defaults filled in. For a
    model outside the catalogue the input is as it was sent, and ``checked`` is false.
    ``input_images`` maps each s3 URL in the input to its version. ``call_back_url`` is where the
    client wants to be told how the job ended, and ``form`` how: ``RINGBACK``, or as the provider of
    that name does.
    """

    model: str
    provider: str
    input: Mapping[str, Any]
    sent: Mapping[str, Any]
    checked: bool = True
    input_images: Mapping[str, str] = field(default_factory=dict)
    call_back_url: str | None = None
    form: str = RINGBACK

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the client's own words for the job; only ``sent`` has them."""
        tags = self.sent.get(TAGS)
        return tuple(map(str, tags)) if isinstance(tags, list) else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job without a result by ``deadline_at`` is checked; at ``forget_at`` its retention ends.

    ``source`` is the key of the dropped file that it comes from, ``row`` its row if that is a
    sheet. A row's job is not sent before ``due_at``, and has low priority.
    ``not_queued_at`` is when its client was answered 503, since the submit queue did not take it.
    ``result_urls`` are in the provider's order, empty for an image that it lists without a link.
    ``account_refusals`` counts refusals of its account that others' tasks have disproved since.
    ``attempt_id`` is the last attempt to submit it, a random id. ``is_trial`` is true if the
    account was half-open then.
    ``callback_base_url`` is the base of the callback URL that it was sent with.
    ``result_urls`` has the provider's URL of each image by its number, ``""`` if it gave none.
    ``answer`` is the provider's answer that decided the job (docs/decisions/0035).
    ``running_at`` is when its task was recorded, ``decided_at`` when its images were reported;
    ``called_back`` tells whether its last verdict came by a callback, ``None`` without callbacks.
    These and ``queued_at``, when the submit queue had a message for it, are ``None`` once it has
    succeeded (``job.json`` has them), or before these fields.
    ``changes`` counts its changes of state; 0 also if they were made by a version that didn't.
    ``tell_again_at`` is when the event of its last one was asked for again.
    ``revision`` counts the writes since it was created, those of older versions left out; it is no
    part of what two jobs are compared by.
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
    not_queued_at: datetime | None = None
    submitted_at: datetime | None = None
    running_at: datetime | None = None
    decided_at: datetime | None = None
    called_back: bool | None = None
    finished_at: datetime | None = None
    attempts: int = 0
    account_refusals: int = 0
    attempt_id: str | None = None
    is_trial: bool | None = None
    task_id: ProviderTaskId | None = None
    credits: Decimal | None = None
    error: JobError | None = None
    result_urls: tuple[str, ...] = ()
    images: tuple[StoredImage, ...] = ()
    quarantined: tuple[Quarantined, ...] = ()
    source: str | None = None
    row: int | None = None
    due_at: datetime | None = None
    callback_base_url: str | None = None
    answer: str | None = None
    changes: int = 0
    tell_again_at: datetime | None = None
    revision: int = field(default=0, compare=False)

    @property
    def missing_images(self) -> list[int]:
        """Return the numbers, from 1, of the images that are made but not yet stored."""
        stored = {image.number for image in self.images}
        return [n for n in range(1, len(self.result_urls) + 1) if n not in stored]

    @property
    def thumbnails(self) -> int:
        """Return how many of its images have a thumbnail."""
        return sum(image.thumbnail is not None for image in self.images)


def holds(job: Job, written: Mapping[str, Any]) -> bool:
    """Tell whether the job has these values; an attempt's id proves by itself who wrote them.

    A write that took place may be answered with an error. The SDK then repeats it, and the repeat
    fails, because the job is no longer as expected: it holds what the same write brought
    (docs/decisions/0019).
    """
    if "attempt_id" in written:
        written = {name: written[name] for name in ("status", "attempt_id")}
    return all(getattr(job, name) == value for name, value in written.items())


# A job that is due within this time counts as due: SQS may deliver a message slightly early.
_ABOUT_NOW: Final = timedelta(seconds=1)


def seconds_until_due(job: Job, *, at: datetime) -> int:
    """Return the seconds until the job may be sent, 0 if that is now."""
    early = (job.due_at or at) - at
    return whole_seconds(early) if early > _ABOUT_NOW else 0
