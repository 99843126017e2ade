"""The files of a job in the images bucket, as its timeline reads them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from botocore.exceptions import ClientError

from ringback.aws.clients import s3_client
from ringback.aws.image_bucket import NOT_THERE
from ringback.aws.image_keys import key_of
from ringback.domain.jobs import JobId
from ringback.json_bodies import NotJson, parse_json

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# A record has the request and the input, which are bounded, twice.
MAX_RECORD: Final = 4 * 1024 * 1024
# Without permission to list the bucket, this is what S3 says of a missing key.
_MISSING: Final = NOT_THERE | {"NoSuchKey", "AccessDenied"}


class JobFiles:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client(), bucket)

    def stored_at(self, keys: Sequence[str]) -> Mapping[str, datetime]:
        found = {key: self._stored_at(key) for key in keys}
        return {key: at for key, at in found.items() if at}

    def _stored_at(self, key: str) -> datetime | None:
        try:
            head = self._client.head_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            _raise_unless_missing(error)
            return None
        return head["LastModified"].astimezone(UTC)

    def record(self, job_id: JobId) -> Mapping[str, Any]:
        try:
            answer = self._client.get_object(Bucket=self._bucket, Key=key_of(job_id, "job.json"))
        except ClientError as error:
            _raise_unless_missing(error)
            return {}
        with answer["Body"] as body:
            text = body.read(MAX_RECORD)
        with suppress(NotJson):
            record = parse_json(text).value
            if isinstance(record, dict):
                return record
        return {}


def _raise_unless_missing(error: ClientError) -> None:
    if error.response["Error"]["Code"] not in _MISSING:
        raise error
