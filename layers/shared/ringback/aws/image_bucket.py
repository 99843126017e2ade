"""The owner's bucket."""

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
from ringback.domain.errors import TransferInterrupted
from ringback.domain.images import THUMBNAIL_FORMAT, ImageFacts, ImageFormat, StoredObject
from ringback.domain.jobs import JobId

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

KIND_TAG: Final = "ringback-kind"
OF_THE_MOMENT: Final = frozenset({"ConditionalRequestConflict", "RequestTimeout"})
# Who may not list a bucket is told "forbidden" of what is not in it. A HEAD has no other words.
NOT_THERE: Final = frozenset({"403", "404"})
READ_SIZE: Final = 256 * 1024


@contextmanager
def _worth_another_try() -> Iterator[None]:
    """Tell trouble of the moment, such as a second PUT of the key at this time, from refusals."""
    try:
        yield
    except (HTTPClientError, ConnectionError) as error:
        raise TransferInterrupted(f"S3: {type(error).__name__}") from error
    except ClientError as error:
        code, status = error.response["Error"]["Code"], error.response["ResponseMetadata"]
        passes = status["HTTPStatusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR
        if not passes and code not in OF_THE_MOMENT:
            raise
        raise TransferInterrupted(f"S3: {code}") from error


class ImageBucket:
    """Everything of a job lies under ``images/{job_id}/`` and has a tag that tells its kind.

    Lifecycle rules choose by it: ``image``, ``thumbnail`` or ``record``.
    """

    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client(), bucket)

    @_worth_another_try()
    def put_image(
        self, job_id: JobId, number: int, content: BinaryIO, facts: ImageFacts
    ) -> StoredObject:
        """Store the image; S3 itself checks the bytes that arrive against the checksum."""
        key = f"images/{job_id}/{number}.{facts.extension}"
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

    @_worth_another_try()
    def find_image(self, job_id: JobId, number: int) -> StoredObject | None:
        for each in ImageFormat:
            try:
                return self._earlier(f"images/{job_id}/{number}.{each.extension}")
            except ClientError as error:
                if error.response["Error"]["Code"] not in NOT_THERE:
                    raise
        return None

    def _earlier(self, key: str) -> StoredObject:
        """Return what was put there by a call that did not live to note it."""
        head = self._client.head_object(Bucket=self._bucket, Key=key)
        noted = head["Metadata"]
        facts = ImageFacts(
            content_type=head["ContentType"],
            extension=key.rpartition(".")[2],
            width=int(noted["width"]),
            height=int(noted["height"]),
            bytes=head["ContentLength"],
            sha256=noted["sha256"],
        )
        return StoredObject(key=key, facts=facts)

    def put_thumbnail(self, job_id: JobId, number: int, content: bytes) -> str:
        name = f"{number}.thumbnail.{THUMBNAIL_FORMAT.extension}"
        return self._put(job_id, name, content, THUMBNAIL_FORMAT.content_type, "thumbnail")

    def put_record(self, job_id: JobId, record: dict[str, Any]) -> None:
        body = json.dumps(record, ensure_ascii=False, indent=2).encode()
        self._put(job_id, "job.json", body, "application/json", "record")

    def _put(self, job_id: JobId, name: str, body: bytes, content_type: str, kind: str) -> str:
        key = f"images/{job_id}/{name}"
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
        """Return a presigned link. It dies earlier if the credentials that signed it do."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )


def image_links(bucket: str, key: str) -> dict[str, str]:
    """Return where an image is, for programs and for whoever is signed in to the console."""
    console = f"https://s3.console.aws.amazon.com/s3/object/{bucket}?prefix={quote(key)}"
    return {"s3": f"s3://{bucket}/{key}", "console": console}


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()


def _metadata(job_id: JobId, facts: ImageFacts) -> dict[str, str]:
    return {
        "job-id": job_id,
        "sha256": facts.sha256,
        "width": str(facts.width),
        "height": str(facts.height),
    }
