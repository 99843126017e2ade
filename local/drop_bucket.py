"""Upload files to the local stack's drop bucket and read what is written about them."""

import json
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError
from PIL import Image
from ringback.domain.drops import RECEIPTS

from local.deployment import Deployment, administrator
from local.live_line import live_line
from local.waiting import wait_for

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

PHOTO_KEY = "photos/kite.jpg"


def drop(deployment: Deployment, key: str, content: bytes) -> str:
    """Upload a file and return its s3:// URL."""
    _store(deployment.endpoint_url).put_object(Bucket=deployment.drop_bucket, Key=key, Body=content)
    return f"s3://{deployment.drop_bucket}/{key}"


def photo() -> bytes:
    content = BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((1200, 800)).save(content, "JPEG")
    return content.getvalue()


def drop_photo(deployment: Deployment, key: str = PHOTO_KEY) -> str:
    return drop(deployment, key, photo())


def read(deployment: Deployment, key: str) -> bytes | None:
    """Return an object of the drop bucket, or ``None`` if there is none (yet)."""
    try:
        found = _store(deployment.endpoint_url).get_object(Bucket=deployment.drop_bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    return found["Body"].read()


def wait_for_receipt(deployment: Deployment, key: str) -> list[dict[str, Any]]:
    """Return the lines of a dropped file's receipt once there is one."""
    written = wait_for(
        lambda: read(deployment, f"{RECEIPTS}{key}.jsonl"), bool, what=f"the receipt of {key}"
    )
    return [json.loads(line) for line in (written or b"").splitlines()]


def wait_for_summary(deployment: Deployment, key: str) -> dict[str, Any]:
    """Return the final summary of a dropped file that has jobs, told by the live line.

    Raises ``LocalFailure`` if nothing happens for two minutes.
    """
    with live_line(deployment.live_api_url, deployment.client_key) as line:
        events = line.events()
        while (summary := read_summary(deployment, key)).get("state") != "final":
            next(event for event in events if event["subject"].startswith(f"{key}@"))
    return summary


def read_summary(deployment: Deployment, key: str) -> dict[str, Any]:
    """Return the summary as last written; empty if there is none yet."""
    written = read(deployment, f"{RECEIPTS}{key}.summary.json")
    summary: dict[str, Any] = json.loads(written) if written else {}
    return summary


@cache
def _store(endpoint_url: str) -> "S3Client":
    return administrator().client("s3", endpoint_url=endpoint_url)
