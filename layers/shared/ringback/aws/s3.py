"""The S3 client that all adapters use."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def s3_client() -> "S3Client":
    style = Config(
        signature_version="s3v4",
        # Three attempts that time out must fit after the slowest download: ADR 0014.
        connect_timeout=5,
        read_timeout=15,
        retries={"mode": "standard", "total_max_attempts": 3},
        s3={
            # Otherwise links use S3's global endpoint, which redirects requests for new buckets in
            # most regions, and a redirect makes the signature invalid.
            "addressing_style": "virtual",
            # The checksum header is signed; signing the payload as well would hash it twice.
            "payload_signing_enabled": False,
        },
    )
    return boto3.client("s3", config=style)
