"""The drop bucket: reads what clients upload, writes receipts and summaries."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.header import decode_header, make_header
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import ClientError

from ringback.aws.s3 import s3_client
from ringback.domain.drops import (
    MAX_LINE_BYTES,
    Drop,
    DropFacts,
    DroppedObject,
    Progress,
    bucket_and_key,
)
from ringback.domain.errors import InputImageRefused, RingbackError, SheetRefused
from ringback.domain.images import HEAD_BYTES

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef, HeadObjectOutputTypeDef

# The answer to a HEAD has no body, so the code of its error is only the HTTP status.
GONE: Final = frozenset(
    {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "KeyTooLongError", "404", "405"}
)
_CUSTOMER_KEY: Final = (
    "is encrypted with a customer-provided key (SSE-C); upload it again without one"
)
_ACCESS_DENIED: Final = (
    "cannot be read (access denied); check that it is encrypted with the bucket's own key"
)
# Objects that exist and cannot be read: what their owner can do, by the code of S3's error.
UNREADABLE: Final[Mapping[str, str]] = {
    "InvalidObjectState": "is archived; restore it first",
    "InvalidRequest": _CUSTOMER_KEY,
    "400": _CUSTOMER_KEY,
    "AccessDenied": _ACCESS_DENIED,
    "403": _ACCESS_DENIED,
    "KMS.DisabledException": "is encrypted with a KMS key that is disabled",
    "KMS.NotFoundException": "is encrypted with a KMS key that no longer exists",
}
READ_SIZE: Final = 64 * 1024


class DropBucket:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client(), bucket)

    def describe(self, drop: Drop) -> DropFacts | None:
        with _unreadable("the file", SheetRefused):
            head = self._head(Bucket=drop.bucket, Key=drop.key, VersionId=drop.version)
        if head is None:
            return None
        return DropFacts(
            made_at=head["LastModified"],
            size=head["ContentLength"],
            metadata={name: _decoded(value) for name, value in head["Metadata"].items()},
        )

    def read(self, drop: Drop, *, most: int) -> bytes:
        with self._open(drop)["Body"] as body:
            return body.read(most)

    def newest(self, key: str, *, most: int) -> bytes | None:
        with _unreadable(key, SheetRefused):
            answer = self._get(key)
        if answer is None:
            return None
        with answer["Body"] as body:
            return body.read(most)

    def lines(self, drop: Drop, *, start: int) -> Iterator[bytes]:
        try:
            answer = self._open(drop, Range=f"bytes={start}-")
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":  # the end of the file
                return
            raise
        with answer["Body"] as body:
            if "ContentRange" not in answer:
                body.read(start)
            yield from in_lines(iter(lambda: body.read(READ_SIZE), b""))

    def look(self, key: str, *, version: str | None = None) -> DroppedObject | None:
        """Get the first ``HEAD_BYTES`` bytes; the answer has the size and the version as well."""
        wanted = {"VersionId": version} if version else {}
        try:
            with _unreadable("the image", InputImageRefused):
                answer = self._get(key, Range=f"bytes=0-{HEAD_BYTES - 1}", **wanted)
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":
                # An empty object has no first byte.
                return DroppedObject(version="", head=b"", size=0)
            raise
        if answer is None:
            return None
        with answer["Body"] as body:
            head = body.read(HEAD_BYTES)
        # RFC 9110 allows a server to ignore Range and send the whole object.
        content_range = answer.get("ContentRange")
        size = int(content_range.rpartition("/")[2]) if content_range else answer["ContentLength"]
        return DroppedObject(version=version or answer["VersionId"], head=head, size=size)

    def _open(self, drop: Drop, **wanted: str) -> "GetObjectOutputTypeDef":
        with _unreadable("the file", SheetRefused):
            return self._client.get_object(
                Bucket=drop.bucket,
                Key=drop.key,
                VersionId=drop.version,
                **wanted,  # type: ignore[arg-type]
            )

    def _head(self, **wanted: str) -> "HeadObjectOutputTypeDef | None":
        try:
            return self._client.head_object(**wanted)  # type: ignore[arg-type]
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise

    def _get(self, key: str, **wanted: str) -> "GetObjectOutputTypeDef | None":
        try:
            return self._client.get_object(Bucket=self._bucket, Key=key, **wanted)  # type: ignore[arg-type]
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise

    def link(self, url: str, version: str, *, seconds: int) -> str:
        """Return a presigned link. It expires earlier if the credentials that signed it do."""
        bucket, key = bucket_and_key(url)
        wanted = {"Bucket": bucket, "Key": key, "VersionId": version}
        return self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)

    def put_receipts(self, drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        """Replace the whole object, for S3 cannot append, if it is unchanged since it was read."""
        key, place = drop.receipt_key, _Place(drop.version, to.made_at, to.row)
        there = self._head(Bucket=drop.bucket, Key=key)
        if there and place.is_behind(there["Metadata"]):
            return
        with TemporaryFile() as content:
            if seen.row > 1 and (earlier := self._get(key)):
                with earlier["Body"] as body:
                    copyfileobj(body, content, READ_SIZE)
                # One line a row; those of another attempt may be longer or shorter.
                content.seek(0)
                for _ in range(1, seen.row):
                    content.readline()
                content.truncate()
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
                Metadata=place.metadata(),
            )

    def put_summary(self, drop: Drop, summary: Mapping[str, Any], *, made_at: datetime) -> None:
        key, place = drop.summary_key, _Place(drop.version, made_at, 0)
        there = self._head(Bucket=drop.bucket, Key=key)
        if there and place.is_behind(there["Metadata"]):
            return
        self._put_over(
            there["ETag"] if there else None,
            Bucket=drop.bucket,
            Key=key,
            Body=json.dumps(summary, ensure_ascii=False, indent=1).encode("utf-8", "replace"),
            ContentType="application/json",
            Metadata=place.metadata(),
        )

    def _put_over(self, etag: str | None, **wanted: Any) -> None:
        """Put an object unless it was changed since ``etag`` was read.

        Otherwise S3 answers ``PreconditionFailed``, and the queue delivers the message again.
        """
        seen: Any = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        self._client.put_object(**wanted, **seen)


@dataclass(frozen=True, slots=True)
class _Place:
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
        """Check whether the object there is about a newer version, or more rows of this one."""
        if "drop-version" not in there:
            return False  # not written by Ringback
        if there["drop-version"] == self.version:
            return int(there["drop-row"]) > self.row
        theirs = datetime.fromisoformat(there["drop-made-at"]), there["drop-version"]
        return theirs > (self.made_at, self.version)


@contextmanager
def _unreadable(what: str, refused: type[RingbackError]) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        words = UNREADABLE.get(error.response["Error"]["Code"])
        if words is None:
            raise
        raise refused(f"{what} {words}") from error


def in_lines(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Split a stream after each line feed, and after ``MAX_LINE_BYTES`` where there is none.

    A piece may be longer by one part of the stream.
    """
    rest = b""
    for part in parts:
        *lines, rest = (rest + part).split(b"\n")
        yield from (line + b"\n" for line in lines)
        if len(rest) >= MAX_LINE_BYTES:
            yield rest
            rest = b""
    if rest:
        yield rest


def _decoded(value: str) -> str:
    """Decode metadata that is not ASCII (RFC 2047); leave alone what only looks encoded."""
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):
        return value
