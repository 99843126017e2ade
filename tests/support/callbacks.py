"""kie.ai's callbacks as API Gateway events: valid, or with one part replaced."""

import hmac
import json
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from ringback.callbacks.tokens import make_token
from ringback.domain.jobs import JobId

from tests.support.aws import CALLBACK_KEY, HMAC_KEY
from tests.support.template import ROOT

BODIES: Final = ROOT / "events" / "providers" / "kie"
EVENT: Final = ROOT / "events" / "functions" / "receive_callback" / "unsigned.json"
# The task id in the recorded bodies.
RECORDED_TASK: Final = "0123456789abcdef0123456789abcdef"


def body_files(folder: Path) -> list[Path]:
    """Return the recorded bodies of a folder; each has an expected file beside it."""
    return sorted(path for path in folder.glob("*.json") if ".expected" not in path.suffixes)


def expected_of(body_file: Path) -> dict[str, Any]:
    expected: dict[str, Any] = json.loads(body_file.with_suffix(".expected.json").read_bytes())
    return expected


def recorded(case: str) -> bytes:
    return (BODIES / f"{case}.json").read_bytes()


def sign(task_id: str, sent_at: int | str, key: str = HMAC_KEY) -> str:
    """Sign as kie.ai documents it: ``taskId + "." + timestamp``, not the body."""
    digest = hmac.digest(key.encode(), f"{task_id}.{sent_at}".encode(), "sha256")
    return b64encode(digest).decode()


def signed_event(
    body: bytes,
    *,
    job_id: str,
    now: datetime,
    provider: str = "kie",
    callback_key: str = CALLBACK_KEY,
    token: str | None = None,
    task_id: str = RECORDED_TASK,
    hmac_key: str = HMAC_KEY,
    sent_at: int | str | None = None,
    signature: str | None = None,
    headers: Mapping[str, str] | None = None,
    encoded: bool = False,
) -> dict[str, Any]:
    """Wrap a body in an event; parts that are not given are valid.

    ``task_id`` is the one that is signed, whatever the body contains. ``headers`` replace the two
    that carry the signature. A body that is not UTF-8 is base64-encoded, as API Gateway does.
    """
    if token is None:
        token = make_token(callback_key.encode(), provider, JobId(job_id))
    if sent_at is None:
        sent_at = int(now.timestamp())
    if headers is None:
        headers = {
            "x-webhook-timestamp": str(sent_at),
            "x-webhook-signature": signature or sign(task_id, sent_at, hmac_key),
        }
    event: dict[str, Any] = json.loads(EVENT.read_bytes())
    path = f"/callbacks/{provider}/{job_id}/{token}"
    event["requestContext"]["http"]["path"] = event["rawPath"] = path
    event["pathParameters"] = {"provider": provider, "job_id": job_id, "token": token}
    event["headers"] |= {"content-length": str(len(body))} | dict(headers)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        encoded = True
    event["body"] = b64encode(body).decode() if encoded else text
    event["isBase64Encoded"] = encoded
    return event
