"""Webhooks: an event on its way to a client's receiver, and when it is tried again."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from ringback.domain.events import Event
from ringback.domain.jobs import RINGBACK, Job, JobId, JobStatus
from ringback.domain.versions import of_any_version

MAX_BODY_BYTES: Final = 64 * 1024
# What a body that is too large does without, in this order, until it fits.
LARGE_FIELDS: Final = ("input", "missing_images", "images", "error")
LEFT_OUT: Final = "left_out"

# The delays after each failed try. https://github.com/standard-webhooks recommends several days.
DELAYS: Final = (
    timedelta(seconds=5),
    timedelta(minutes=1),
    timedelta(minutes=5),
    timedelta(minutes=30),
    timedelta(hours=2),
    timedelta(hours=6),
    timedelta(hours=12),
    timedelta(hours=24),
)
MAX_TRIES: Final = len(DELAYS) + 1
# Up to this share of a delay is added at random: the events of an outage don't return together.
JITTER: Final = 0.2
# No try is later than this after the first one was due, whatever else it had to wait for.
LAST_TRY: Final = timedelta(days=3)
# A receiver may ask to be tried later than planned, but not later than the longest delay.
MAX_RETRY_AFTER: Final = DELAYS[-1]
HONOURS_RETRY_AFTER: Final = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE)
# The type of the last event of a job.
JOB_DELETED: Final = f"ringback.job.{JobStatus.DELETED}"
# SQS may deliver a message slightly early.
_ABOUT_NOW: Final = timedelta(seconds=1)
_TIMES: Final = ("time", "first_at", "due_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A message of the notify queue.

    ``body`` is the exact text that every try sends, since a signature covers it; ``form`` tells
    how it is signed. ``time`` is the event's, ``first_at`` when it was first received. ``attempt``
    counts from 1, and is not due before ``due_at``. ``is_requested``: its client has asked for
    it, so it is sent even if the receiver is switched off.
    """

    event_id: str
    job_id: JobId
    client: str
    url: str
    type: str
    time: datetime
    body: str
    form: str = RINGBACK
    attempt: int = 1
    first_at: datetime | None = None
    due_at: datetime | None = None
    is_requested: bool = False

    @property
    def is_of_deletion(self) -> bool:
        return self.type == JOB_DELETED

    @property
    def host(self) -> str:
        return host_of(self.url)

    def is_due(self, *, at: datetime) -> bool:
        return self.due_at is None or self.due_at - at <= _ABOUT_NOW


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What came of one try.

    ``status`` is the HTTP status, ``answer`` the beginning of its body. ``error`` is why there is
    no status, in words; ``is_ours``: nothing was sent, and the receiver is not to blame.
    ``retry_after`` is what the receiver asks for.
    """

    at: datetime
    duration: timedelta
    status: int | None = None
    answer: bytes = b""
    error: str = ""
    retry_after: timedelta | None = None
    timed_out: bool = False
    is_ours: bool = False

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        return self.status == HTTPStatus.GONE


def host_of(url: str) -> str:
    """Return the host of a checked URL; it tells a client's receivers apart.

    With its port, unless that is the usual one.
    """
    scheme, _, rest = url.partition("://")
    host = re.split("[/?#]", rest, maxsplit=1)[0].lower()
    return host.removesuffix(":443") if scheme.lower() == "https" else host


def webhook_of(event: Event, *, job: Job, url: str) -> Webhook:
    """Return the webhook that tells a client's receiver about an event of its job.

    Only where the job's own request says is it told in the request's form. In a provider's form,
    the body is written when it is sent.
    """
    form = form_of(job, url)
    return Webhook(
        event_id=event.id,
        job_id=job.job_id,
        client=job.client,
        url=url,
        type=event.type,
        time=event.time,
        body=body_of(event) if form == RINGBACK else "",
        form=form,
    )


def form_of(job: Job, url: str) -> str:
    return job.request.form if url == job.request.call_back_url else RINGBACK


def body_of(event: Event) -> str:
    """Return the event as JSON in at most ``MAX_BODY_BYTES``.

    A body that would be larger lacks some ``LARGE_FIELDS``; ``data.left_out`` names them.
    """
    # ``timestamp`` is what Standard Webhooks recommends, and CloudEvents allows.
    body = event.cloud_event() | {"timestamp": event.time.isoformat()}
    data, left_out = dict(event.data), list[str]()
    text = _as_json(body)
    for name in LARGE_FIELDS:
        if len(text.encode()) <= MAX_BODY_BYTES:
            break
        if name in data:
            del data[name]
            left_out.append(name)
            text = _as_json(body | {"data": data | {LEFT_OUT: left_out}})
    return text


def next_try(webhook: Webhook, tried: Tried, *, chance: float) -> Webhook | None:
    """Return the webhook as it is tried next, ``None`` if it was delivered or is given up.

    ``chance`` is a random number from 0 to 1.
    """
    if tried.is_delivered or tried.is_gone or webhook.attempt >= MAX_TRIES:
        return None
    delay = DELAYS[webhook.attempt - 1] * (1 + JITTER * chance)
    if tried.retry_after is not None and tried.status in HONOURS_RETRY_AFTER:
        delay = max(delay, min(tried.retry_after, MAX_RETRY_AFTER))
    following = replace(webhook, attempt=webhook.attempt + 1, due_at=tried.at + delay)
    return None if is_too_late(following, at=tried.at + delay) else following


def is_too_late(webhook: Webhook, *, at: datetime) -> bool:
    return at - (webhook.first_at or at) > LAST_TRY


def to_message(webhook: Webhook) -> dict[str, Any]:
    """Return the body of a message of the notify queue, as JSON."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(webhook).items()
        if value is not None
    }


def from_message(message: Mapping[str, Any]) -> Webhook:
    """Read a message of this version, an older or a newer one."""
    times = {name: datetime.fromisoformat(message[name]) for name in _TIMES if name in message}
    return of_any_version(Webhook, {**message, **times})


def _as_json(body: Mapping[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))
