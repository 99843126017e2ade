"""The images bucket."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http import HTTPStatus
from shutil import copyfileobj
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Self
from urllib.parse import quote

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError

from ringback.aws.s3 import s3_client
from ringback.domain.drops import S3
from ringback.domain.errors import TransferInterrupted
from ringback.domain.images import THUMBNAIL_FORMAT, ImageFacts, ImageFormat, StoredObject
from ringback.domain.jobs import JobId

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KIND_TAG: Final = "ringback-kind"
TRANSIENT_CODES: Final = frozenset({"ConditionalRequestConflict", "RequestTimeout"})
# Without permission to list the bucket, S3 answers 403 for a missing key. A HEAD has no other code.
NOT_THERE: Final = frozenset({"403", "404"})
READ_SIZE: Final = 256 * 1024


@contextmanager
def _transient_errors() -> Iterator[None]:
    """Raise ``TransferInterrupted`` for transient errors, such as two PUTs of a key at once."""
    try:
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

    Lifecycle rules select by this tag: ``image``, ``thumbnail`` or ``record``.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client(), bucket)

    @_transient_errors()
    def put_image(
        self, job_id: JobId, number: int, content: BinaryIO, facts: ImageFacts
    ) -> StoredObject:
        """Store the image; S3 verifies the bytes against the checksum."""
        key = _key(job_id, f"{number}.{facts.extension}")
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentLength=facts.bytes,
                ContentType=facts.content_type,
                ChecksumSHA256=_base64(bytes.fromhex(facts.sha256)),
                IfNoneMatch="*",
                Metadata=_metadata(job_id, facts),
                Tagging=f"{KIND_TAG}=image",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise
            return self._earlier(key)
        return StoredObject(key=key, facts=facts)

    @_transient_errors()
    def find_image(self, job_id: JobId, number: int) -> StoredObject | None:
        for each in ImageFormat:
            try:
                return self._earlier(_key(job_id, f"{number}.{each.extension}"))
            except ClientError as error:
                if error.response["Error"]["Code"] not in NOT_THERE:
                    raise
        return None

    def _earlier(self, key: str) -> StoredObject:
        """Return the image that an earlier call stored and could not record."""
        head = self._client.head_object(Bucket=self._bucket, Key=key)
        metadata = head["Metadata"]
        facts = ImageFacts(
            content_type=head["ContentType"],
            extension=key.rpartition(".")[2],
            width=int(metadata["width"]),
            height=int(metadata["height"]),
            bytes=head["ContentLength"],
            sha256=metadata["sha256"],
        )
        return StoredObject(key=key, facts=facts)

    def put_thumbnail(self, job_id: JobId, number: int, content: bytes) -> str:
        name = f"{number}.thumbnail.{THUMBNAIL_FORMAT.extension}"
        return self._put(job_id, name, content, THUMBNAIL_FORMAT.content_type, "thumbnail")

    def put_record(self, job_id: JobId, record: dict[str, Any]) -> None:
        body = json.dumps(record, ensure_ascii=False, indent=2).encode()
        self._put(job_id, "job.json", body, "application/json", "record")

    def _put(self, job_id: JobId, name: str, body: bytes, content_type: str, kind: str) -> str:
        key = _key(job_id, name)
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

    def read_image(self, key: str, into: BinaryIO) -> None:
        answer = self._client.get_object(Bucket=self._bucket, Key=key)
        with answer["Body"] as body:
            copyfileobj(body, into, READ_SIZE)
        into.seek(0)

    def link(self, key: str, *, seconds: int) -> str:
        """Return a presigned link. It expires earlier if the credentials that signed it do."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )


def image_links(bucket: str, key: str) -> dict[str, str]:
    """Return an image's s3 URL, and its page in the AWS console."""
    console = f"https://s3.console.aws.amazon.com/s3/object/{bucket}?prefix={quote(key)}"
    return {"s3": f"{S3}{bucket}/{key}", "console": console}


def _key(job_id: JobId, name: str) -> str:
    return f"images/{job_id}/{name}"


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()


def _metadata(job_id: JobId, facts: ImageFacts) -> dict[str, str]:
    return {
        "job-id": job_id,
        "sha256": facts.sha256,
        "width": str(facts.width),
        "height": str(facts.height),
    }
