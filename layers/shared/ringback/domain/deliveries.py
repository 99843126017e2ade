"""What is kept of each try to deliver a webhook."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ringback.domain.webhooks import Tried, Webhook

MAX_KEPT: Final = 50
# Bytes of the receiver's answer.
MAX_ANSWER: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """``status`` is the receiver's, ``error`` why there is none, ``answer`` how its body begins.

    ``attempt`` counts the tries of this event from 1. ``next_at`` is when it is tried again.
    """

    event_id: str
    type: str
    host: str
    attempt: int
    at: datetime
    milliseconds: int = 0
    status: int | None = None
    answer: str = ""
    error: str = ""
    next_at: datetime | None = None


def delivery_of(webhook: Webhook, tried: Tried, following: Webhook | None) -> Delivery:
    """Return the record of a try, and of when the next one is due."""
    return Delivery(
        event_id=webhook.event_id,
        type=webhook.type,
        host=webhook.host,
        attempt=webhook.attempt,
        at=tried.at,
        milliseconds=round(tried.duration.total_seconds() * 1000),
        status=tried.status,
        answer=tried.answer[:MAX_ANSWER].decode("utf-8", "replace"),
        error=tried.error,
        next_at=following.due_at if following else None,
    )
