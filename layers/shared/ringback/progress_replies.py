"""Replies of the HTTP API about how far things have come."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from ringback.domain.jobs import Job
from ringback.domain.timeline import Step


def timeline_body(job: Job, steps: Iterable[Step]) -> dict[str, Any]:
    return {
        "job_id": job.job_id,
        "status": job.status,
        "steps": [{"step": step.name, "at": step.at.isoformat(), **_shown(step)} for step in steps],
    }


def _shown(step: Step) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in step.details.items()
    }
