"""A job as a Chanjing task.

https://doc.chanjing.cc/api/ai-creation/get-ai-creation-task-list.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from ringback.domain.jobs import CANCELLED, Job, JobStatus
from ringback.providers.chanjing.tasks import IMAGE, model_code

SUCCESS: Final = "Success"
# Every state that is not listed is a failure.
STATES: Final[Mapping[JobStatus, str]] = {
    JobStatus.ACCEPTED: "Queued",
    JobStatus.SUBMITTING: "Ready",
    JobStatus.RUNNING: "Generating",
    JobStatus.ARCHIVING: "Generating",
    JobStatus.SUCCEEDED: SUCCESS,
}
FAILURE: Final = "Error"


def task_body(job: Job, link: Callable[[str], str]) -> dict[str, Any]:
    """Return a task as the look-ups show it; ``link`` returns the URL of an image's key.

    Without the fields of videos, and without ``id``, a number beside ``unique_id``.
    """
    given = job.request.input
    references, ratio = list(given.get("ref_img_url", [])), given.get("aspect_ratio", "")
    images = given.get("number_of_images", 1)
    keys = [image.key for image in job.images] if is_success(job) else []
    return {
        "unique_id": job.job_id,
        "create_time": int(job.created_at.timestamp()),
        "number_ai_creation": images,
        "type": IMAGE,
        "progress_desc": STATES.get(job.status, FAILURE),
        "err_msg": _why_failed(job),
        "aspect_ratio": ratio,
        "output_url": list(filter(None, map(link, keys))),
        "photo_info": {
            "ref_img_url": references,
            "ref_prompt": given.get("ref_prompt", ""),
            "clarity": given.get("clarity", 0),
            "aspect_ratio": ratio,
            "quality_mode": given.get("quality_mode", ""),
            "number_of_images": images,
        },
        "ref_img_url": references,
        "model_code": model_code(job.request.model),
        "model_name": "",
    }


def _why_failed(job: Job) -> str:
    if job.error:
        return job.error.message
    return CANCELLED if job.status is JobStatus.CANCELLED else ""


def is_success(job: Job) -> bool:
    return job.status is JobStatus.SUCCEEDED
