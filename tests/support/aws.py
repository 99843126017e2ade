"""AWS simulated by moto, with the table, queues, buckets and secrets of template.yaml."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from typing import Any, Final

import boto3
import pytest
from moto import mock_aws
from ringback.domain.checks import DETAILS

from tests.support.template import resources

REGION: Final = "eu-west-1"
CALLBACK_KEY = "unit-test-callback-secret-of-44-characters-x"
HMAC_KEY = "unit-test-webhook-key"
WEBHOOK_SECRET: Final = "whsec_dGhlIHNlY3JldCBvZiBzdHVkaW8ncyB3ZWJob29rcw=="
KIE_SECRET: Final = {"api_key": "kie-key", "webhook_hmac_keys": [HMAC_KEY]}
CHANJING_SECRET: Final = {"app_id": "app-1", "secret_key": "chanjing-secret-key"}
CANARY_SECRET: Final = {"key": "unit-test-secret-of-the-canary-with-44-characters"}
CALLBACK_BASE_URL = "https://callbacks.example"


def with_details(body: str, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a message as its function reads it."""
    details = attributes.get(DETAILS, {"StringValue": "{}"})["StringValue"]
    return {**json.loads(body), **json.loads(details)}


class Cloud:
    """Each resource is made when it is first asked for: most tests need one or two of them."""

    table = cached_property(lambda _: create_table())
    bucket = cached_property(lambda _: a_bucket("ringback-images"))
    drop_bucket = cached_property(lambda _: a_bucket("ringback-drops"))
    submit_queue = cached_property(lambda _: a_queue("submit"))
    check_queue = cached_property(lambda _: a_queue("check"))
    archive_queue = cached_property(lambda _: a_queue("archive"))
    thumbnail_queue = cached_property(lambda _: a_queue("thumbnail"))
    delete_queue = cached_property(lambda _: a_queue("delete"))
    drop_queue = cached_property(lambda _: a_queue("drop"))
    summary_queue = cached_property(lambda _: a_queue("summary"))
    event_bus = cached_property(lambda _: a_bus("ringback"))
    callback_secret = cached_property(lambda _: a_secret("callback", {"current": CALLBACK_KEY}))
    kie_secret = cached_property(
        lambda _: a_secret("kie", {"api_key": "kie-key", "webhook_hmac_keys": [HMAC_KEY]})
    )
    chanjing_secret = cached_property(
        lambda _: a_secret("chanjing", {"app_id": "app-1", "secret_key": "chanjing-secret-key"})
    )
    notify_queue = cached_property(lambda _: a_queue("notify"))
    webhook_secret = cached_property(lambda _: a_secret("webhooks", {"studio": [WEBHOOK_SECRET]}))
    canary_secret = cached_property(lambda _: a_secret("canary", CANARY_SECRET))
    canary_queue = cached_property(lambda _: a_queue("canary"))
    canary_events = cached_property(lambda _: a_queue("canary-events"))
    client_keys_secret = cached_property(lambda _: a_secret("clients", {}))

    def messages(self, queue_url: str) -> list[dict[str, Any]]:
        """Receive up to ten messages of a queue, with details; moto counts delays in real time."""
        received = boto3.client("sqs").receive_message(
            QueueUrl=queue_url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            with_details(message["Body"], message.get("MessageAttributes", {}))
            for message in received.get("Messages", [])
        ]

    def put_secret(self, arn: str, value: dict[str, Any]) -> None:
        boto3.client("secretsmanager").put_secret_value(
            SecretId=arn, SecretString=json.dumps(value)
        )

    def setting(self, name: str) -> str:
        """Return a function's setting; template.yaml says which function has which."""
        resource = RESOURCES.get(name)
        return SETTINGS[name] if resource is None else str(getattr(self, resource))


RESOURCES: Final = {
    "JOBS_TABLE": "table",
    "IMAGES_BUCKET": "bucket",
    "SUBMIT_QUEUE_URL": "submit_queue",
    "CHECK_QUEUE_URL": "check_queue",
    "ARCHIVE_QUEUE_URL": "archive_queue",
    "THUMBNAIL_QUEUE_URL": "thumbnail_queue",
    "CALLBACK_SECRET_ARN": "callback_secret",
    "KIE_SECRET_ARN": "kie_secret",
    "CLIENT_KEYS_SECRET_ARN": "client_keys_secret",
    "CHANJING_SECRET_ARN": "chanjing_secret",
    "DELETE_QUEUE_URL": "delete_queue",
    "DROP_BUCKET": "drop_bucket",
    "DROP_QUEUE_URL": "drop_queue",
    "SUMMARY_QUEUE_URL": "summary_queue",
    "NOTIFY_QUEUE_URL": "notify_queue",
    "WEBHOOK_SECRET_ARN": "webhook_secret",
    "EVENT_BUS": "event_bus",
    "CANARY_SECRET_ARN": "canary_secret",
    "CANARY_QUEUE_URL": "canary_queue",
    "CANARY_EVENTS_URL": "canary_events",
}
SETTINGS: Final = {
    "CALLBACK_BASE_URL": CALLBACK_BASE_URL,
    "KIE_BASE_URL": "http://127.0.0.1:9",
    "KIE_CREATES_PER_WINDOW": "20",
    "KIE_WINDOW_SECONDS": "10",
    "KIE_DEADLINE_SECONDS": "900",
    "PASS_THROUGH": "false",
    "REQUIRE_IDEMPOTENCY_KEY": "false",
    "CLIENT_JOBS_PER_MINUTE": "0",
    "TELLS_EVENTS": "true",
    "UPLOAD_DAYS": "7",
    "CHANJING_BASE_URL": "http://127.0.0.1:9",
    "CHANJING_CREATES_PER_WINDOW": "20",
    "CHANJING_WINDOW_SECONDS": "10",
    "CHANJING_DEADLINE_SECONDS": "1800",
    "DROP_CLIENT": "drop",
    "JOB_RETENTION_DAYS": "365",
    "ARCHIVE_RETRY_SECONDS": "5,15",
    "LARGEST_IMAGE_BYTES": "67108864",
    "PLAIN_HTTP_HOSTS": "",
    "LINK_LIFETIME_SECONDS": "3600",
    "IMAGE_DAYS": "0",
    "EVENT_SOURCE": "/ringback/test",
    "JOBS_API_URL": "http://127.0.0.1:9",
    "IMAGES_BUCKET_URL": "https://images.s3.eu-west-1.amazonaws.com",
    "DROP_BUCKET_URL": "https://drops.s3.eu-west-1.amazonaws.com",
    "LIVE_API_URL": "https://w1x2y3z4a5.execute-api.eu-west-1.amazonaws.com/live",
}


def create_table() -> str:
    (described,) = resources("AWS::DynamoDB::Table").values()
    needed = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    boto3.client("dynamodb").create_table(
        TableName="jobs", **{name: described[name] for name in needed}
    )
    return "jobs"


def a_bucket(name: str) -> str:
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return name


def a_queue(name: str) -> str:
    url: str = boto3.client("sqs").create_queue(QueueName=name)["QueueUrl"]
    return url


def a_bus(name: str) -> str:
    boto3.client("events").create_event_bus(Name=name)
    return name


def a_secret(name: str, value: dict[str, Any]) -> str:
    secrets = boto3.client("secretsmanager")
    arn: str = secrets.create_secret(Name=name, SecretString=json.dumps(value))["ARN"]
    return arn


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
        yield Cloud()
