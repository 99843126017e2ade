"""Webhooks in replies of the HTTP API: their tries, and the receivers that they go to."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from ringback.domain.deliveries import Delivery
from ringback.domain.jobs import Job
from ringback.domain.receivers import Receiver


def deliveries_body(
    job: Job, receiver: Receiver | None, deliveries: Iterable[Delivery]
) -> dict[str, Any]:
    """Return the tries of a job's webhooks, oldest first, and the state of its receiver."""
    return {
        "job_id": job.job_id,
        "receiver": receiver_body(receiver) if receiver else None,
        "deliveries": [
            asdict(each)
            | {
                "at": each.at.isoformat(),
                "next_at": each.next_at.isoformat() if each.next_at else None,
                "error": each.error or None,
            }
            for each in deliveries
        ],
    }


def receiver_body(receiver: Receiver) -> dict[str, Any]:
    waits, off = receiver.waits_until, receiver.off_since
    since = off or receiver.failing_since
    return {
        "host": receiver.host,
        "state": "off" if off else "waiting" if waits else "on",
        "reason": receiver.off_reason or ("timeouts" if waits else None),
        "since": since.isoformat() if since else None,
    }
