"""Make a new, paid job from one that has ended."""

from collections.abc import Callable
from dataclasses import dataclass

from ringback.domain.deletion import kept, refuse_while_deleting
from ringback.domain.errors import (
    FieldError,
    InputImageRefused,
    InvalidRequest,
    RequestRefused,
    WrongState,
)
from ringback.domain.job_posts import JobPost
from ringback.domain.jobs import FINAL, Job, JobId, JobRequest
from ringback.use_cases.accept_job import NewJob
from ringback.use_cases.find_jobs import FindJobs
from ringback.use_cases.ports import JobReader


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryJob:
    """``pass_through`` allows input that no model of the catalogue has checked.

    ``check_image`` takes an s3 URL, its version in the old job and the ``client``, and raises
    ``InputImageRefused`` if the image can no longer be used.
    """

    find: FindJobs
    jobs: JobReader
    accept: Callable[[NewJob], Job]
    pass_through: bool
    check_image: Callable[..., object]

    def __call__(self, post: JobPost) -> Job:
        """Return the new job.

        Raises ``UnknownJob``; ``WrongState`` while the old job may still succeed, or if models
        outside the catalogue are disabled by now; ``InvalidRequest`` if an input image is gone.
        """
        return self.accept(
            NewJob(
                request=self._request(post),
                client=post.client,
                idempotency_key=post.idempotency_key,
                retry_of=JobId(post.retry_of or ""),
            )
        )

    def _request(self, post: JobPost) -> JobRequest:
        try:
            old = self.find.one(post.retry_of or "", client=post.client)
            return request_again(old, pass_through=self.pass_through, check_image=self.check_image)
        except RequestRefused:
            # As with POST /jobs: a repeated request returns its job.
            earlier = self.jobs.with_key(post.client, post.idempotency_key)
            if earlier is None:
                raise
            return kept(earlier).request


def request_again(
    old: Job, *, pass_through: bool, check_image: Callable[..., object]
) -> JobRequest:
    """Return the request of a job that has ended, for a new job.

    Raises ``WrongState``, or ``InvalidRequest`` if an input image can no longer be used.
    """
    refuse_while_deleting(old)
    if old.status not in FINAL:
        raise WrongState(f"the job has not ended; it is {old.status}")
    if not (old.request.checked or pass_through):
        raise WrongState("models outside the catalogue are disabled on this deployment")
    faults: list[FieldError] = []
    for url, version in old.request.input_images.items():
        try:
            check_image(url, version, client=old.client)
        except InputImageRefused as refused:
            faults.append(FieldError("input", f"{url}: {refused}"))
    if faults:
        raise InvalidRequest(faults)
    return old.request
