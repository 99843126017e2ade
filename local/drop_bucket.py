"""Put files into the local stack's drop bucket, as a person with the S3 console does."""

import json
import time
from io import BytesIO
from typing import Any

from botocore.exceptions import ClientError
from PIL import Image

from local.deployment import Deployment, administrator
from local.failures import LocalFailure

PHOTO_KEY = "photos/kite.jpg"
POLL_SECONDS = 0.5


def drop(deployment: Deployment, key: str, content: bytes) -> str:
    """Return the file's s3 URL."""
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    store.put_object(Bucket=deployment.drop_bucket, Key=key, Body=content)
    return f"s3://{deployment.drop_bucket}/{key}"


def drop_photo(deployment: Deployment, key: str = PHOTO_KEY) -> str:
    content = BytesIO()
    Image.linear_gradient("L").convert("RGB").resize((1200, 800)).save(content, "JPEG")
    return drop(deployment, key, content.getvalue())


def read(deployment: Deployment, key: str) -> bytes | None:
    """Return what lies in the drop bucket, ``None`` if there is nothing (yet)."""
    store = administrator().client("s3", endpoint_url=deployment.endpoint_url)
    try:
        found = store.get_object(Bucket=deployment.drop_bucket, Key=key)
    except ClientError:
        return None
    return found["Body"].read()


def wait_for_summary(deployment: Deployment, key: str, *, seconds: float) -> dict[str, Any]:
    """Return the final summary of a dropped file. Raises ``LocalFailure`` if there is none."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        written = read(deployment, f"receipts/{key}.summary.json")
        summary: dict[str, Any] = json.loads(written) if written else {}
        if summary.get("state") == "final":
            return summary
        time.sleep(POLL_SECONDS)
    raise LocalFailure(f"receipts/{key}.summary.json is not final after {seconds:.0f} s")
