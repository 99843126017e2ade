"""The owner's bucket."""

import json
from base64 import b64encode
from hashlib import sha256
from typing import TYPE_CHECKING, Any, BinaryIO, Self

import boto3
from botocore.config import Config

from ringback.domain.images import ImageFacts
from ringback.domain.jobs import JobId

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class ImageBucket:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        # Else links go to S3's global address, which redirects new buckets of most regions, and a
        # redirected signature is a wrong one.
        style = Config(
            signature_version="s3v4",
            s3={
                "addressing_style": "virtual",
                # Signed is the checksum's header; to sign the bytes too is to hash them twice.
                "payload_signing_enabled": False,
            },
        )
        return cls(boto3.client("s3", config=style), bucket)

    def put_image(self, job_id: JobId, number: int, content: BinaryIO, facts: ImageFacts) -> str:
        """Store the image; S3 itself checks the bytes that arrive against the checksum."""
        key = f"images/{job_id}/{number}.{facts.extension}"
        self._client.put_object(
            Bucket=self._bucket,
            Key=key,
            Body=content,
            ContentLength=facts.bytes,
            ContentType=facts.content_type,
            ChecksumSHA256=b64encode(bytes.fromhex(facts.sha256)).decode(),
            Metadata={"job-id": job_id},
        )
        return key

    def put_record(self, job_id: JobId, record: dict[str, Any]) -> None:
        body = json.dumps(record, ensure_ascii=False, indent=2).encode()
        self._client.put_object(
            Bucket=self._bucket,
            Key=f"images/{job_id}/job.json",
            Body=body,
            ContentType="application/json",
            ChecksumSHA256=b64encode(sha256(body).digest()).decode(),
            Metadata={"job-id": job_id},
        )

    def link(self, key: str, *, seconds: int) -> str:
        """Return a presigned link. It dies earlier if the credentials that signed it do."""
        return self._client.generate_presigned_url(
            "get_object", Params={"Bucket": self._bucket, "Key": key}, ExpiresIn=seconds
        )
