"""Make a job of a file that was dropped into S3."""

import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any, Final

from ringback.domain.drops import Drop
from ringback.domain.errors import InvalidRequest, RequestRefused
from ringback.domain.jobs import Job, JobRequest
from ringback.use_cases.ports import DropStore
from ringback.use_cases.submit_job import AcceptJob

MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeDrop:
    """``client`` is who the jobs of dropped files belong to."""

    drops: DropStore
    read_request: Callable[[bytes], JobRequest]
    accept: AcceptJob
    client: str

    def __call__(self, drop: Drop) -> Job | None:
        """Return the job; ``None`` for a file that makes none, or that is gone.

        A repeated event finds the job of the first one: what makes a job is the object's version.
        """
        body = self.drops.read(drop, most=MOST_BYTES)
        if body is None:
            return None
        try:
            request = self.read_request(body)
        except RequestRefused as error:
            self.drops.put_receipt(drop, {"errors": _reasons(error)})
            return None
        job = self.accept(request, client=self.client, idempotency_key=_key_of(drop))
        self.drops.put_receipt(drop, {"job_id": job.job_id})
        return job


def _key_of(drop: Drop) -> str:
    name = "\0".join((drop.bucket, drop.key, drop.version))
    return "drop:" + hashlib.sha256(name.encode()).hexdigest()


def _reasons(error: RequestRefused) -> list[dict[str, Any]]:
    if isinstance(error, InvalidRequest):
        return [asdict(field) for field in error.errors]
    return [{"field": "", "message": str(error)}]
