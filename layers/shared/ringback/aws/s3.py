"""The S3 client of all adapters, and how it reports a missing object."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

Answer = TypeVar("Answer")

# The answer to a HEAD has no body, so the code of its error is only the HTTP status.
NOT_FOUND_CODES: Final = frozenset(
    {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "KeyTooLongError", "404", "405"}
)


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


def or_none(call: Callable[..., Answer], **wanted: Any) -> Answer | None:
    """Return the answer of a call of the client, ``None`` if there is no such object."""
    try:
        return call(**wanted)
    except ClientError as error:
        if error.response["Error"]["Code"] in NOT_FOUND_CODES:
            return None
        raise
