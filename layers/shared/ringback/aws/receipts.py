"""Receipts and summaries, the answers to drops in the drop bucket."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any

from ringback.aws.s3 import or_none
from ringback.domain.drops import Drop, Progress

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class Receipts:
    """Replaces whole objects, for S3 cannot append, and only if they are unchanged since read."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def put(self, drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        """Keep the lines of the rows before ``seen``, and replace all others with ``lines``."""
        key, mark = drop.receipt_key, _Mark(drop.version, to.made_at, to.row)
        there = or_none(self._client.head_object, Bucket=drop.bucket, Key=key)
        if there and mark.is_behind(there["Metadata"]):
            return
        with TemporaryFile() as content:
            self._copy_lines(content, Bucket=drop.bucket, Key=key, count=seen.row - 1)
            content.write(lines)
            size = content.tell()
            content.seek(0)
            self._put_over(
                there["ETag"] if there else None,
                Bucket=drop.bucket,
                Key=key,
                Body=content,
                ContentLength=size,
                ContentType="application/x-ndjson",
                Metadata=mark.metadata(),
            )

    def put_summary(self, drop: Drop, summary: Mapping[str, Any], *, made_at: datetime) -> None:
        key, mark = drop.summary_key, _Mark(drop.version, made_at, 0)
        there = or_none(self._client.head_object, Bucket=drop.bucket, Key=key)
        if there and mark.is_behind(there["Metadata"]):
            return
        self._put_over(
            there["ETag"] if there else None,
            Bucket=drop.bucket,
            Key=key,
            Body=json.dumps(summary, ensure_ascii=False, indent=1).encode("utf-8", "replace"),
            ContentType="application/json",
            Metadata=mark.metadata(),
        )

    def _copy_lines(self, content: IO[bytes], *, count: int, **wanted: str) -> None:
        """Copy the first lines of an object, one a row; another attempt's may differ in length."""
        answer = or_none(self._client.get_object, **wanted) if count else None
        if answer is None:
            return
        with answer["Body"] as body:
            copyfileobj(body, content)
        content.seek(0)
        for _ in range(count):
            content.readline()
        content.truncate()

    def _put_over(self, etag: str | None, **wanted: Any) -> None:
        """Put an object unless it was changed since ``etag`` was read.

        Otherwise S3 answers ``PreconditionFailed``, and the queue delivers the message again.
        """
        unchanged: Any = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        self._client.put_object(**wanted, **unchanged)


@dataclass(frozen=True, slots=True)
class _Mark:
    """Which version of a drop a receipt or summary is about, and up to which row."""

    version: str
    made_at: datetime
    row: int

    def metadata(self) -> dict[str, str]:
        return {
            "drop-version": self.version,
            "drop-made-at": self.made_at.isoformat(),
            "drop-row": str(self.row),
        }

    def is_behind(self, there: Mapping[str, str]) -> bool:
        """Return whether the object there is about a newer version, or more rows of this one."""
        if "drop-version" not in there:
            return False  # not written by Ringback
        if there["drop-version"] == self.version:
            return int(there["drop-row"]) > self.row
        theirs = datetime.fromisoformat(there["drop-made-at"]), there["drop-version"]
        return theirs > (self.made_at, self.version)
