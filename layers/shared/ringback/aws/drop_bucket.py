"""The bucket that people drop requests and images into, and find their receipts in."""

import json
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import ClientError

from ringback.aws.s3 import s3_client
from ringback.domain.drops import Drop, DroppedObject, bucket_and_key

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

GONE: Final = frozenset({"NoSuchKey", "NoSuchVersion", "MethodNotAllowed"})
# S3 does not tell those who may not list a bucket what is not in it.
NOT_THERE: Final = GONE | {"AccessDenied"}
HEAD_BYTES: Final = 64


class DropBucket:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client(), bucket)

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

    def look(self, key: str) -> DroppedObject | None:
        """Ask for the first bytes: the answer tells the size and the version as well."""
        try:
            answer = self._client.get_object(
                Bucket=self._bucket, Key=key, Range=f"bytes=0-{HEAD_BYTES - 1}"
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "InvalidRange":  # of an empty object not even the first byte is there
                return DroppedObject(version="", head=b"", size=0)
            if code in NOT_THERE:
                return None
            raise
        with answer["Body"] as body:
            head = body.read()
        size = int(answer["ContentRange"].rpartition("/")[2])
        return DroppedObject(version=answer["VersionId"], head=head, size=size)

    def link(self, url: str, version: str, *, seconds: int) -> str:
        """Return a presigned link. It dies earlier if the credentials that signed it do."""
        bucket, key = bucket_and_key(url)
        wanted = {"Bucket": bucket, "Key": key, "VersionId": version}
        return self._client.generate_presigned_url("get_object", Params=wanted, ExpiresIn=seconds)

    def put_receipt(self, drop: Drop, receipt: dict[str, Any]) -> None:
        """Write ``receipts/<the drop's key>.jsonl``; nothing listens to that prefix."""
        self._client.put_object(
            Bucket=drop.bucket,
            Key=f"receipts/{drop.key}.jsonl",
            Body=(json.dumps(receipt, ensure_ascii=False) + "\n").encode(),
            ContentType="application/x-ndjson",
        )
