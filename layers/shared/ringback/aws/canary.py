"""The canary's picture in the images bucket, and the queue of its events."""

from base64 import b64encode
from typing import TYPE_CHECKING, Final, Self

from botocore.exceptions import BotoCoreError, ClientError

from ringback.aws.clients import s3_client, sqs_client
from ringback.domain.canary import PICTURE, PICTURE_SHA256
from ringback.domain.errors import ProviderUnavailable
from ringback.domain.jobs import JobId
from ringback.json_bodies import NotJson, parse_json

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client
    from types_boto3_sqs import SQSClient

KEY: Final = "canary/picture.png"
# Longer than an image is tried to be copied while a run lasts.
LINK_SECONDS: Final = 900
# Shorter than the time that a call may take (aws/clients.py).
WAIT_SECONDS: Final = 2
# Of a conditional write: there is an object, or another one is being written.
STORED: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})


class CanaryPictureStore:
    def __init__(self, client: "S3Client", bucket: str) -> None:
        self._client, self._bucket = client, bucket

    @classmethod
    def connect(cls, bucket: str) -> Self:
        return cls(s3_client(), bucket)

    def link(self) -> str:
        """Store the picture if it is missing, in one call, and return a link to it."""
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=KEY,
                Body=PICTURE,
                ContentType="image/png",
                ChecksumSHA256=b64encode(bytes.fromhex(PICTURE_SHA256)).decode(),
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] not in STORED:
                raise
        params = {"Bucket": self._bucket, "Key": KEY}
        return self._client.generate_presigned_url("get_object", params, LINK_SECONDS)


class CanaryEventQueue:
    """Events of the canary's jobs. Those of other runs stay, until the queue forgets them."""

    def __init__(self, client: "SQSClient", url: str) -> None:
        self._client, self._url = client, url

    @classmethod
    def connect(cls, url: str) -> Self:
        return cls(sqs_client(), url)

    def end_of(self, job_id: JobId) -> str:
        """Wait a moment. Raises ``ProviderUnavailable`` if the queue can't be read."""
        try:
            answer = self._client.receive_message(
                QueueUrl=self._url, MaxNumberOfMessages=10, WaitTimeSeconds=WAIT_SECONDS
            )
        except (ClientError, BotoCoreError) as error:
            raise ProviderUnavailable(type(error).__name__) from error
        states = [
            _end_in(message.get("Body", ""), job_id) for message in answer.get("Messages", [])
        ]
        return next(filter(None, states), "")


def _end_in(body: str, job_id: JobId) -> str:
    """Return the state that an event of EventBridge tells of the job, empty if of another one."""
    try:
        event = parse_json(body).value
        detail = event["detail"]
        return str(detail["data"]["status"]) if detail["subject"] == job_id else ""
    except (NotJson, TypeError, LookupError):
        return ""
