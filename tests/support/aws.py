"""AWS simulated by moto, with the table, queues, buckets and secrets of template.yaml."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws

from tests.support.template import resources

REGION: Final = "eu-west-1"
CALLBACK_KEY = "unit-test-callback-secret-of-44-characters-x"
HMAC_KEY = "unit-test-webhook-key"
CALLBACK_BASE_URL = "https://callbacks.example"


@dataclass(frozen=True)
class Cloud:
    table: str
    bucket: str
    drop_bucket: str
    submit_queue: str
    check_queue: str
    archive_queue: str
    thumbnail_queue: str
    drop_queue: str
    summary_queue: str
    callback_secret: str
    kie_secret: str
    chanjing_secret: str
    client_keys_secret: str

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """Receive up to ten messages of a queue; moto counts delays in real time."""
        sqs = boto3.client("sqs")
        received = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
        return [json.loads(message["Body"]) for message in received.get("Messages", [])]

    def put_secret(self, arn: str, value: dict[str, Any]) -> None:
        boto3.client("secretsmanager").put_secret_value(
            SecretId=arn, SecretString=json.dumps(value)
        )

    @property
    def environment(self) -> dict[str, str]:
        """Return the settings of all functions; template.yaml maps them to functions."""
        return {
            "JOBS_TABLE": self.table,
            "IMAGES_BUCKET": self.bucket,
            "SUBMIT_QUEUE_URL": self.submit_queue,
            "CHECK_QUEUE_URL": self.check_queue,
            "ARCHIVE_QUEUE_URL": self.archive_queue,
            "THUMBNAIL_QUEUE_URL": self.thumbnail_queue,
            "CALLBACK_SECRET_ARN": self.callback_secret,
            "KIE_SECRET_ARN": self.kie_secret,
            "CLIENT_KEYS_SECRET_ARN": self.client_keys_secret,
            "CALLBACK_BASE_URL": CALLBACK_BASE_URL,
            "KIE_BASE_URL": "http://127.0.0.1:9",
            "KIE_CREATES_PER_WINDOW": "20",
            "KIE_WINDOW_SECONDS": "10",
            "KIE_DEADLINE_SECONDS": "900",
            "PASS_THROUGH": "false",
            "CHANJING_BASE_URL": "http://127.0.0.1:9",
            "CHANJING_SECRET_ARN": self.chanjing_secret,
            "CHANJING_CREATES_PER_WINDOW": "20",
            "CHANJING_WINDOW_SECONDS": "10",
            "CHANJING_DEADLINE_SECONDS": "1800",
            "DROP_BUCKET": self.drop_bucket,
            "DROP_CLIENT": "drop",
            "DROP_QUEUE_URL": self.drop_queue,
            "SUMMARY_QUEUE_URL": self.summary_queue,
            "JOB_RETENTION_DAYS": "365",
            "ARCHIVE_RETRY_SECONDS": "5,15",
            "LARGEST_IMAGE_BYTES": "67108864",
            "PLAIN_HTTP_HOSTS": "",
            "LINK_LIFETIME_SECONDS": "3600",
        }


def create_table() -> str:
    (described,) = resources("AWS::DynamoDB::Table").values()
    needed = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    boto3.client("dynamodb").create_table(
        TableName="jobs", **{name: described[name] for name in needed}
    )
    return "jobs"


@contextmanager
def a_cloud(monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    for name, value in {
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": "/dev/null",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    # A new boto3 session would read AWS's service descriptions again for each test.
    with mock_aws(config={"core": {"reset_boto3_session": False}}):
        sqs, secrets = boto3.client("sqs"), boto3.client("secretsmanager")
        s3 = boto3.client("s3")
        for name in ("ringback-images", "ringback-drops"):
            s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
            s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})

        def queue(name: str) -> str:
            return sqs.create_queue(QueueName=name)["QueueUrl"]

        def secret(name: str, value: dict[str, Any]) -> str:
            return secrets.create_secret(Name=name, SecretString=json.dumps(value))["ARN"]

        yield Cloud(
            table=create_table(),
            bucket="ringback-images",
            drop_bucket="ringback-drops",
            submit_queue=queue("submit"),
            check_queue=queue("check"),
            archive_queue=queue("archive"),
            thumbnail_queue=queue("thumbnail"),
            drop_queue=queue("drop"),
            summary_queue=queue("summary"),
            callback_secret=secret("callback", {"current": CALLBACK_KEY}),
            kie_secret=secret("kie", {"api_key": "kie-key", "webhook_hmac_keys": [HMAC_KEY]}),
            chanjing_secret=secret(
                "chanjing", {"app_id": "app-1", "secret_key": "chanjing-secret-key"}
            ),
            client_keys_secret=secret("clients", {}),
        )
