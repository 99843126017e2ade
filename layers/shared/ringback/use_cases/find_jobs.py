"""Find a client's jobs, and what they wait for."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ringback.domain.accounts import Wait
from ringback.domain.errors import JobDeleted, UnknownJob
from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import GONE, Job, JobId, JobStatus, seconds_until_due
from ringback.use_cases.ports import MAX_FOUND, AccountStore, JobReader


def newest_jobs(jobs: JobReader, client: str, *, before: JobId | None = None) -> Iterator[Job]:
    """Yield the client's jobs below ``before``, newest first, reading ever further back."""
    while found := jobs.newest(client, limit=MAX_FOUND, before=before):
        yield from found
        before = found[-1].job_id


@dataclass(frozen=True, slots=True, kw_only=True)
class FindJobs:
    """Clients see only their own jobs; any other job is an unknown job.

    In lists is none that is being deleted.
    """

    jobs: JobReader

    def one(self, job_id: str, *, client: str) -> Job:
        """Return the client's job. Raises ``UnknownJob``, ``JobDeleted`` if it was the client's."""
        if not is_job_id(job_id):
            raise UnknownJob(job_id)
        job = self.jobs.get(JobId(job_id))
        if job.client != client:
            raise UnknownJob(job_id)
        if job.status is JobStatus.DELETED:
            raise JobDeleted(job_id)
        return job

    def some(self, job_ids: Iterable[str], *, client: str) -> Sequence[Job]:
        """Return those of at most 100 jobs that are the client's, in the order of their ids."""
        known = [JobId(job_id) for job_id in dict.fromkeys(job_ids) if is_job_id(job_id)]
        found = [job for job in self.jobs.find(known) if job.status not in GONE]
        own = {job.job_id: job for job in found if job.client == client}
        return [own[job_id] for job_id in known if job_id in own]

    def newest(self, *, client: str) -> Iterator[Job]:
        return newest_jobs(self.jobs, client)


@dataclass(frozen=True, slots=True, kw_only=True)
class FindWaits:
    """Find what accepted jobs wait for. It follows from the account, and isn't stored in jobs."""

    accounts: AccountStore
    now: Callable[[], datetime]

    def __call__(self, jobs: Iterable[Job]) -> dict[JobId, Wait]:
        """Return what each of the jobs waits for; one that waits for its turn has no entry."""
        at = self.now()
        due = [
            job
            for job in jobs
            if job.status is JobStatus.ACCEPTED and not seconds_until_due(job, at=at)
        ]
        names = {job.request.provider for job in due}
        waits = {name: self.accounts.read(name).waiting_for(at=at) for name in names}
        return {job.job_id: wait for job in due if (wait := waits[job.request.provider])}
