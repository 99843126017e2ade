"""Jobs, reports and images to test with."""

import hashlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from ringback.domain.images import ImageFacts, ImageFormat, StoredImage
from ringback.domain.job_ids import new_job_id
from ringback.domain.jobs import Job, JobId, JobRequest, JobStatus, ProviderTaskId
from ringback.domain.verdicts import TaskReport, TaskState
from ringback.use_cases.ports import JobStore, Write

NOON = datetime(2026, 9, 21, 12, 0, tzinfo=UTC)
TASK = ProviderTaskId("task_seedream_1790000000001")
PROMPT = "a red kite over the sea"
MODEL = "bytedance/seedream-v4-text-to-image"


def a_job_id(number: int = 0) -> JobId:
    """Return ids that sort by ``number``."""
    return new_job_id(NOON + timedelta(milliseconds=number), bytes([number % 256] * 10))


def a_request(**fields: Any) -> JobRequest:
    return JobRequest(
        model=MODEL,
        provider="kie",
        input={"prompt": PROMPT, "image_size": "square_hd", "max_images": 1},
        sent={"model": MODEL, "input": {"prompt": PROMPT, **fields}},
    )


def a_tagged_request(*tags: str) -> JobRequest:
    request = a_request()
    return replace(request, sent={**request.sent, "tags": list(tags)})


def a_job(status: JobStatus = JobStatus.ACCEPTED, *, number: int = 0, **changes: Any) -> Job:
    job = Job(
        job_id=a_job_id(number),
        client="studio",
        request=a_request(),
        status=status,
        created_at=NOON,
        updated_at=NOON,
        deadline_at=NOON + timedelta(minutes=15),
        forget_at=NOON + timedelta(days=365),
    )
    return replace(job, **changes)


def a_report(state: TaskState = TaskState.SUCCEEDED, **changes: Any) -> TaskReport:
    report = TaskReport(
        task_id=TASK,
        state=state,
        image_urls=("https://cdn.example/1.png",) if state is TaskState.SUCCEEDED else (),
    )
    return replace(report, **changes)


def facts_of(content: bytes, kind: ImageFormat = ImageFormat.PNG) -> ImageFacts:
    return ImageFacts(
        content_type=kind.content_type,
        extension=kind.extension,
        width=1024,
        height=768,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )


def a_stored_image(number: int = 1) -> StoredImage:
    return StoredImage(
        number=number,
        key=f"images/{a_job_id()}/{number}.png",
        source_url=f"https://cdn.example/{number}.png",
        facts=facts_of(b"picture %d" % number),
    )


def release(jobs: JobStore, attempt_id: str, *, at: datetime) -> Write:
    """Move the job back to its turn, as after a refusal of that attempt."""
    return jobs.move(
        a_job_id(),
        expect=[JobStatus.SUBMITTING],
        to=JobStatus.ACCEPTED,
        at=at,
        of_attempt=attempt_id,
        queued_at=None,
    )
