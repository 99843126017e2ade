"""What a running local stack is to those who use it."""

from dataclasses import dataclass, field
from pathlib import Path

import boto3

from local.emulator import REGION


def administrator() -> boto3.Session:
    """One who may do everything; each client needs the stack's ``endpoint_url``."""
    return boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator's own, the same everywhere
        region_name=REGION,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """Addresses, names and keys of one stack, valid while it is up."""

    endpoint_url: str
    simulator_url: str
    jobs_api_url: str
    callback_api_url: str
    images_bucket: str
    drop_bucket: str
    jobs_table: str
    submit_queue_url: str
    check_queue_url: str
    archive_queue_url: str
    kie_secret_arn: str
    chanjing_secret_arn: str
    callback_secret_arn: str
    client_keys_secret_arn: str
    client_key: str = field(repr=False)
    kie_api_key: str = field(repr=False)
    kie_hmac_key: str = field(repr=False)
    chanjing_app_id: str
    chanjing_secret_key: str = field(repr=False)
    logs: Path
