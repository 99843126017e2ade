"""The keys of a job's objects in the images bucket."""

from ringback.domain.images import THUMBNAIL_FORMAT
from ringback.domain.jobs import JobId


def key_of(job_id: JobId, name: str) -> str:
    return f"images/{job_id}/{name}"


def quarantine_key(job_id: JobId, name: str) -> str:
    return f"quarantine/{job_id}/{name}"


def prefixes_of(job_id: JobId) -> tuple[str, ...]:
    """Return what the keys of all objects of a job begin with."""
    return key_of(job_id, ""), quarantine_key(job_id, "")


def thumbnail_key(job_id: JobId, number: int) -> str:
    return key_of(job_id, f"{number}.thumbnail.{THUMBNAIL_FORMAT.extension}")
