"""The one way in which all of our code speaks to S3."""

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def s3_client() -> "S3Client":
    style = Config(
        signature_version="s3v4",
        s3={
            # Else links go to S3's global address, which redirects new buckets of most regions,
            # and a redirected signature is a wrong one.
            "addressing_style": "virtual",
            # Signed is the checksum's header; to sign the bytes too is to hash them twice.
            "payload_signing_enabled": False,
        },
    )
    return boto3.client("s3", config=style)
