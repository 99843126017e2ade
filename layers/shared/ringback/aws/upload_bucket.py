"""Uploads in the drop bucket, and the forms that put them there.

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html
"""

from base64 import b64encode
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Self

from ringback.aws.clients import s3_client
from ringback.aws.s3 import or_none
from ringback.domain.drops import S3
from ringback.domain.uploads import Form, StoredUpload, Upload

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


class UploadBucket:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client(), bucket)

    def url_of(self, upload: Upload) -> str:
        return f"{S3}{self._bucket}/{upload.key}"

    def stored(self, upload: Upload) -> StoredUpload | None:
        head = or_none(self._client.head_object, Bucket=self._bucket, Key=upload.key)
        if head is None:
            return None
        return StoredUpload(
            size=head["ContentLength"],
            content_type=head["ContentType"],
            made_at=head["LastModified"],
        )

    def form(self, upload: Upload, *, lifetime: timedelta) -> Form:
        """Sign a form. It expires earlier if the credentials that signed it do.

        botocore adds conditions on bucket and key. S3 refuses a form that has fields without a
        condition, and a file that has another checksum than the field.
        """
        fields = {
            "Content-Type": upload.content_type,
            "x-amz-checksum-algorithm": "SHA256",
            "x-amz-checksum-sha256": b64encode(bytes.fromhex(upload.sha256)).decode(),
            # Without a body; browsers show the bodies of others.
            "success_action_status": "204",
        }
        conditions: list[Any] = [{name: value} for name, value in fields.items()]
        conditions.append(["content-length-range", upload.size, upload.size])
        signed = self._client.generate_presigned_post(
            Bucket=self._bucket,
            Key=upload.key,
            Fields=fields,
            Conditions=conditions,
            ExpiresIn=int(lifetime.total_seconds()),
        )
        return Form(signed["url"], signed["fields"])
