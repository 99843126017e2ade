"""The content of ``job.json``; its schema is docs/job.schema.json."""

from datetime import datetime
from typing import Any, Final

from ringback.domain.jobs import Job
from ringback.domain.missing_images import missing_images

VERSION: Final = 1


def provenance(job: Job, *, at: datetime) -> dict[str, Any]:
    """Return how the images were made, and all it takes to make them again."""
    return {
        "version": VERSION,
        "job_id": job.job_id,
        "retry_of": job.retry_of,
        "client": job.client,
        "source": job.source,
        "row": job.row,
        "tags": list(job.request.tags),
        "provider": job.request.provider,
        "model": job.request.model,
        "task_id": job.task_id,
        "request": dict(job.request.sent),
        "input": dict(job.request.input),
        "input_checked": job.request.checked,
        "input_images": dict(job.request.input_images),
        "credits": None if job.credits is None else f"{job.credits:f}",
        "created_at": job.created_at.isoformat(),
        "queued_at": job.queued_at.isoformat() if job.queued_at else None,
        "submitted_at": job.submitted_at.isoformat() if job.submitted_at else None,
        "running_at": job.running_at.isoformat() if job.running_at else None,
        "decided_at": job.decided_at.isoformat() if job.decided_at else None,
        "called_back": job.called_back,
        "archived_at": at.isoformat(),
        "images": [
            {"number": image.number, "key": image.key, **image.facts.as_json()}
            for image in job.images
        ],
        "missing": job.missing_images,
        "missing_images": missing_images(job),
    }
