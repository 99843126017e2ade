"""The keys of a job's images in the images bucket."""

from ringback.domain.images import THUMBNAIL_FORMAT
from ringback.domain.jobs import JobId


def key_of(job_id: JobId, name: str) -> str:
    return f"images/{job_id}/{name}"


def thumbnail_key(job_id: JobId, number: int) -> str:
    return key_of(job_id, f"{number}.thumbnail.{THUMBNAIL_FORMAT.extension}")
