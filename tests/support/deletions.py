"""Fakes of what deletes jobs. The contract tests compare them with the real adapters."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ringback.domain.deletion import forget_at
from ringback.domain.idempotency_keys import bare
from ringback.domain.jobs import FINAL, Job, JobId, JobRequest, JobStatus
from ringback.use_cases.ports import Write

from tests.support.in_memory import InMemoryJobs


@dataclass
class InMemoryDeletions:
    """``forgotten`` are the jobs whose details were deleted, as often as that was done."""

    jobs: InMemoryJobs
    forgotten: list[JobId] = field(default_factory=list)

    def get(self, job_id: JobId) -> Job:
        return self.jobs.get(job_id)

    def begin(self, job: Job, *, at: datetime) -> Write:
        job = self.jobs.get(job.job_id)
        if job.status not in FINAL:
            return Write(job, done=(job.status, job.updated_at) == (JobStatus.DELETING, at))
        begun = replace(
            job,
            status=JobStatus.DELETING,
            updated_at=at,
            forget_at=forget_at(job, at=at),
            changes=job.changes + 1,
            revision=job.revision + 1,
        )
        self.jobs.by_id[job.job_id] = begun
        return Write(begun, done=True)

    def forget_details(self, job: Job) -> None:
        self.forgotten.append(job.job_id)
        if job.idempotency_key:
            self.jobs.deleted_keys[job.client, bare(job.idempotency_key)] = job.job_id

    def bury(self, job: Job, *, at: datetime) -> Job:
        job = self.jobs.get(job.job_id)
        if job.status is JobStatus.DELETING:
            self.jobs.by_id[job.job_id] = tombstone_of(job, at=at)
        return self.jobs.by_id[job.job_id]

    def tell_again(self, job: Job, *, at: datetime) -> None:
        self._change(job, tell_again_at=at)

    def forget_receiver(self, job: Job) -> None:
        plain = JobRequest(model="", provider=job.request.provider, input={}, sent={})
        if job.request.call_back_url:
            self._change(job, request=plain)

    def _change(self, job: Job, **changes: Any) -> None:
        known = self.jobs.by_id.get(job.job_id)
        if known and known.status is JobStatus.DELETED:
            self.jobs.by_id[job.job_id] = replace(known, revision=known.revision + 1, **changes)


def tombstone_of(job: Job, *, at: datetime) -> Job:
    """Return all that is left of a job, before its receiver was told."""
    return Job(
        job_id=job.job_id,
        client=job.client,
        request=replace(
            JobRequest(model="", provider=job.request.provider, input={}, sent={}),
            call_back_url=job.request.call_back_url,
            form=job.request.form,
        ),
        status=JobStatus.DELETED,
        created_at=job.created_at,
        updated_at=at,
        deadline_at=job.deadline_at,
        forget_at=job.forget_at,
        changes=job.changes + 1,
        tell_again_at=job.tell_again_at,
        revision=job.revision + 1,
    )


@dataclass
class InMemoryDeleteQueue:
    """Every message sent, oldest first, with its delay in seconds."""

    sent: list[tuple[JobId, int]] = field(default_factory=list)

    def add(self, job_id: JobId, *, delay: int) -> None:
        self.sent.append((job_id, delay))
