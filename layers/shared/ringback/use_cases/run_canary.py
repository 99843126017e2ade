"""Have a job of the canary made, and find the first step that did not happen."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

from ringback.domain.canary import PICTURE_SHA256, Step
from ringback.domain.errors import NotConfigured, ProviderUnavailable
from ringback.domain.jobs import JobId, JobStatus
from ringback.use_cases.canary_ports import CanaryEvents, JobsOverHttp

# Seconds. A run takes about ten, with the start of every function on its way.
PATIENCE: Final = 120.0
_COPIED: Final = (JobStatus.ARCHIVING, JobStatus.ARCHIVE_FAILED, JobStatus.SUCCEEDED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """``missing`` is the first step that did not happen in time, ``None`` if all did.

    ``reason`` has no secret in it.
    """

    job_id: JobId | None = None
    missing: Step | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunCanary:
    """``clock`` counts seconds."""

    api: JobsOverHttp
    events: CanaryEvents
    clock: Callable[[], float]

    def __call__(self) -> Run:
        began = self.clock()
        try:
            job_id = self.api.post()
        except (NotConfigured, ProviderUnavailable) as error:
            return Run(missing=Step.ACCEPTED, reason=str(error))
        state = ""
        try:
            while not state and self.clock() - began < PATIENCE:
                state = self.events.end_of(job_id)
        except ProviderUnavailable as error:
            return Run(job_id=job_id, missing=Step.TOLD, reason=str(error))
        try:
            job = self.api.get(job_id)
        except (NotConfigured, ProviderUnavailable) as error:
            return Run(job_id=job_id, missing=Step.ACCEPTED, reason=str(error))
        return self._judge(job_id, job, state)

    def _judge(self, job_id: JobId, job: Mapping[str, Any], state: str) -> Run:
        status, error = str(job.get("status")), job.get("error") or {}
        reason = f"{status}: {error.get('message', '')}" if error else status
        missing: Step | None = None
        if not job.get("task_id"):
            missing = Step.SUBMITTED
        elif status not in _COPIED:
            missing = Step.CALLED_BACK
        elif status != JobStatus.SUCCEEDED:
            missing = Step.ARCHIVED
        elif fault := self._fault_of(job.get("images") or []):
            missing, reason = Step.ARCHIVED, fault
        elif state != status:
            missing, reason = Step.TOLD, "the event of its end did not come"
        return Run(job_id=job_id, missing=missing, reason=reason if missing else "")

    def _fault_of(self, images: list[Mapping[str, Any]]) -> str:
        """Return what is wrong with the copy, as it is recorded or as its link leads to it."""
        if [image.get("sha256") for image in images] != [PICTURE_SHA256]:
            return "the job does not have the canary's picture"
        try:
            stored = self.api.download(str(images[0].get("url")))
        except ProviderUnavailable as error:
            return f"its picture can't be downloaded: {error}"
        is_same = sha256(stored).hexdigest() == PICTURE_SHA256
        return "" if is_same else "what is stored is not the canary's picture"
