"""Hear a provider's call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ringback.domain.checks import Check
from ringback.domain.errors import UnknownJob
from ringback.domain.jobs import Job, JobId, JobStatus
from ringback.domain.verdicts import TaskState
from ringback.use_cases.ports import ArchiveQueue, CallbackReader, CheckQueue, JobStore
from ringback.use_cases.record_verdict import record_verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """``headers`` have lower-case names; ``body`` is what was sent, byte for byte."""

    provider: str
    job_id: JobId
    token: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptCallback:
    """Verify a callback, then record what it proves or have its claim looked into."""

    is_genuine: Callable[[str, JobId, str], bool]
    readers: Mapping[str, CallbackReader]
    jobs: JobStore
    checks: CheckQueue
    archive: ArchiveQueue
    now: Callable[[], datetime]

    def __call__(self, call: CallbackRequest) -> Job | None:
        """Return the job as it now stands, ``None`` if only a check was woken.

        Raises ``UnknownJob``, ``SignatureRejected`` or ``MalformedCallback``.
        """
        reader = self.readers.get(call.provider)
        # A wrong token and an unknown job must look the same from outside.
        if reader is None or not self.is_genuine(call.provider, call.job_id, call.token):
            raise UnknownJob(call.job_id)
        heard = reader.read(call.headers, call.body, now=self.now())
        report = heard.report
        # A success without an image is worth asking about before a paid job is called failed.
        without_images = report.state is TaskState.SUCCEEDED and not report.image_urls
        claim = Check(job_id=call.job_id, claimed_task=report.task_id)
        if not heard.proven or without_images:
            self.checks.add(claim, delay=0)
            return None
        job = record_verdict(
            call.job_id,
            report,
            jobs=self.jobs,
            checks=self.checks,
            archive=self.archive,
            at=self.now(),
        )
        if report.state is TaskState.SUCCEEDED and job.status is JobStatus.FAILED:
            # It said both. Its record is asked, once, so that no paid image is given up.
            self.checks.add(replace(claim, contradicts_failure=True), delay=0)
        return job
