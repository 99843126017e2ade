"""Gather what is recorded of a job's steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from ringback.domain.jobs import Job, JobId, JobStatus
from ringback.domain.timeline import Step, Traces, timeline
from ringback.use_cases.find_jobs import FindWaits
from ringback.use_cases.webhook_ports import Deliveries


class JobFiles(Protocol):
    def stored_at(self, keys: Sequence[str]) -> Mapping[str, datetime]:
        """Return when each file was written, to the second; a missing one has no entry."""
        ...

    def record(self, job_id: JobId) -> Mapping[str, Any]:
        """Return the job's ``job.json``, empty if there is none, or it can't be read."""
        ...


class ToldTimes(Protocol):
    def told_at(self, job_id: JobId) -> datetime | None:
        """Return when the job's last end was told, ``None`` if it wasn't, or isn't known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class FindTimeline:
    files: JobFiles
    told: ToldTimes
    deliveries: Deliveries
    waits: FindWaits

    def __call__(self, job: Job) -> list[Step]:
        """Return the job's steps, in order of time."""
        keys = [key for image in job.images for key in (image.key, image.thumbnail) if key]
        traces = Traces(
            stored_at=self.files.stored_at(keys),
            told_at=self.told.told_at(job.job_id),
            deliveries=self.deliveries.of(job.job_id),
            wait=self.waits([job]).get(job.job_id),
        )
        if job.status is JobStatus.SUCCEEDED:
            job = with_recorded_times(job, self.files.record(job.job_id))
        return timeline(job, traces)


def with_recorded_times(job: Job, record: Mapping[str, Any]) -> Job:
    """Return the job with the times that its ``job.json`` keeps instead of the table.

    Whoever may write to the bucket can change that file: what is no time is left out.
    """
    called_back = record.get("called_back")
    return replace(
        job,
        queued_at=job.queued_at or _moment(record.get("queued_at")),
        running_at=_moment(record.get("running_at")),
        decided_at=_moment(record.get("decided_at")),
        called_back=called_back if isinstance(called_back, bool) else None,
    )


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None
