"""What both transports send, and how they write what a link gives."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO, Final

import httpx

from ringback_client.errors import NoAnswer
from ringback_client.local_images import Told
from ringback_client.settings import Settings
from ringback_client.steps import Answer, Fetch, NotSent, Send, SendForm

TIMEOUT: Final = httpx.Timeout(30.0, connect=10.0)
PARTIAL: Final = 206
AGENT: Final = "ringback-client"
FAILURES: Final = (httpx.HTTPError, httpx.InvalidURL)
# Nothing of these has been sent.
NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


def api_options(settings: Settings) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {settings.key}", "User-Agent": AGENT}
    return {
        "base_url": settings.api_url,
        "headers": headers,
        "timeout": TIMEOUT,
        "follow_redirects": False,
    }


def link_options() -> dict[str, Any]:
    """Links are signed, so the key is not sent with them; the bytes come as they are."""
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    return {"headers": headers, "timeout": TIMEOUT, "follow_redirects": False}


def request_of(step: Send) -> dict[str, Any]:
    return {
        "method": step.method,
        "url": step.path,
        "params": dict(step.parameters) or None,
        "headers": dict(step.headers),
        "json": step.body,
    }


def form_of(step: SendForm) -> dict[str, Any]:
    """Return a multipart form, read while it is sent. No name of a file leaves this computer."""
    file = ("file", Told(step.file, step.told), "application/octet-stream")
    return {"method": "POST", "url": step.url, "data": dict(step.fields), "files": {"file": file}}


def answer_of(response: httpx.Response) -> Answer:
    return Answer(response.status_code, lower(response.headers), response.content)


def lower(headers: httpx.Headers) -> Mapping[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def failure_of(error: Exception) -> Exception:
    """Return what a step raises. No URL: a link is as good as the image."""
    kind = NotSent if isinstance(error, NOT_SENT) else NoAnswer
    return kind(f"No answer: {type(error).__name__}")


def range_of(step: Fetch) -> dict[str, str]:
    return {"Range": f"bytes={step.offset}-"} if step.offset else {}


class Writer:
    """Writes an answer's bytes behind those that the file has, or from its start."""

    def __init__(self, step: Fetch, response: httpx.Response) -> None:
        begins = f"bytes {step.offset}-"
        is_rest = response.status_code == PARTIAL
        is_right_part = response.headers.get("content-range", "").startswith(begins)
        self.is_wanted = response.status_code == httpx.codes.OK or (is_rest and is_right_part)
        self._path: Path = step.path
        self._mode = "ab" if is_rest else "wb"
        self._left = step.limit - (step.offset if is_rest else 0)

    def open(self) -> BinaryIO:
        return self._path.open(self._mode)  # type: ignore[return-value]

    def write(self, file: BinaryIO, chunk: bytes) -> bool:
        """Return whether more is wanted: a job says how long its image is."""
        file.write(chunk[: self._left])
        self._left -= len(chunk)
        return self._left > 0
