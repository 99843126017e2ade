"""The one way in which all of our code speaks to S3."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def s3_client() -> "S3Client":
    style = Config(
        signature_version="s3v4",
        # Three tries of a call that hangs have to fit behind the slowest download: ADR 0014.
        connect_timeout=5,
        read_timeout=15,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={
            # Else links go to S3's global address, which redirects new buckets of most regions,
            # and a redirected signature is a wrong one.
            "addressing_style": "virtual",
            # Signed is the checksum's header; to sign the bytes too is to hash them twice.
            "payload_signing_enabled": False,
        },
    )
    return boto3.client("s3", config=style)
