"""Find a client's jobs, and what they wait for."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ringback.domain.accounts import Wait
from ringback.domain.errors import FieldError, InvalidRequest, UnknownJob
from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import Job, JobId, JobStatus, seconds_until_due
from ringback.domain.suggestions import unknown_name
from ringback.use_cases.dropped_files import jobs_of_file, key_errors, key_of
from ringback.use_cases.ports import AccountStore, JobReader

MAX_PAGE_SIZE: Final = 99
DEFAULT_PAGE_SIZE: Final = 25
PARAMETERS: Final = frozenset({"limit", "cursor", "source"})
_SMALL_NUMBER: Final = re.compile(r"[0-9]{1,3}")


@dataclass(frozen=True, slots=True, kw_only=True)
class FindJobs:
    """Clients see only their own jobs; any other job is an unknown job."""

    jobs: JobReader

    def one(self, job_id: str, *, client: str) -> Job:
        """Return the client's job. Raises ``UnknownJob``."""
        if not is_job_id(job_id):
            raise UnknownJob(job_id)
        job = self.jobs.get(JobId(job_id))
        if job.client != client:
            raise UnknownJob(job_id)
        return job

    def some(self, job_ids: Iterable[str], *, client: str) -> Sequence[Job]:
        """Return those of at most 100 jobs that are the client's, in the order of their ids."""
        known = [JobId(job_id) for job_id in dict.fromkeys(job_ids) if is_job_id(job_id)]
        own = {job.job_id: job for job in self.jobs.find(known) if job.client == client}
        return [own[job_id] for job_id in known if job_id in own]

    def newest(self, *, client: str) -> Iterator[Job]:
        """Yield the client's jobs, newest first, reading ever further back."""
        before: JobId | None = None
        while jobs := self.jobs.newest(client, limit=MAX_PAGE_SIZE, before=before):
            yield from jobs
            before = jobs[-1].job_id

    def page(self, query: Mapping[str, str], *, client: str) -> tuple[Sequence[Job], JobId | None]:
        """Return jobs, newest first, and the cursor of the next page, ``None`` on the last page.

        ``query`` may hold ``limit``, ``cursor`` and ``source``, the key or URL of a dropped
        file.
        Raises ``InvalidRequest``.
        """
        limit, cursor = query.get("limit", str(DEFAULT_PAGE_SIZE)), query.get("cursor")
        unknown = sorted(query.keys() - PARAMETERS)
        errors = [FieldError(name, unknown_name("parameter", name, PARAMETERS)) for name in unknown]
        if not (_SMALL_NUMBER.fullmatch(limit) and 1 <= int(limit) <= MAX_PAGE_SIZE):
            errors.append(FieldError("limit", f"must be a whole number from 1 to {MAX_PAGE_SIZE}"))
        if cursor is not None and not is_job_id(cursor):
            errors.append(FieldError("cursor", "must be the `cursor` of the previous page"))
        source = query.get("source")
        if source is not None:
            source = key_of(source)
            errors += key_errors(source)
        if errors:
            raise InvalidRequest(errors)
        size = int(limit)
        before = JobId(cursor) if cursor else None
        if source is None:
            jobs = self.jobs.newest(client, limit=size + 1, before=before)
        else:
            _, jobs = jobs_of_file(self.jobs, source, client=client, limit=size + 1, before=before)
        return jobs[:size], jobs[size - 1].job_id if len(jobs) > size else None


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
