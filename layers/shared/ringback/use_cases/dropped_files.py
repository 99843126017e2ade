"""A client's jobs of a dropped file, by the file's key as the client writes it."""

from collections.abc import Sequence

from ringback.domain.drops import MAX_KEY_BYTES, RECEIPTS, S3, spellings
from ringback.domain.errors import FieldError
from ringback.domain.jobs import Job, JobId
from ringback.use_cases.ports import JobReader


def key_of(source: str) -> str:
    """Return the key in ``s3://bucket/key`` or ``/key``; no key of a file with jobs begins so."""
    if source.startswith(S3):
        source = source.removeprefix(S3).partition("/")[2]
    return source.lstrip("/")


def key_errors(source: str) -> list[FieldError]:
    # S3 has no longer key, and DynamoDB refuses to look for one of over 2,048 bytes. What is under
    # receipts/ is no dropped file; the index has lists of them there (aws/table_items.py).
    is_possible = 1 <= len(source.encode("utf-8", "replace")) <= MAX_KEY_BYTES
    if is_possible and not source.startswith(RECEIPTS):
        return []
    message = (
        "must be the key of a dropped file, such as requests/kites.csv, of at most"
        f" {MAX_KEY_BYTES} bytes"
    )
    return [FieldError("source", message)]


def jobs_of_file(
    jobs: JobReader, source: str, *, client: str, limit: int, before: JobId | None = None
) -> tuple[str, Sequence[Job]]:
    """Return the key under which the client has jobs, and those jobs, newest first.

    Without any, the key is the one that was asked for.
    """
    for name in spellings(source):
        # Never filtered afterwards: a cursor would name another client's job.
        if found := jobs.newest_of(name, client=client, limit=limit, before=before):
            return name, found
    return source, []
