"""The bucket that people drop requests into, and find their receipts in."""

import json
from typing import TYPE_CHECKING, Any, Final, Self

import boto3
from botocore.exceptions import ClientError

from ringback.domain.drops import Drop

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

GONE: Final = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})


class DropBucket:
    def __init__(self, client: "S3Client") -> None:
        self._client = client

    @classmethod
    def connect(cls) -> Self:
        return cls(boto3.client("s3"))

    def read(self, drop: Drop, *, most: int) -> bytes | None:
        try:
            answer = self._client.get_object(
                Bucket=drop.bucket, Key=drop.key, VersionId=drop.version
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return None
            raise
        with answer["Body"] as body:
            return body.read(most)

    def put_receipt(self, drop: Drop, receipt: dict[str, Any]) -> None:
        """Write ``receipts/<the drop's key>.jsonl``; nothing listens to that prefix."""
        self._client.put_object(
            Bucket=drop.bucket,
            Key=f"receipts/{drop.key}.jsonl",
            Body=(json.dumps(receipt, ensure_ascii=False) + "\n").encode(),
            ContentType="application/x-ndjson",
        )
