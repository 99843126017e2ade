"""The images bucket."""

import json
from base64 import b64encode
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from http import HTTPStatus
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self
from urllib.parse import quote

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from ringback.aws.clients import CALLS, CallLimits, s3_client
from ringback.aws.image_keys import key_of, quarantine_key, thumbnail_key
from ringback.aws.image_metadata import facts_of, to_metadata
from ringback.domain.drops import S3
from ringback.domain.errors import ImageRefused, NotConfigured, TransferInterrupted
from ringback.domain.images import (
    THUMBNAIL_FORMAT,
    ImageFacts,
    ImageFormat,
    Remains,
    StoredObject,
)
from ringback.domain.jobs import JobId

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KIND_TAG: Final = "ringback-kind"
TRANSIENT_CODES: Final = frozenset({"ConditionalRequestConflict", "RequestTimeout"})
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; those of KMS begin with it.
FORBIDDEN_CODES: Final = frozenset({"AccessDenied", "AllAccessDisabled"})
# The names of an image, in the order in which they are tried: an object that is not ours may lie
# under the first.
IMAGE_NAMES: Final = ("{number}.{extension}", "{number}.copy.{extension}")
# Without permission to list the bucket, S3 answers 403 for a missing key. A HEAD has no other code.
NOT_THERE: Final = frozenset({"403", "404"})
READ_SIZE: Final = 256 * 1024


@contextmanager
def _forbidden() -> Iterator[None]:
    """Raise ``NotConfigured`` for errors that the owner has to put right."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in FORBIDDEN_CODES or code.startswith("KMS."):
            raise NotConfigured(f"S3: {code}") from error
        raise


@contextmanager
def _known_errors() -> Iterator[None]:
    """Raise ``TransferInterrupted`` for transient errors too, such as two PUTs of a key at once."""
    try:
        with _forbidden():
            yield
    except (HTTPClientError, ConnectionError) as error:
        raise TransferInterrupted(f"S3: {type(error).__name__}") from error
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]
        passes = status["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR
        if not passes and code not in TRANSIENT_CODES:
            raise
        raise TransferInterrupted(f"S3: {code}") from error


class ImageBucket:
    """All files of a job are under ``images/{job_id}/``, tagged with their kind.

    Lifecycle rules select by this tag: ``image``, ``thumbnail``, ``record`` or, for all
    of these if the job is the canary's, ``canary``. What came instead of
    an image is under ``quarantine/{job_id}/``.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str, limits: CallLimits = CALLS) -> Self:
        return cls(s3_client(limits), bucket)

    @_known_errors()
    def put_image(
        self, job_id: JobId, number: int, content: BinaryIO, facts: ImageFacts
    ) -> StoredObject:
        """Store the image; S3 verifies the bytes against the checksum."""
        for key in _image_keys(job_id, number, facts.extension):
            content.seek(0)
            if self._put_image(job_id, key, content, facts):
                return StoredObject(key=key, facts=facts)
            if earlier := self._earlier(job_id, key):
                return earlier
        raise ImageRefused(f"S3: objects that are not ours are stored as image {number}")

    def _put_image(self, job_id: JobId, key: str, content: BinaryIO, facts: ImageFacts) -> bool:
        """Store the image unless there is an object; return whether it was stored."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentLength=facts.bytes,
                ContentType=facts.content_type,
                ChecksumSHA256=_base64(bytes.fromhex(facts.sha256)),
                IfNoneMatch="*",
                Metadata=to_metadata(job_id, facts),
                Tagging=f"{KIND_TAG}=image",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return False
        return True

    @_known_errors()
    def find_image(self, job_id: JobId, number: int) -> StoredObject | None:
        for each in ImageFormat:
            for key in _image_keys(job_id, number, each.extension):
                if earlier := self._earlier(job_id, key):
                    return earlier
        return None

    def _earlier(self, job_id: JobId, key: str) -> StoredObject | None:
        """Return the image that an earlier call stored and could not record, if there is one."""
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] not in NOT_THERE:
                raise
            return None
        facts = facts_of(job_id, key, head)
        return StoredObject(key=key, facts=facts) if facts else None

    def put_thumbnail(self, job_id: JobId, number: int, content: bytes) -> str:
        key = thumbnail_key(job_id, number)
        return self._put(job_id, key, content, THUMBNAIL_FORMAT.content_type, "thumbnail")

    def put_record(self, job_id: JobId, record: dict[str, Any]) -> str:
        body = json.dumps(record, ensure_ascii=False, indent=2).encode()
        return self._put(job_id, key_of(job_id, "job.json"), body, "application/json", "record")

    @_known_errors()
    def _put(self, job_id: JobId, key: str, body: bytes, content_type: str, kind: str) -> str:
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=body,
            ContentType=content_type,
            ChecksumSHA256=_base64(sha256(body).digest()),
            Metadata={"job-id": job_id},
            Tagging=f"{KIND_TAG}={kind}",
        )
        return key

    @_known_errors()
    def let_expire(self, keys: Iterable[str]) -> None:
        tags: Any = {"TagSet": [{"Key": KIND_TAG, "Value": "canary"}]}
        for key in keys:
            self._client.put_object_tagging(Bucket=self._bucket, Key=key, Tagging=tags)

    def read_image(self, key: str, into: BinaryIO) -> None:
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        into.seek(0)
        with answer["Body"] as body:
            copyfileobj(body, into, READ_SIZE)
        into.truncate()
        into.seek(0)

    @_known_errors()
    def read_object(self, key: str, into: BinaryIO) -> bool:
        try:
            self.read_image(key, into)
        except ClientError as error:
            # Without permission to list the bucket, this is what S3 says of a missing key.
            if error.response["Error"]["Code"] not in ("NoSuchKey", "AccessDenied"):
                raise
            return False
        return True

    # No transient error is caught: the message is delivered again, whatever its attempt.
    @_forbidden()
    def put_quarantined(
        self, job_id: JobId, number: int, content: BinaryIO, remains: Remains
    ) -> str:
        # The same bytes have the same key. Browsers neither show nor run what is stored like this.
        key = quarantine_key(job_id, f"{number}-{remains.sha256[:16]}")
        content.seek(0)
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=content,
            ContentLength=remains.bytes,
            ContentType="application/octet-stream",
            ContentDisposition="attachment",
            ChecksumSHA256=_base64(bytes.fromhex(remains.sha256)),
            Metadata={"job-id": job_id},
            Tagging=f"{KIND_TAG}=quarantined",
        )
        return key


def image_links(bucket: str, key: str) -> dict[str, str]:
    """Return an image's s3 URL, and its page in the AWS console."""
    console = f"https://s3.console.aws.amazon.com/s3/object/{bucket}?prefix={quote(key)}"
    return {"s3": f"{S3}{bucket}/{key}", "console": console}


def _image_keys(job_id: JobId, number: int, extension: str) -> list[str]:
    return [key_of(job_id, name.format(number=number, extension=extension)) for name in IMAGE_NAMES]


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()
