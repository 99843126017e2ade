"""Receipts for programs: JSON Lines in the drop bucket."""

from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from shutil import copyfileobj
from tempfile import TemporaryFile
from typing import IO, TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from ringback.aws.s3 import NOT_FOUND_CODES, or_none
from ringback.domain.drops import Drop, Progress
from ringback.json_bodies import NotJson, parse_json

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

READ_SIZE: Final = 64 * 1024
PAGE_BYTES: Final = 1024 * 1024
# Also past the end of an object, and what is answered to whoever may not list the bucket.
NOT_THERE: Final = NOT_FOUND_CODES | {"403", "AccessDenied", "InvalidRange"}
# Names of the object's metadata.
VERSION: Final = "drop-version"
_DIGEST: Final = "drop-digest"


class Receipts:
    """Replaces whole objects, for S3 cannot append, and only if they are unchanged since read."""

    def __init__(self, client: "S3Client") -> None:
        self._client = client

    def put(self, drop: Drop, lines: bytes, *, seen: Progress, to: Progress) -> None:
        """Keep the lines of the rows before ``seen``, and replace all others with ``lines``."""
        key, mark = drop.receipt_key, Mark(drop.version, to.made_at, to.row)
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

    def read(self, drop: Drop, *, after: int = 0) -> Iterator[dict[str, Any]]:
        answer = or_none(self._client.get_object, Bucket=drop.bucket, Key=drop.receipt_key)
        if answer is None:
            return
        with closing(answer["Body"]) as body:
            if answer["Metadata"].get(VERSION) == drop.version:
                yield from map(_receipt, islice(body.iter_lines(READ_SIZE), after, None))

    def bad(self, drop: Drop, *, start: int, most: int) -> tuple[list[dict[str, Any]], int | None]:
        """Return the receipts of bad rows from a byte on, and the byte to read on from, if any.

        At most ``PAGE_BYTES`` are read, and ``most`` receipts returned.
        """
        end = start + PAGE_BYTES
        wanted = f"bytes={start}-{end - 1}"
        answer = part_of(self._client, drop.receipt_key, drop, wanted)
        if answer is None:
            return [], None
        with closing(answer["Body"]) as body:
            content = body.read(PAGE_BYTES)
        size = int(answer["ContentRange"].rpartition("/")[2])
        lines = content.splitlines(keepends=True)
        if end < size and len(lines) > 1:
            lines.pop()  # it may be cut
        found, at = list[dict[str, Any]](), start
        for line in lines:
            at += len(line)
            receipt = _receipt(line)
            if "errors" in receipt:
                found.append(receipt)
                if len(found) == most:
                    break
        return found, at if at < size else None

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
        put_over(self._client, etag, **wanted)


def part_of(client: "S3Client", key: str, drop: Drop, wanted: str) -> Any:
    """Return a range of an object that is about this version of the drop, ``None`` if none is.

    A function that may not list the bucket is answered 403 for a missing object.
    """
    try:
        answer = client.get_object(Bucket=drop.bucket, Key=key, Range=wanted)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_THERE:
            return None
        raise
    return answer if answer["Metadata"].get(VERSION) == drop.version else None


def put_over(client: "S3Client", etag: str | None, **wanted: Any) -> None:
    """Put an object unless it was changed since ``etag`` was read.

    Otherwise S3 answers ``PreconditionFailed``, and the queue delivers the message again.
    """
    unchanged: Any = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
    client.put_object(**wanted, **unchanged)


def _receipt(line: bytes) -> dict[str, Any]:
    """Read a line; empty if it is none of ours, for the file's owner may have replaced them."""
    with suppress(NotJson):
        receipt = parse_json(line).value
        if isinstance(receipt, dict):
            return receipt
    return {}


@dataclass(frozen=True, slots=True)
class Mark:
    """Which version of a drop an object is about, up to which row, and what it says."""

    version: str
    made_at: datetime
    row: int
    digest: str = ""

    def metadata(self) -> dict[str, str]:
        return {
            VERSION: self.version,
            "drop-made-at": self.made_at.isoformat(),
            "drop-row": str(self.row),
            **({_DIGEST: self.digest} if self.digest else {}),
        }

    def is_on(self, there: Mapping[str, str]) -> bool:
        """Return whether the object there says the same of the same version."""
        return (there.get(VERSION), there.get(_DIGEST)) == (self.version, self.digest)

    def is_behind(self, there: Mapping[str, str]) -> bool:
        """Return whether the object there is about a newer version, or more rows of this one."""
        if VERSION not in there:
            return False  # not written by Ringback
        if there[VERSION] == self.version:
            return int(there["drop-row"]) > self.row
        theirs = datetime.fromisoformat(there["drop-made-at"]), there[VERSION]
        return theirs > (self.made_at, self.version)
