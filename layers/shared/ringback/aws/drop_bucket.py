"""The drop bucket: what clients upload, and the answers to it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from email.errors import MessageError
from email.header import decode_header, make_header
from functools import cached_property
from itertools import islice
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self

from botocore.exceptions import ClientError

from ringback.aws.clients import s3_client
from ringback.aws.receipts import Receipts
from ringback.aws.reports import Reports
from ringback.aws.s3 import or_none
from ringback.domain.drops import (
    Drop,
    DropFacts,
    DroppedObject,
    Progress,
    Settled,
    bucket_and_key,
)
from ringback.domain.errors import InputImageRefused, RingbackError, SheetRefused
from ringback.domain.images import HEAD_BYTES

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_s3.type_defs import GetObjectOutputTypeDef

_CUSTOMER_KEY: Final = (
    "is encrypted with a customer-provided key (SSE-C); upload it again without one"
)
_ACCESS_DENIED: Final = (
    "cannot be read (access denied); check that it is encrypted with the bucket's own key"
)
# Objects that exist and cannot be read: what their owner can do, by the code of S3's error. The
# answer to a HEAD has no body, so its code is only the HTTP status.
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
    """``connect`` makes the S3 client on first use: most requests and jobs need none."""

    def __init__(self, client: Callable[[], "S3Client"], bucket: str) -> None:
        self._new_client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client, bucket)

    @cached_property
    def _client(self) -> "S3Client":
        return self._new_client()

    @cached_property
    def _receipts(self) -> Receipts:
        return Receipts(self._client)

    @cached_property
    def _reports(self) -> Reports:
        return Reports(self._client)

    def describe(self, drop: Drop) -> DropFacts | None:
        with _unreadable("the file", SheetRefused):
            head = or_none(
                self._client.head_object,
                Bucket=drop.bucket,
                Key=drop.key,
                VersionId=drop.version,
            )
        if head is None:
            return None
        return DropFacts(
            made_at=head["LastModified"],
            size=head["ContentLength"],
            metadata={name: _decoded(value) for name, value in head["Metadata"].items()},
        )

    def read(self, drop: Drop, *, most: int) -> bytes:
        parts = self._parts(drop, f"bytes=0-{most - 1}")
        return b"".join(islice(parts, -(-most // READ_SIZE)))[:most]

    def newest(self, key: str, *, most: int) -> bytes | None:
        with _unreadable(key, SheetRefused):
            answer = or_none(self._client.get_object, Bucket=self._bucket, Key=key)
        if answer is None:
            return None
        with answer["Body"] as body:
            return body.read(most)

    def parts(self, drop: Drop, *, start: int) -> Iterator[bytes]:
        yield from self._parts(drop, f"bytes={start}-", skip=start)

    def _parts(self, drop: Drop, wanted: str, *, skip: int = 0) -> Iterator[bytes]:
        """Yield a range of the file; ``skip`` is its start if the server sends all of it."""
        try:
            answer = self._open(drop, Range=wanted)
        except ClientError as error:
            if error.response["Error"]["Code"] == "InvalidRange":  # the end of the file
                return
            raise
        with answer["Body"] as body:
            # RFC 9110 allows a server to ignore Range and send the whole object.
            if "ContentRange" not in answer:
                body.read(skip)
            yield from iter(lambda: body.read(READ_SIZE), b"")

    def inspect(self, key: str, *, version: str | None = None) -> DroppedObject | None:
        """Get the first ``HEAD_BYTES`` bytes; the answer has the size and the version as well."""
        wanted = {"VersionId": version} if version else {}
        try:
            with _unreadable("the image", InputImageRefused):
                answer = or_none(
                    self._client.get_object,
                    Bucket=self._bucket,
                    Key=key,
                    Range=f"bytes=0-{HEAD_BYTES - 1}",
                    **wanted,
                )
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

    def copy(self, key: str, version: str, *, into: BinaryIO) -> None:
        with _unreadable("the image", InputImageRefused):
            answer = or_none(
                self._client.get_object, Bucket=self._bucket, Key=key, VersionId=version
            )
        if answer is None:
            raise InputImageRefused("the object does not exist")
        with answer["Body"] as body:
            copyfileobj(body, into, READ_SIZE)

    def _open(self, drop: Drop, **wanted: str) -> "GetObjectOutputTypeDef":
        with _unreadable("the file", SheetRefused):
            return self._client.get_object(
                Bucket=drop.bucket,
                Key=drop.key,
                VersionId=drop.version,
                **wanted,  # type: ignore[arg-type]
            )

    def link(self, url: str, version: str, lifetime: timedelta) -> str:
        """Return a presigned link. It expires earlier if the credentials that signed it do."""
        bucket, key = bucket_and_key(url)
        wanted = {"Bucket": bucket, "Key": key, "VersionId": version}
        seconds = int(lifetime.total_seconds())
        return self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)

    def put_receipts(self, drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        self._receipts.put(drop, lines, seen=seen, to=to)

    def receipts(self, drop: Drop, *, after: int = 0) -> Iterator[dict[str, Any]]:
        return self._receipts.read(drop, after=after)

    def settled(self, drop: Drop) -> Settled:
        return self._reports.settled(drop)

    def put_table(self, drop: Drop, content: Iterable[bytes], **state: Any) -> None:
        self._reports.put_table(drop, content, **state)

    def put_summary(
        self,
        drop: Drop,
        summary: Mapping[str, Any],
        results: Iterable[bytes] | None,
        **state: Any,
    ) -> None:
        self._reports.put_summary(drop, summary, results, **state)


@contextmanager
def _unreadable(what: str, refused: type[RingbackError]) -> Iterator[None]:
    try:
        yield
    except ClientError as error:
        words = UNREADABLE.get(error.response["Error"]["Code"])
        if words is None:
            raise
        raise refused(f"{what} {words}") from error


def _decoded(value: str) -> str:
    """Decode metadata that is not ASCII (RFC 2047); leave alone what only looks encoded."""
    try:
        return str(make_header(decode_header(value)))
    except (MessageError, LookupError, ValueError):
        return value
