"""Accept a provider's callback."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from ringback.domain.checks import Check
from ringback.domain.errors import SignatureRejected, UnknownJob
from ringback.domain.job_ids import is_job_id
from ringback.domain.jobs import Job, JobId, JobStatus
from ringback.domain.verdicts import TaskState
from ringback.use_cases.ports import CallbackReader, CallbackReport, CheckQueue
from ringback.use_cases.record_verdict import RecordVerdict


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackRequest:
    """``headers`` have lower-case names; ``body`` is the raw body, byte for byte."""

    provider: str
    job_id: JobId
    token: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class AcceptCallback:
    """Verify a callback, then record what it proves or have its claim checked.

    ``refresh`` reads the secrets again, and tells whether any is new.
    """

    is_genuine: Callable[[str, JobId, str], bool]
    readers: Mapping[str, CallbackReader]
    checks: CheckQueue
    record: RecordVerdict
    now: Callable[[], datetime]
    refresh: Callable[[], bool] = bool

    def __call__(self, request: CallbackRequest) -> Job | None:
        """Return the job as it now stands, ``None`` if only a check was queued.

        Raises ``UnknownJob``, ``SignatureRejected`` or ``MalformedCallback``.
        """
        try:
            callback = self._verified(request)
        except (UnknownJob, SignatureRejected):
            # Perhaps by a secret that has been changed since it was read.
            if not self.refresh():
                raise
            callback = self._verified(request)
        report = callback.report
        claim = Check(job_id=request.job_id, claimed_task=report.task_id)
        # A paid job does not fail for want of images before the provider's record confirms it.
        if not callback.proven or report.without_images:
            known = None
            if callback.proven:
                # The answer that should have brought the task's id may be lost.
                known = self.record(request.job_id, replace(report, state=TaskState.RUNNING))
            self.checks.add(claim, delay=0)
            return known
        job = self.record(request.job_id, report, called_back=True)
        if report.state is TaskState.SUCCEEDED and job.status is JobStatus.FAILED:
            # The provider reported both; its record decides, so that no paid image is lost.
            self.checks.add(replace(claim, contradicts_failure=True), delay=0)
        return job

    def _verified(self, request: CallbackRequest) -> CallbackReport:
        reader = self.readers.get(request.provider)
        # A wrong token and an unknown job must be indistinguishable from outside. An id of another
        # form would name another item of the table, which the function may not read.
        if (
            reader is None
            or not is_job_id(request.job_id)
            or not self.is_genuine(request.provider, request.job_id, request.token)
        ):
            raise UnknownJob(request.job_id)
        return reader.read(request.headers, request.body, now=self.now())
